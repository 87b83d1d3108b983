//! Separation, retrieval error after one update, contraction: Theorems 4 and 5, Lemmas A5 to A7.

use candle_core::{DType, Result, Tensor, Var};
use candle_hopfield::energy::{Bounds, separations, update};
use candle_hopfield::{RetrievalConfig, retrieve};
use proptest::prelude::*;

use crate::support::{
    add, direction, distance, dot, matrix, norm, normals, rng, seeded, slope, sphere,
};

fn slow_separation(stored: &[Vec<f64>], i: usize) -> f64 {
    let rivals = stored.iter().enumerate().filter(|&(j, _)| j != i);
    dot(&stored[i], &stored[i]) - rivals.map(|(_, x)| dot(&stored[i], x)).fold(f64::MIN, f64::max)
}

/// A `beta` at which a pattern of this separation is stored, `spare` times one near the smallest.
///
/// From `1 / separation` on the condition only gets easier. Far below, at a sphere wider than the memory,
/// it holds too, but says nothing.
fn well_separated(stored: &Tensor, separation: f64, spare: f64) -> Result<Bounds> {
    let mut beta = 1.0 / separation;
    while !Bounds::of(stored, beta)?.is_well_separated(separation) {
        beta *= 1.5;
    }
    Bounds::of(stored, beta * spare)
}

proptest! {
    #![proptest_config(seeded(150))]

    #[test]
    fn separations_equal_their_definition(n in 2usize..40, d in 1usize..10, seed in any::<u64>()) {
        let rng = &mut rng(seed);
        let rows: Vec<Vec<f64>> = (0..n).map(|_| normals(rng, d)).collect();
        let stored = matrix(&rows).expect("stored");
        let found: Vec<f64> = separations(&stored).and_then(|s| s.to_vec1()).expect("separations");
        for (i, delta) in found.iter().enumerate() {
            prop_assert!((delta - slow_separation(&rows, i)).abs() < 1e-12, "{i}");
        }
    }

    /// The bound of Theorem 5 holds for every state, near or far; here far ones are drawn too.
    #[test]
    fn one_update_errs_less_than_the_bound(
        n in 2usize..30, d in 2usize..16, log_beta in -2.0f64..3.0, reach in 0.0f64..2.0, seed in any::<u64>(),
    ) {
        let rng = &mut rng(seed);
        let rows: Vec<Vec<f64>> = (0..n).map(|_| normals(rng, d)).collect();
        let bounds = Bounds::of(&matrix(&rows).expect("stored"), log_beta.exp()).expect("bounds");
        let cue = add(&rows[0], &direction(rng, d, reach * bounds.largest_norm));
        let error = one_update(&rows, &cue, bounds.beta);
        let bound = bounds.retrieval_error(slow_separation(&rows, 0), distance(&cue, &rows[0]));
        prop_assert!(error <= bound * (1.0 + 1e-9) + 1e-13 * bounds.largest_norm, "{error} > {bound}");
    }

    /// In the regime of Lemmas A5 to A7 a state of the sphere stays in it, comes closer to the fixed point
    /// by the factor of Theorem 4, and ends within the error of Eq. (8) and, near enough, of Eq. (9).
    #[test]
    fn a_well_separated_pattern_is_retrieved_in_one_update(
        n in 2usize..40, d in 4usize..32, log_radius in -1.0f64..2.0,
        spare in 1.0f64..3.0, within in 0.0f64..1.0, seed in any::<u64>(),
    ) {
        let rng = &mut rng(seed);
        let rows = sphere(rng, n, d, log_radius.exp());
        let stored = matrix(&rows).expect("stored");
        let delta = slow_separation(&rows, 0);
        let bounds = well_separated(&stored, delta, spare).expect("bounds");
        prop_assert!(bounds.is_well_separated(delta), "{bounds:?}");
        let (sphere, m) = (bounds.sphere_radius(), bounds.largest_norm);
        let cue = add(&rows[0], &direction(rng, d, within * sphere));
        let rounding = 1e-13 * m;

        let error = one_update(&rows, &cue, bounds.beta);
        prop_assert!(error <= bounds.retrieval_error(delta, within * sphere) + rounding);
        prop_assert!(within * sphere <= bounds.near_radius());
        prop_assert!(error <= bounds.near_retrieval_error(delta) + rounding);
        prop_assert!(error <= sphere + rounding, "left the sphere: {error} > {sphere}");

        let config = RetrievalConfig { beta: bounds.beta, eps: 1e-14 * m, max_steps: 200 };
        let cues = matrix(std::slice::from_ref(&cue)).expect("cue");
        let trajectory = retrieve(&stored, &cues, &config).expect("retrieval");
        let fixed = row(trajectory.retrieved());
        let off = distance(&fixed, &rows[0]);
        prop_assert!(off <= sphere + rounding, "the fixed point is {off} away, beyond {sphere}");
        let farthest = off.max(within * sphere);
        let after = distance(&row(&trajectory.states[1]), &fixed);
        let factor = bounds.contraction(delta, farthest);
        prop_assert!(after <= factor * distance(&cue, &fixed) + rounding, "{after}, factor {factor}");
    }
}

fn row(states: &Tensor) -> Vec<f64> {
    states.to_vec2::<f64>().expect("states").swap_remove(0)
}

/// Retrieval error of the first pattern after one update of `cue`.
fn one_update(rows: &[Vec<f64>], cue: &[f64], beta: f64) -> f64 {
    let cue = matrix(&[cue.to_vec()]).expect("cue");
    let new = update(&matrix(rows).expect("stored"), &cue, beta).expect("update");
    distance(&row(&new), &rows[0])
}

/// The regime in which the bounds hold is not empty, and the bounds say something there.
#[test]
fn random_patterns_reach_the_regime_and_the_bound_is_far_below_the_norm() -> Result<()> {
    let rows = sphere(&mut rng(11), 50, 24, 7.0);
    let stored = matrix(&rows)?;
    let bounds = Bounds::of(&stored, 1.0)?;
    let deltas = separations(&stored)?.to_vec1::<f64>()?;
    let n_stored = deltas.iter().filter(|&&delta| bounds.is_well_separated(delta)).count();
    assert_eq!(n_stored, 50, "least separation {}, {deltas:?}", bounds.least_separation());
    let smallest = deltas.iter().copied().fold(f64::MAX, f64::min);
    let bound = bounds.near_retrieval_error(smallest);
    assert!(bound < 1e-2 * bounds.largest_norm, "{bound}");
    // At a lower temperature than that, none is: the condition does not always hold.
    assert!(!Bounds::of(&stored, 0.1)?.is_well_separated(smallest));
    Ok(())
}

/// Two opposite patterns: the error is the bound divided by `1 + exp(-beta Delta)`, so the bound is tight.
#[test]
fn the_bound_is_attained_by_two_opposite_patterns() -> Result<()> {
    let rows = vec![vec![1.5, 0.0], vec![-1.5, 0.0]];
    for beta in [0.5, 1.0, 2.0, 4.0] {
        let bounds = Bounds::of(&matrix(&rows)?, beta)?;
        let (delta, error) = (4.5, one_update(&rows, &rows[0], beta));
        let bound = bounds.retrieval_error(delta, 0.0);
        assert!((error - bound / (1.0 + (-beta * delta).exp())).abs() < 1e-14, "{error} {bound}");
    }
    Ok(())
}

/// Patterns at right angles: every rival is `Delta` away, the error falls as `exp(-beta Delta)`.
#[test]
fn the_error_falls_exponentially_with_temperature_and_with_separation() {
    let orthogonal = |radius: f64| -> Vec<Vec<f64>> {
        (0..12).map(|i| (0..12).map(|j| if i == j { radius } else { 0.0 }).collect()).collect()
    };
    let error = |radius: f64, beta: f64| {
        let rows = orthogonal(radius);
        (beta * radius * radius, (one_update(&rows, &rows[0], beta) / radius).ln())
    };
    let by_beta: Vec<_> = (8..=24).map(|b| error(1.0, f64::from(b))).collect();
    let by_separation: Vec<_> = (8..=24).map(|s| error(f64::from(s).sqrt(), 1.0)).collect();
    for points in [by_beta, by_separation] {
        let slope = slope(&points);
        assert!((slope + 1.0).abs() < 1e-3, "slope {slope}");
    }
}

/// Random patterns: rivals farther than the nearest one fade faster, so the slope is at most -1 and
/// reaches it as the nearest rival comes to rule.
#[test]
fn the_error_of_random_patterns_falls_with_a_slope_towards_minus_one() {
    let (mut early, mut late) = (0.0, 0.0);
    for seed in 0..20 {
        let rows = sphere(&mut rng(seed), 60, 16, 1.0);
        let delta = slow_separation(&rows, 0);
        let slope_over = |from: i32, to: i32| {
            let points: Vec<_> = (from..=to)
                .map(|scaled| {
                    let error = one_update(&rows, &rows[0], f64::from(scaled) / delta);
                    (f64::from(scaled), error.ln())
                })
                .collect();
            slope(&points)
        };
        early += slope_over(4, 10) / 20.0;
        late += slope_over(18, 26) / 20.0;
        let slope = slope_over(4, 26);
        assert!((-1.2..-0.97).contains(&slope), "seed {seed}: {slope}");
    }
    assert!(early < late && late < -0.99 && late > -1.1, "early {early}, late {late}");
}

#[test]
fn separations_come_in_blocks_and_pass_gradients() -> Result<()> {
    // Several blocks, the last one shorter: 2100^2 entries are more than one block holds.
    let rng = &mut rng(5);
    let rows: Vec<Vec<f64>> = (0..2100).map(|_| normals(rng, 3)).collect();
    let found = separations(&matrix(&rows)?)?.to_vec1::<f64>()?;
    for i in [0, 1, 1990, 1997, 1998, 2099] {
        assert!((found[i] - slow_separation(&rows, i)).abs() < 1e-12, "{i}");
    }
    let few = &rows[..5];
    let stored = Var::from_tensor(&matrix(few)?)?;
    let grads = separations(&stored)?.sum_all()?.backward()?;
    let gradient = grads.get(&stored).expect("a variable").to_vec2::<f64>()?;
    for i in 0..5 {
        for j in 0..3 {
            let at = |shift: f64| -> f64 {
                let mut rows = few.to_vec();
                rows[i][j] += shift;
                (0..5).map(|k| slow_separation(&rows, k)).sum()
            };
            let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((gradient[i][j] - expected).abs() < 1e-7, "{i} {j}");
        }
    }
    assert!(separations(&matrix(&rows[..1])?).is_err(), "one pattern has no separation");
    Ok(())
}

#[test]
fn single_precision_separates_too() -> Result<()> {
    let rows = sphere(&mut rng(9), 30, 8, 2.0);
    let single = separations(&matrix(&rows)?.to_dtype(DType::F32)?)?.to_vec1::<f32>()?;
    for (i, delta) in single.iter().enumerate() {
        assert!((f64::from(*delta) - slow_separation(&rows, i)).abs() < 1e-5, "{i}");
    }
    assert!((norm(&rows[0]) - 2.0).abs() < 1e-12);
    Ok(())
}
