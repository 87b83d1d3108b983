//! Associations against their definitions, and their gradients against finite differences.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::Association;
use candle_hopfield::ragged::{Bags, ragged_softmax};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const ALL: [Association; 4] =
    [Association::Softmax, Association::Sparsemax, Association::Entmax15, Association::TopK(3)];

/// The definitions, in `f64`.
fn defined(association: Association, scores: &[f64]) -> Vec<f64> {
    match association {
        Association::Softmax => softmax(scores),
        Association::TopK(k) => {
            let rank = |i: usize| {
                let before = |j: usize| {
                    scores[j] > scores[i] || (scores[j].total_cmp(&scores[i]).is_eq() && j < i)
                };
                (0..scores.len()).filter(|&j| before(j)).count()
            };
            let kept = |i: usize| if rank(i) < k { scores[i] } else { f64::NEG_INFINITY };
            softmax(&(0..scores.len()).map(kept).collect::<Vec<_>>())
        }
        Association::Sparsemax => sparsemax(scores),
        Association::Entmax15 => entmax15(scores),
    }
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return vec![0.0; scores.len()];
    }
    let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Sorts the scores and tries every support, the 1, 2, .. largest: the right one is that whose threshold,
/// at which its own weights sum to 1, lies below its members and not below the others.
fn by_support(
    scores: &[f64],
    threshold: impl Fn(&[f64]) -> Option<f64>,
    weight: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let mut sorted: Vec<f64> =
        scores.iter().copied().filter(|score| *score > f64::NEG_INFINITY).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    for size in 1..=sorted.len() {
        let next = sorted.get(size).copied().unwrap_or(f64::NEG_INFINITY);
        match threshold(&sorted[..size]) {
            Some(threshold) if sorted[size - 1] > threshold && next <= threshold => {
                return scores.iter().map(|&score| weight(score, threshold)).collect();
            }
            _ => {}
        }
    }
    vec![0.0; scores.len()]
}

fn sparsemax(scores: &[f64]) -> Vec<f64> {
    let threshold =
        |support: &[f64]| Some((support.iter().sum::<f64>() - 1.0) / support.len() as f64);
    by_support(scores, threshold, |score, threshold| (score - threshold).max(0.0))
}

/// Of scores z / 2: the smaller root t of `sum (z - t)^2 = 1` over the support, if there is one.
fn entmax15(scores: &[f64]) -> Vec<f64> {
    let halves: Vec<f64> = scores.iter().map(|score| score / 2.0).collect();
    let threshold = |support: &[f64]| {
        let n = support.len() as f64;
        let (sum, squares) =
            (support.iter().sum::<f64>(), support.iter().map(|z| z * z).sum::<f64>());
        let discriminant = sum * sum - n * (squares - 1.0);
        (discriminant >= 0.0).then(|| (sum - discriminant.sqrt()) / n)
    };
    by_support(&halves, threshold, |score, threshold| (score - threshold).max(0.0).powi(2))
}

fn associate(association: Association, scores: &[f64], dtype: DType) -> Result<Vec<f64>> {
    let scores = Tensor::new(scores, &Device::Cpu)?.to_dtype(dtype)?;
    association.apply(&scores.unsqueeze(0)?)?.squeeze(0)?.to_dtype(DType::F64)?.to_vec1()
}

/// Scores with ties and forbidden patterns among them.
fn scores() -> impl Strategy<Value = Vec<f64>> {
    let score = prop_oneof![
        8 => -6.0..6.0,
        1 => Just(0.5),
        1 => Just(f64::NEG_INFINITY),
    ];
    prop::collection::vec(score, 1..70)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

    #[test]
    fn associations_are_what_they_are_defined_to_be(scores in scores()) {
        for association in ALL {
            let expected = defined(association, &scores);
            for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-6)] {
                let found = associate(association, &scores, dtype).map_err(|err| TestCaseError::fail(err.to_string()))?;
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!((found - expected).abs() < tolerance, "{association:?} {dtype:?} of {scores:?}: {found} for {expected}");
                }
            }
        }
    }

    #[test]
    fn a_forbidden_pattern_weighs_nothing_and_the_rest_sums_to_one(scores in scores()) {
        for association in ALL {
            let weights = associate(association, &scores, DType::F64).map_err(|err| TestCaseError::fail(err.to_string()))?;
            let allowed = scores.iter().any(|score| *score > f64::NEG_INFINITY);
            let total: f64 = weights.iter().sum();
            prop_assert!((total - f64::from(u8::from(allowed))).abs() < 1e-12, "{association:?}: {total}");
            for (weight, score) in weights.iter().zip(&scores) {
                prop_assert!(*score > f64::NEG_INFINITY || *weight == 0.0);
            }
        }
    }

    #[test]
    fn gradients_are_finite_differences(scores in prop::collection::vec(-2.0..2.0, 2..12), cotangent in prop::collection::vec(-1.0..1.0, 12)) {
        for association in ALL {
            let (found, expected) = gradients(association, &scores, &cotangent).map_err(|err| TestCaseError::fail(err.to_string()))?;
            for (found, expected) in found.iter().zip(&expected) {
                let Some(expected) = expected else { continue };
                prop_assert!((found - expected).abs() < 1e-6, "{association:?} of {scores:?}: {found} for {expected}");
            }
        }
    }
}

/// The gradient of `sum(cotangent * association)`, and central differences; none where the support
/// changes within the step, as there is no derivative.
fn gradients(
    association: Association,
    scores: &[f64],
    cotangent: &[f64],
) -> Result<(Vec<f64>, Vec<Option<f64>>)> {
    const STEP: f64 = 1e-5;
    let cotangent = &cotangent[..scores.len()];
    let var = Var::new(scores, &Device::Cpu)?;
    let weights = association.apply(&var.unsqueeze(0)?)?.squeeze(0)?;
    let loss = (weights * Tensor::new(cotangent, &Device::Cpu)?)?.sum_all()?;
    let found =
        loss.backward()?.get(&var).map_or_else(|| var.zeros_like(), |grad| Ok(grad.clone()))?;
    let support = |weights: &[f64]| weights.iter().map(|weight| *weight > 0.0).collect::<Vec<_>>();
    let mut differences = Vec::new();
    for i in 0..scores.len() {
        let moved = |by: f64| {
            let mut moved = scores.to_vec();
            moved[i] += by;
            associate(association, &moved, DType::F64)
        };
        let (low, high) = (moved(-STEP)?, moved(STEP)?);
        let sum = |weights: &[f64]| weights.iter().zip(cotangent).map(|(a, b)| a * b).sum::<f64>();
        let same = support(&low) == support(&high);
        differences.push(same.then(|| (sum(&high) - sum(&low)) / (2.0 * STEP)));
    }
    Ok((found.to_vec1()?, differences))
}

#[test]
fn sparse_associations_have_exact_zeros() -> Result<()> {
    let scores = [2.0, 1.8, 0.0, -1.0];
    assert_eq!(
        associate(Association::Softmax, &scores, DType::F32)?
            .iter()
            .filter(|weight| **weight == 0.0)
            .count(),
        0
    );
    assert_eq!(associate(Association::Sparsemax, &scores, DType::F32)?[2..], [0.0, 0.0]);
    assert_eq!(associate(Association::Entmax15, &scores, DType::F32)?[3..], [0.0]);
    assert_eq!(associate(Association::TopK(2), &scores, DType::F32)?[2..], [0.0, 0.0]);
    Ok(())
}

#[test]
fn of_equal_scores_the_first_are_kept() -> Result<()> {
    assert_eq!(associate(Association::TopK(2), &[1.0, 1.0, 1.0], DType::F64)?, [0.5, 0.5, 0.0]);
    Ok(())
}

#[test]
fn nothing_to_keep_is_an_error() {
    let message =
        associate(Association::TopK(0), &[1.0], DType::F64).expect_err("k is 0").to_string();
    assert!(message.contains("expected at least 1"), "{message}");
}

#[test]
fn weights_of_half_precision_sum_to_one() -> Result<()> {
    for dtype in [DType::F16, DType::BF16] {
        let scores = Tensor::zeros((1, 20_000), dtype, &Device::Cpu)?;
        for weights in [Association::Softmax.apply(&scores)?, by_bag(&scores)?] {
            let total = weights.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?;
            assert!((total - 1.0).abs() < 0.01, "{dtype:?}: {total}");
        }
    }
    Ok(())
}

fn by_bag(scores: &Tensor) -> Result<Tensor> {
    ragged_softmax(&scores.t()?.contiguous()?, &Bags::from_lengths(&[scores.elem_count()])?)
}

#[test]
fn what_is_no_number_is_not_hidden() -> Result<()> {
    let none = 0.0 / std::hint::black_box(0.0);
    for association in ALL {
        let weights = associate(association, &[none, 1.0, 2.0, 3.0, 4.0], DType::F64)?;
        assert!(weights.iter().any(|weight| weight.is_nan()), "{association:?}: {weights:?}");
    }
    Ok(())
}

#[test]
fn scores_without_fractions_are_refused() -> Result<()> {
    let scores = Tensor::new(&[[1u32, 2]], &Device::Cpu)?;
    for association in ALL {
        assert!(association.apply(&scores).is_err(), "{association:?}");
    }
    Ok(())
}
