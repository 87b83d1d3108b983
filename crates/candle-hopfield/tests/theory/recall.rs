//! Retrieval of binary and continuous patterns from partial and noisy cues.

use candle_core::{DType, Result, Tensor};
use candle_hopfield::{RetrievalConfig, Trajectory, retrieve};
use rand::Rng;

use crate::support::{distance, matrix, norm, normal, normals, rng};

const DIM: usize = 64;
const N: usize = 200;

fn binary() -> Vec<Vec<f64>> {
    let rng = &mut rng(21);
    (0..N).map(|_| (0..DIM).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect()).collect()
}

fn continuous() -> Vec<Vec<f64>> {
    let rng = &mut rng(22);
    (0..N).map(|_| normals(rng, DIM)).collect()
}

fn recall(stored: &[Vec<f64>], cues: &[Vec<f64>], dtype: DType) -> Result<Trajectory> {
    let (stored, cues) = (matrix(stored)?.to_dtype(dtype)?, matrix(cues)?.to_dtype(dtype)?);
    retrieve(&stored, &cues, &RetrievalConfig::new(1.0))
}

fn rows(states: &Tensor) -> Result<Vec<Vec<f64>>> {
    states.to_dtype(DType::F64)?.to_vec2()
}

/// The first half of a pattern, the rest unknown.
fn halves(stored: &[Vec<f64>]) -> Vec<Vec<f64>> {
    stored.iter().map(|x| [&x[..DIM / 2], &[0.0; DIM / 2]].concat()).collect()
}

fn signs_agree(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(x, y)| (*x > 0.0) == (*y > 0.0))
}

#[test]
fn binary_patterns_come_back_from_half_of_their_bits() -> Result<()> {
    let stored = binary();
    for dtype in [DType::F32, DType::F64] {
        let trajectory = recall(&stored, &halves(&stored), dtype)?;
        let after_one = rows(&trajectory.states[1])?;
        for (i, (new, pattern)) in after_one.iter().zip(&stored).enumerate() {
            assert!(signs_agree(new, pattern), "pattern {i}");
        }
        for (i, (new, pattern)) in rows(trajectory.retrieved())?.iter().zip(&stored).enumerate() {
            assert!(distance(new, pattern) < 1e-4 * norm(pattern), "pattern {i}");
        }
    }
    Ok(())
}

#[test]
fn binary_patterns_come_back_with_an_eighth_of_the_bits_flipped() -> Result<()> {
    let stored = binary();
    let rng = &mut rng(23);
    let cues: Vec<Vec<f64>> = stored
        .iter()
        .map(|x| x.iter().map(|&bit| if rng.random_bool(0.125) { -bit } else { bit }).collect())
        .collect();
    assert!(!cues.iter().zip(&stored).all(|(cue, x)| signs_agree(cue, x)), "the cues are noisy");
    for (i, (new, pattern)) in
        rows(&recall(&stored, &cues, DType::F32)?.states[1])?.iter().zip(&stored).enumerate()
    {
        assert!(signs_agree(new, pattern), "pattern {i}");
    }
    Ok(())
}

#[test]
fn continuous_patterns_come_back_from_a_half_and_from_noise() -> Result<()> {
    let stored = continuous();
    let rng = &mut rng(24);
    let noisy: Vec<Vec<f64>> =
        stored.iter().map(|x| x.iter().map(|v| v + 0.5 * normal(rng)).collect()).collect();
    for (name, cues, least) in [("half", halves(&stored), 190), ("noise", noisy, 200)] {
        let retrieved = rows(recall(&stored, &cues, DType::F64)?.retrieved())?;
        let close = |(new, x): (&Vec<f64>, &Vec<f64>)| distance(new, x) < 1e-3 * norm(x);
        let n_back = retrieved.iter().zip(&stored).map(close).filter(|&back| back).count();
        let n_cues_close = cues.iter().zip(&stored).map(close).filter(|&close| close).count();
        assert_eq!(n_cues_close, 0, "{name}: the cues are not the patterns");
        assert!(n_back >= least, "{name}: {n_back} of {N}");
    }
    Ok(())
}

/// A cue of noise alone retrieves some stored pattern, but no particular one: the test above can fail.
#[test]
fn an_unrelated_cue_retrieves_another_pattern() -> Result<()> {
    let stored = binary();
    let rng = &mut rng(25);
    let cues: Vec<Vec<f64>> = (0..N).map(|_| normals(rng, DIM)).collect();
    let retrieved = rows(recall(&stored, &cues, DType::F64)?.retrieved())?;
    let n_own = retrieved.iter().zip(&stored).filter(|(new, x)| signs_agree(new, x)).count();
    assert!(n_own < N / 20, "{n_own}");
    Ok(())
}
