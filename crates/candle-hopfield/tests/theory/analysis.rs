//! Patterns that carry a share, entropy, operating classes.

use candle_core::{Device, Result, Tensor};
use candle_hopfield::analysis::{
    OperatingClass, PAPER_SHARE, effective_number, entropy, heads, patterns_for_share,
};
use proptest::prelude::*;
use rand::Rng;

use OperatingClass::{I, II, III, IV};

use crate::support::{normal, rng, seeded};

/// By sorting, with the slack of 1e-9 that the function states.
fn slow_count(weights: &[f64], share: f64) -> usize {
    let mut sorted = weights.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let target = (share - 1e-9) * sorted.iter().sum::<f64>();
    let mut sum = 0.0;
    for (i, weight) in sorted.iter().enumerate() {
        sum += weight;
        if sum >= target {
            return i + 1;
        }
    }
    sorted.len()
}

/// Weights from nearly even to nearly one-sided, some of them equal, some zero.
fn weights() -> impl Strategy<Value = Vec<f64>> {
    (1usize..400, 0.0f64..12.0, 0u32..4, any::<u64>()).prop_map(|(n, sharpness, grid, seed)| {
        let rng = &mut rng(seed);
        let mut weights: Vec<f64> = (0..n)
            .map(|_| {
                let score = sharpness * normal(rng);
                // A coarse grid makes ties.
                let score = if grid == 0 {
                    score
                } else {
                    (score * f64::from(grid)).round() / f64::from(grid)
                };
                if rng.random_bool(0.1) { 0.0 } else { score.exp() }
            })
            .collect();
        weights[0] += 1e-3;
        weights
    })
}

proptest! {
    #![proptest_config(seeded(400))]

    #[test]
    fn the_count_equals_a_sort(weights in weights(), share in 0.01f64..1.0) {
        for share in [share, PAPER_SHARE, 1.0] {
            prop_assert_eq!(
                patterns_for_share(&weights, share).expect("an association"),
                slow_count(&weights, share)
            );
        }
    }

    #[test]
    fn the_count_in_single_precision_equals_a_sort(weights in weights()) {
        let single: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
        let widened: Vec<f64> = single.iter().map(|&w| f64::from(w)).collect();
        let found = patterns_for_share(&single, PAPER_SHARE).expect("an association");
        prop_assert_eq!(found, slow_count(&widened, PAPER_SHARE));
    }

    #[test]
    fn the_effective_number_lies_between_one_and_all(weights in weights()) {
        let effective = effective_number(&weights).expect("an association");
        let n = weights.iter().filter(|&&w| w > 0.0).count() as f64;
        prop_assert!(effective >= 1.0 && effective <= n * (1.0 + 1e-12), "{effective} of {n}");
    }
}

#[test]
fn an_even_association_needs_nine_tenths_of_its_patterns() -> Result<()> {
    for n in (1usize..3000).chain([99_999, 1_000_000, 1_000_003]) {
        let expected = (9 * n).div_ceil(10);
        let single = vec![(1.0 / n as f64) as f32; n];
        assert_eq!(patterns_for_share(&single, 0.9)?, expected, "f32, n {n}");
        assert_eq!(patterns_for_share(&vec![1.0 / n as f64; n], 0.9)?, expected, "f64, n {n}");
    }
    Ok(())
}

#[test]
fn one_pattern_carries_a_one_hot_association() -> Result<()> {
    let mut weights = vec![0f32; 1000];
    weights[777] = 1.0;
    weights[3] = -0.0;
    for share in [0.01, 0.9, 1.0] {
        assert_eq!(patterns_for_share(&weights, share)?, 1);
    }
    assert_eq!((entropy(&weights)?, effective_number(&weights)?), (0.0, 1.0));
    Ok(())
}

#[test]
fn a_million_weights_equal_a_sort() -> Result<()> {
    let rng = &mut rng(41);
    let weights: Vec<f64> = (0..1_000_000).map(|_| (2.0 * normal(rng)).exp()).collect();
    for share in [0.1, 0.5, 0.9, 0.999] {
        assert_eq!(patterns_for_share(&weights, share)?, slow_count(&weights, share), "{share}");
    }
    Ok(())
}

#[test]
fn entropy_of_known_associations() -> Result<()> {
    assert!((entropy(&[0.25f32; 4])? - 4f64.ln()).abs() < 1e-12);
    assert!((entropy(&[3.0, 1.0])? - (4f64.ln() - 0.75 * 3f64.ln())).abs() < 1e-12);
    assert!((effective_number(&[7.0f64; 12])? - 12.0).abs() < 1e-9);
    Ok(())
}

#[test]
fn what_is_no_association_is_an_error() {
    let message = |weights: &[f64], share| {
        patterns_for_share(weights, share).expect_err("no association").to_string()
    };
    assert!(message(&[0.5, -0.1], 0.9).contains("weight 1 of 2 is -0.1"));
    assert!(message(&[f64::NAN], 0.9).contains("NaN"));
    assert!(message(&[1.0, f64::INFINITY], 0.9).contains("inf"));
    assert!(message(&[0.0; 3], 0.9).contains("3 weights sum to 0"));
    assert!(message(&[], 0.9).contains("0 weights"));
    for share in [0.0, 1.1, f64::NAN] {
        assert!(message(&[1.0], share).contains("the share is"));
    }
    assert!(entropy(&[-1.0]).is_err());
}

#[test]
fn classes_have_the_limits_of_the_paper() {
    let cases = [
        (512.0, I),
        (256.5, I),
        (256.0, II),
        (64.5, II),
        (64.0, III),
        (16.5, III),
        (16.0, IV),
        (1.0, IV),
    ];
    for (median, class) in cases {
        assert_eq!(OperatingClass::of(median, 512), class, "{median}");
    }
    assert_eq!([I, II, III, IV].map(|class| class.to_string()), ["I", "II", "III", "IV"]);
    assert!(IV.meaning().contains("few"));
}

/// Four heads of known kinds: one even, one over a quarter, one over a sixteenth, one on one pattern.
#[test]
fn heads_are_told_apart() -> Result<()> {
    let (batch, states, n) = (3, 2, 64);
    let widths = [64usize, 16, 4, 1];
    let mut weights = Vec::new();
    for b in 0..batch {
        for width in widths {
            for s in 0..states {
                let first = (b * states + s) % (n - width + 1);
                weights.extend((0..n).map(|i| {
                    if (first..first + width).contains(&i) { 1.0 / width as f32 } else { 0.0 }
                }));
            }
        }
    }
    let association = Tensor::from_vec(weights, (batch, widths.len(), states, n), &Device::Cpu)?;
    let found = heads(&association, PAPER_SHARE)?;
    let classes: Vec<_> = found.iter().map(|head| head.class).collect();
    assert_eq!(classes, [I, II, III, IV]);
    for (head, width) in found.iter().zip(widths) {
        assert_eq!(head.counts, vec![(9 * width).div_ceil(10); batch * states]);
        assert!((head.mean_effective - width as f64).abs() < 1e-5, "{head:?}");
        assert_eq!(head.n_patterns, n);
    }
    Ok(())
}

#[test]
fn the_median_is_over_states_and_batch() -> Result<()> {
    let row = |width: usize| (0..8).map(move |i| if i < width { 1.0 / width as f64 } else { 0.0 });
    let weights: Vec<f64> = [1usize, 8, 1, 4].into_iter().flat_map(row).collect();
    let association = Tensor::from_vec(weights, (2, 1, 2, 8), &Device::Cpu)?;
    let head = heads(&association, 1.0)?.remove(0);
    assert_eq!((head.counts, head.median_count), (vec![1, 8, 1, 4], 2.5));
    assert!(heads(&association.squeeze(1)?, 0.9).is_err());
    Ok(())
}
