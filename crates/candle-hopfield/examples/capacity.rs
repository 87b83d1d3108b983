//! How many random patterns a modern Hopfield network stores, by the length `d` of a pattern.
//!
//! The paper proves a number that grows exponentially with `d` (Theorem 3 of
//! <https://arxiv.org/abs/2008.02217>). Here the largest number is measured: patterns are drawn on the
//! sphere of radius `sqrt(d - 1)` (the theorem's `K sqrt(d - 1)` with `K = 1`), stored patterns are given
//! as cues, and a pattern counts as retrieved when one update leaves it within 20 % of its norm. The
//! capacity is the largest number of patterns at which at most 5 % are not retrieved.
//!
//! ```text
//! cargo run --release -p candle-hopfield --example capacity [OUT.svg]
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

#[path = "support/svg.rs"]
mod svg;

use std::env;
use std::path::PathBuf;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_hopfield::energy::{Bounds, Capacity, update};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use svg::{Area, Chart, Figure, Series};

/// Low enough that the capacity at the largest dimension can be measured at all.
const BETA: f64 = 0.5;
/// A retrieved pattern is this close, as a share of its norm.
const LIMIT: f64 = 0.2;
/// Share of patterns that need not be retrieved.
const MISSES: f64 = 0.05;
/// Cues that one measurement rests on; small memories are drawn again until there are so many.
const CUES: usize = 1000;
/// The capacity is known to this factor.
const PRECISION: f64 = 1.04;
const DIMS: [usize; 13] = [8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32];

fn main() -> Result<()> {
    let out = env::args().nth(1).unwrap_or_else(|| "target/hopfield/capacity.svg".into());
    println!(
        "beta {BETA}, radius sqrt(d - 1), error at most {LIMIT} of the norm after one update,"
    );
    println!("for all but {MISSES} of the patterns ({CUES} cues or more a measurement)\n");
    println!("   d   patterns   ln patterns   expected   proven");
    let mut measured = Vec::new();
    for dim in DIMS {
        let n = capacity(dim)?;
        let (expected, proven) = (expected_patterns(dim), proven_patterns(dim));
        println!("{dim:4} {n:10} {:13.2} {expected:10.0}   {proven}", (n as f64).ln());
        measured.push((dim as f64, (n as f64).ln()));
    }
    let fit = Fit::of(&measured);
    println!(
        "\nln patterns = {:.3} + slope d, slope {:.4} +- {:.4} (standard error)",
        fit.at_zero, fit.slope, fit.error
    );
    println!(
        "the number of patterns grows by the factor {:.3} a dimension: exponentially",
        fit.slope.exp()
    );
    let expected = DIMS.map(|dim| (dim as f64, expected_patterns(dim).ln()));
    println!("slope of the expected numbers: {:.4}", Fit::of(&expected).slope);
    let path = PathBuf::from(out);
    draw(&measured, &fit).save(&path)?;
    println!("figure: {}", path.display());
    Ok(())
}

/// Largest number of patterns of which enough are retrieved: doubling, then bisection of the logarithm. A
/// single pattern is always retrieved.
fn capacity(dim: usize) -> Result<usize> {
    let mut enough = 1;
    while misses(dim, enough * 2)? <= MISSES {
        enough *= 2;
    }
    let (mut low, mut high) = (enough, enough * 2);
    while high - low > 1 && high as f64 > low as f64 * PRECISION {
        let middle = ((low * high) as f64).sqrt().round() as usize;
        let middle = middle.clamp(low + 1, high - 1);
        if misses(dim, middle)? <= MISSES { low = middle } else { high = middle }
    }
    Ok(low)
}

/// Share of stored patterns that one update of themselves does not retrieve.
fn misses(dim: usize, n: usize) -> Result<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64((dim * 1_000_003 + n) as u64);
    let cues_each = n.min(CUES);
    let draws = CUES.div_ceil(cues_each);
    let mut n_missed = 0;
    for _ in 0..draws {
        let stored = random_patterns(&mut rng, n, dim)?; // (n, d)
        n_missed += missed(&stored, cues_each)?;
    }
    Ok(n_missed as f64 / (draws * cues_each) as f64)
}

/// How many of the first `n_cues` patterns are not retrieved.
fn missed(stored: &Tensor, n_cues: usize) -> Result<usize> {
    let limit = LIMIT * Bounds::of(stored, BETA)?.largest_norm;
    // As many cues at a time as keep the association within some megabytes.
    let rows = ((1 << 22) / stored.dim(0)?).clamp(1, n_cues);
    let mut n_missed = 0;
    for from in (0..n_cues).step_by(rows) {
        let cues = stored.narrow(0, from, rows.min(n_cues - from))?;
        let errors = (update(stored, &cues, BETA)? - &cues)?.sqr()?.sum(D::Minus1)?.sqrt()?;
        let errors = errors.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        n_missed += errors.iter().filter(|&&error| error > limit).count();
    }
    Ok(n_missed)
}

/// Patterns drawn evenly on the sphere of radius `sqrt(d - 1)`. `(n, d)`
fn random_patterns(rng: &mut ChaCha8Rng, n: usize, dim: usize) -> Result<Tensor> {
    let values: Vec<f32> = (0..n * dim).map(|_| normal(rng)).collect();
    let values = Tensor::from_vec(values, (n, dim), &Device::Cpu)?;
    let norms = values.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?; // (n, 1)
    values.broadcast_div(&norms)? * radius(dim)
}

fn radius(dim: usize) -> f64 {
    (dim as f64 - 1.0).sqrt()
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

/// Number of patterns at which the mean over random rivals predicts an error at the limit.
///
/// ```text
/// error / norm = r (1 - t) / (1 + r)      r = (n - 1) E exp(-beta M^2 (1 - cos)), t: mean cosine under
///                                         these weights; the rest of the error averages out
/// ```
fn expected_patterns(dim: usize) -> f64 {
    let sharpness = BETA * radius(dim).powi(2);
    let steps = 20_000;
    // The density of the cosine between random directions is (1 - t^2)^((d - 3) / 2).
    let (mut mass, mut weight, mut weighted) = (0.0, 0.0, 0.0);
    for i in 0..steps {
        let t = -1.0 + 2.0 * (f64::from(i) + 0.5) / f64::from(steps);
        let density = (1.0 - t * t).powf((dim as f64 - 3.0) / 2.0);
        let rival = density * (-sharpness * (1.0 - t)).exp();
        mass += density;
        weight += rival;
        weighted += rival * t;
    }
    let distance = 1.0 - weighted / weight;
    let rivals = LIMIT / (distance - LIMIT);
    1.0 + rivals / (weight / mass)
}

/// What Theorem 3 proves for this setting, with a failure probability of 1 %.
fn proven_patterns(dim: usize) -> String {
    let setting = Capacity { dim, beta: BETA, radius_factor: 1.0, failure: 0.01 };
    setting.patterns().map_or_else(|| "-".into(), |n| format!("{n:.0}"))
}

/// A straight line through points, by least squares.
struct Fit {
    at_zero: f64,
    slope: f64,
    /// Standard error of the slope.
    error: f64,
}

impl Fit {
    fn of(points: &[(f64, f64)]) -> Self {
        let n = points.len() as f64;
        let (mx, my) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
        let sxx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
        let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>() / sxx;
        let at_zero = my - slope * mx;
        let residual: f64 = points.iter().map(|p| (p.1 - at_zero - slope * p.0).powi(2)).sum();
        Self { at_zero, slope, error: (residual / (n - 2.0) / sxx).sqrt() }
    }
}

fn draw(measured: &[(f64, f64)], fit: &Fit) -> Figure {
    let at = |dim: usize| dim as f64;
    let line = DIMS.map(|dim| (at(dim), fit.at_zero + fit.slope * at(dim)));
    let expected = DIMS.map(|dim| (at(dim), expected_patterns(dim).ln()));
    let series = [
        Series { name: "measured".into(), points: measured.to_vec(), line: false, dots: true },
        Series {
            name: format!("fit: slope {:.3} ± {:.3}", fit.slope, fit.error),
            points: line.into(),
            line: true,
            dots: false,
        },
        Series {
            name: "expected for the mean".into(),
            points: expected.into(),
            line: true,
            dots: false,
        },
    ];
    let mut figure = Figure::new(640.0, 440.0);
    let area = Area { x: 10.0, y: 10.0, width: 620.0, height: 420.0 };
    figure.chart(
        area,
        &Chart {
            title: "Patterns stored, of which 95 % come back after one update",
            x_label: "dimension d of a pattern",
            y_label: "ln (number of patterns)",
            log_x: false,
            series: &series,
        },
    );
    figure
}
