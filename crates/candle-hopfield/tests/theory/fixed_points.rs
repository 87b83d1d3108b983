//! The three kinds of fixed point: Section 2, Figure A.1 and Lemma A3.

use candle_core::{Result, Tensor};
use candle_hopfield::energy::{fixed_points, has_one_fixed_point};
use candle_hopfield::{FixedPoint, RetrievalConfig, retrieve};

use crate::support::{add, direction, distance, matrix, mean, norm, rng, sphere};

/// Four clusters of six patterns on a sphere of radius 4, far apart and about half a unit wide.
fn clusters() -> Vec<Vec<f64>> {
    let rng = &mut rng(31);
    let centres: Vec<Vec<f64>> =
        (0..4).map(|c| (0..16).map(|j| if j == c { 4.0 } else { 0.0 }).collect()).collect();
    let mut member = |centre: &Vec<f64>| {
        let beside = add(centre, &direction(rng, 16, 0.5));
        beside.iter().map(|x| x * 4.0 / norm(&beside)).collect::<Vec<f64>>()
    };
    centres.iter().flat_map(|centre| (0..6).map(|_| member(centre)).collect::<Vec<_>>()).collect()
}

/// Where every stored pattern ends as a cue, and as what.
fn settle(rows: &[Vec<f64>], beta: f64) -> Result<(Vec<Vec<f64>>, Vec<FixedPoint>)> {
    let stored = matrix(rows)?;
    let config = RetrievalConfig { beta, eps: 1e-10, max_steps: 20_000 };
    let trajectory = retrieve(&stored, &stored, &config)?;
    assert!(trajectory.converged.iter().all(|&done| done), "beta {beta}");
    let kinds = fixed_points(&stored, trajectory.retrieved(), beta)?;
    Ok((trajectory.retrieved().to_vec2::<f64>()?, kinds))
}

#[test]
fn at_a_small_beta_every_cue_ends_at_one_point_near_the_mean() -> Result<()> {
    let rows = clusters();
    assert!(has_one_fixed_point(&matrix(&rows)?, 0.05)?);
    let (states, kinds) = settle(&rows, 0.05)?;
    assert!(kinds.iter().all(|&kind| kind == FixedPoint::GlobalAverage), "{kinds:?}");
    let spread = states.iter().map(|state| distance(state, &states[0])).fold(0.0, f64::max);
    let off = distance(&states[0], &mean(&rows));
    assert!(spread < 1e-8, "{spread}");
    assert!(off < 0.1, "{off}");
    Ok(())
}

#[test]
fn at_a_middle_beta_every_cue_ends_near_the_mean_of_its_cluster() -> Result<()> {
    let rows = clusters();
    assert!(!has_one_fixed_point(&matrix(&rows)?, 1.0)?);
    let (states, kinds) = settle(&rows, 1.0)?;
    assert!(kinds.iter().all(|&kind| kind == FixedPoint::Metastable), "{kinds:?}");
    for (i, state) in states.iter().enumerate() {
        let cluster = &rows[i / 6 * 6..][..6];
        let off = distance(state, &mean(cluster));
        assert!(off < 0.05, "pattern {i}: {off} from the mean of its cluster");
        assert!(distance(&rows[i], &mean(cluster)) > 0.3, "pattern {i} is no mean itself");
    }
    Ok(())
}

#[test]
fn at_a_large_beta_every_cue_ends_at_its_own_pattern() -> Result<()> {
    let rows = clusters();
    let (states, kinds) = settle(&rows, 200.0)?;
    assert!(kinds.iter().all(|&kind| kind == FixedPoint::Single), "{kinds:?}");
    for (i, (state, pattern)) in states.iter().zip(&rows).enumerate() {
        assert!(distance(state, pattern) < 1e-3, "pattern {i}");
    }
    Ok(())
}

#[test]
fn under_the_condition_of_lemma_a3_distant_cues_end_at_one_point() -> Result<()> {
    let rng = &mut rng(32);
    for n in [2, 5, 30] {
        let rows = sphere(rng, n, 6, 1.0);
        let stored = matrix(&rows)?;
        let centre = mean(&rows);
        let reach = rows.iter().map(|x| distance(x, &centre)).fold(0.0, f64::max);
        let beta = 0.95 / reach.powi(2);
        assert!(has_one_fixed_point(&stored, beta)?);
        assert!(!has_one_fixed_point(&stored, beta * 1.1)?);
        let cues = matrix(&sphere(rng, 8, 6, 10.0))?;
        let config = RetrievalConfig { beta, eps: 1e-11, max_steps: 2000 };
        let states = retrieve(&stored, &cues, &config)?.retrieved().to_vec2::<f64>()?;
        let spread = states.iter().map(|state| distance(state, &states[0])).fold(0.0, f64::max);
        assert!(spread < 1e-8, "n {n}: {spread}");
    }
    Ok(())
}

#[test]
fn kinds_follow_the_effective_number() {
    let kinds: Vec<String> =
        [1.0, 1.5, 1.6, 8.9, 9.0, 10.0].map(|n| FixedPoint::of(n, 10).to_string()).into();
    let expected =
        ["single", "single", "metastable", "metastable", "global average", "global average"];
    assert_eq!(kinds, expected);
    assert_eq!(FixedPoint::of(1.0, 1), FixedPoint::Single);
}

#[test]
fn a_state_that_is_not_finite_is_an_error() -> Result<()> {
    let stored = matrix(&clusters())?;
    let broken = Tensor::full(f64::NAN, (1, 16), stored.device())?;
    assert!(fixed_points(&stored, &broken, 1.0).is_err());
    Ok(())
}
