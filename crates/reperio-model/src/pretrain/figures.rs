//! How well views of one subject find each other, and whether the vectors use their dimensions.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// What the vectors of some subjects are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Subjects that were compared.
    pub rows: usize,
    /// Share of the views whose most similar view of the other side is of the same subject, mean of both directions.
    pub top1: f64,
    /// The same of random vectors: one over the rows.
    pub chance: f64,
    /// Dimensions that the vectors use: the participation ratio of the eigenvalues of their covariance.
    pub effective_rank: f64,
}

impl Figures {
    /// Those of the vectors of both sides, two of `(n, P)`.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub(super) fn new(vectors: &[Tensor; 2]) -> Result<Self> {
        let [x, y] = [&vectors[0], &vectors[1]].map(Tensor::to_vec2::<f32>);
        let (x, y) = (x?, y?);
        let top1 = f64::midpoint(top1(&x, &y), top1(&y, &x));
        let all: Vec<&Vec<f32>> = x.iter().chain(&y).collect();
        let chance = 1.0 / x.len().max(1) as f64;
        Ok(Self { rows: x.len(), top1, chance, effective_rank: effective_rank(&all) })
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Share of the rows of `asking` whose most similar row of `asked` has their place. Of several most similar ones, a share.
fn top1(asking: &[Vec<f32>], asked: &[Vec<f32>]) -> f64 {
    let hit = |(i, own): (usize, &Vec<f32>)| {
        let similar: Vec<f64> = asked.iter().map(|other| dot(own, other)).collect();
        let best = similar.iter().copied().fold(f64::MIN, f64::max);
        let ties = similar.iter().filter(|&&own| own >= best).count();
        if similar[i] >= best { 1.0 / ties as f64 } else { 0.0 }
    };
    asking.iter().enumerate().map(hit).sum::<f64>() / asking.len().max(1) as f64
}

/// Participation ratio of the eigenvalues of the covariance C of `rows`, from 1 (a line) to their dimension (a ball):
///
/// ```text
/// (sum over eigenvalues l of C)^2 / sum over l^2 = tr(C)^2 / |C|_F^2
/// ```
///
/// 0 for rows that are all the same.
fn effective_rank(rows: &[&Vec<f32>]) -> f64 {
    let (n, width) = (rows.len() as f64, rows.first().map_or(0, |row| row.len()));
    let mean: Vec<f64> =
        (0..width).map(|d| rows.iter().map(|row| f64::from(row[d])).sum::<f64>() / n).collect();
    let (mut trace, mut squares) = (0.0, 0.0);
    for a in 0..width {
        for b in 0..width {
            let product =
                |row: &&Vec<f32>| (f64::from(row[a]) - mean[a]) * (f64::from(row[b]) - mean[b]);
            let covariance = rows.iter().map(product).sum::<f64>() / n;
            squares += covariance * covariance;
            if a == b {
                trace += covariance;
            }
        }
    }
    if squares > 0.0 { trace * trace / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn figures(x: &[[f32; 3]], y: &[[f32; 3]]) -> Figures {
        let side = |rows: &[[f32; 3]]| {
            Tensor::from_vec(rows.concat(), (rows.len(), 3), &Device::Cpu).unwrap()
        };
        Figures::new(&[side(x), side(y)]).unwrap()
    }

    #[test]
    fn retrieval_counts_whose_nearest_is_their_own() {
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let own = figures(&axes, &axes);
        assert!((own.top1 - 1.0).abs() < 1e-12 && (own.chance - 1.0 / 3.0).abs() < 1e-12);
        let swapped = [axes[1], axes[0], axes[2]];
        assert!((figures(&axes, &swapped).top1 - 1.0 / 3.0).abs() < 1e-12);
        // All alike: one of three, by chance.
        assert!((figures(&[axes[0]; 3], &[axes[0]; 3]).top1 - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_rank_is_the_number_of_equal_directions() {
        let line = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]];
        assert!((figures(&line, &line).effective_rank - 1.0).abs() < 1e-9);
        let ball = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let minus = ball.map(|row| row.map(|own: f32| -own));
        assert!((figures(&ball, &minus).effective_rank - 3.0).abs() < 1e-9);
        let point = [[0.5, 0.5, 0.0]; 2];
        assert!(figures(&point, &point).effective_rank.abs() < 1e-9);
    }
}
