//! Explaining away, and its cure by Hopfield retrieval and `InfoLOOB`.
//!
//! ```text
//! cargo run --release -p candle-hopfield --example explaining_away [FIGURE.svg]
//! ```
//!
//! Objects have sixteen groups of features. The strong feature of a group is easy to see, two weak ones mostly
//! go with it, and two views of an object show the same features in different ways, each with its own noise. The
//! strong features suffice to tell the 128 objects of a batch apart. A linear map for each view is trained to
//! find pairs, by the four combinations of objective and retrieval, with the temperatures that the authors of
//! CLOOB (<https://arxiv.org/abs/2110.11316>) used for Conceptual Captions. Measured on objects never seen:
//!
//! - how many of 1,000 find their other view, with all features and with the weak ones alone;
//! - how many eigenvalues of the embeddings' covariance carry 99 % of it;
//! - the pull of a pair in the last batch: what is left of its gradient, `1 - p_ii` with `InfoNCE`, always 1 with
//!   `InfoLOOB`.
//!
//! The paper states that CLIP's objective explains features away because it extracts too little of the covariance,
//! that retrieval amplifies what occurs together but saturates `InfoNCE` even more, and that `InfoLOOB` does not
//! saturate. The program fails unless all of it is seen here. How much retrieval adds depends on the noise that it
//! averages away: with 0.2 instead of 0.3, `InfoLOOB` alone finds as many pairs by weak features, with fewer
//! eigenvalues.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/spectrum.rs"]
mod spectrum;
#[path = "support/svg.rs"]
mod svg;
#[path = "support/views.rs"]
mod views;

use std::path::PathBuf;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_hopfield::SeededVars;
use candle_hopfield::analysis::patterns_for_share;
use candle_hopfield::contrastive::{ContrastiveConfig, Form, Objective, loss, unit_length};
use candle_nn::{AdamW, Init, Optimizer, ParamsAdamW};
use spectrum::spectrum;
use svg::{Area, Chart, Figure, Series};
use views::{Seen, Task, WIDTH};

const SEEDS: u64 = 5;
const STEPS: usize = 400;
const BATCH: usize = 128;
const TEST: usize = 1000;
/// Width of an embedding.
const EMBEDDING: usize = 32;
const BETA: f64 = 8.0;
const INVERSE_TEMPERATURE: f64 = 30.0;
/// Steps between measurements.
const EVERY: usize = 50;

const WAYS: [(&str, Objective, bool); 4] = [
    ("InfoNCE", Objective::InfoNce, false),
    ("InfoNCE, retrieval", Objective::InfoNce, true),
    ("InfoLOOB", Objective::InfoLoob, false),
    ("InfoLOOB, retrieval", Objective::InfoLoob, true),
];

/// What a pair of maps can do.
#[derive(Clone, Copy, Default)]
struct Measured {
    step: usize,
    /// Shares of objects that find their other view.
    found: f64,
    found_by_weak: f64,
    eigenvalues: f64,
    pull: f64,
}

fn main() -> Result<()> {
    let mut ways = Vec::new();
    for (_, objective, retrieval) in WAYS {
        let runs: Result<Vec<_>> =
            (1..=SEEDS).map(|seed| train(objective, retrieval, seed)).collect();
        ways.push(runs?);
    }
    let last = |way: usize| -> Vec<Measured> {
        ways[way].iter().filter_map(|run: &Vec<Measured>| run.last().copied()).collect()
    };
    let last: [Vec<Measured>; 4] = std::array::from_fn(last);
    print(&last);
    let path = std::env::args().nth(1).unwrap_or_else(|| "target/explaining_away.svg".to_owned());
    draw(&ways).save(&PathBuf::from(path))?;
    check(&last)
}

/// A linear map for each view.
struct Maps {
    x: Tensor,
    y: Tensor,
}

impl Maps {
    fn new(vars: &SeededVars) -> Result<Self> {
        let vb = vars.builder(DType::F32, &Device::Cpu);
        let start = Init::Randn { mean: 0.0, stdev: 0.1 };
        let map = |name: &str| vb.get_with_hints((WIDTH, EMBEDDING), name, start);
        Ok(Self { x: map("x")?, y: map("y")? })
    }

    /// Embeddings of unit length, (n, embedding) each.
    fn embed(&self, [x, y]: &[Tensor; 2]) -> Result<[Tensor; 2]> {
        Ok([unit_length(&x.matmul(&self.x)?)?, unit_length(&y.matmul(&self.y)?)?])
    }
}

/// Trains both maps; measured every [`EVERY`] steps.
fn train(objective: Objective, retrieval: bool, seed: u64) -> Result<Vec<Measured>> {
    let mut task = Task::new(seed)?;
    let (all, weak) = (task.draw(TEST, Seen::All)?, task.draw(TEST, Seen::WeakAlone)?);
    let vars = SeededVars::new(seed);
    let maps = Maps::new(&vars)?;
    let config = ContrastiveConfig {
        objective,
        retrieval: retrieval.then(|| BETA.into()),
        inverse_temperature: INVERSE_TEMPERATURE.into(),
        form: Form::Paper,
    };
    let adam = ParamsAdamW { lr: 0.01, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vars.variables(), adam)?;
    let mut measured = Vec::new();
    for step in 1..=STEPS {
        let [x, y] = maps.embed(&task.draw(BATCH, Seen::All)?)?;
        let loss = loss(&x, &y, &config)?;
        optimizer.backward_step(&loss.value)?;
        if step % EVERY == 0 {
            let embedded = maps.embed(&all)?;
            measured.push(Measured {
                step,
                found: found(&embedded)?,
                found_by_weak: found(&maps.embed(&weak)?)?,
                eigenvalues: patterns_for_share(&spectrum(&embedded[0])?, 0.99)? as f64,
                pull: pull(&loss.side_x, objective)?,
            });
        }
    }
    Ok(measured)
}

/// Share of rows of x whose nearest row of y is their own.
fn found([x, y]: &[Tensor; 2]) -> Result<f64> {
    let nearest = x.matmul(&y.t()?)?.argmax(D::Minus1)?.to_vec1::<u32>()?;
    let right = nearest.iter().enumerate().filter(|(i, found)| *i == **found as usize);
    Ok(right.count() as f64 / nearest.len() as f64)
}

/// Mean of `1 - p_ii`, where `l_i = -ln p_ii` of `InfoNCE`.
fn pull(terms: &Tensor, objective: Objective) -> Result<f64> {
    if objective == Objective::InfoLoob {
        return Ok(1.0);
    }
    let certain = terms.neg()?.exp()?.mean_all()?.to_scalar::<f32>()?;
    Ok(1.0 - f64::from(certain))
}

fn mean(runs: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    runs.iter().map(of).sum::<f64>() / runs.len() as f64
}

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn print(last: &[Vec<Measured>; 4]) {
    println!(
        "Means of {SEEDS} seeds after {STEPS} steps; in brackets the lowest and highest seed\n"
    );
    println!(
        "{:<22}{:>8}{:>14}{:>24}{:>22}",
        "objective", "pull", "pairs found", "by weak features", "eigenvalues of 99 %"
    );
    for ((name, ..), runs) in WAYS.iter().zip(last) {
        let range = |of: fn(&Measured) -> f64, digits: usize| {
            let (low, high) = (
                runs.iter().map(of).fold(f64::MAX, f64::min),
                runs.iter().map(of).fold(0.0, f64::max),
            );
            format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", mean(runs, of))
        };
        println!(
            "{name:<22}{:>8.3}{:>14.3}{:>24}{:>22}",
            mean(runs, |m| m.pull),
            mean(runs, |m| m.found),
            range(|m| m.found_by_weak, 3),
            range(|m| m.eigenvalues, 0)
        );
    }
}

fn draw(ways: &[Vec<Vec<Measured>>]) -> Figure {
    let series = |of: fn(&Measured) -> f64| -> Vec<Series> {
        let line = |((name, ..), runs): (&(&str, Objective, bool), &Vec<Vec<Measured>>)| {
            let at = |i: usize| runs.iter().map(|run| run[i]).collect::<Vec<_>>();
            let points = (0..STEPS / EVERY).map(|i| (at(i)[0].step as f64, mean(&at(i), of)));
            Series { name: (*name).to_owned(), points: points.collect(), line: true, dots: true }
        };
        WAYS.iter().zip(ways).map(line).collect()
    };
    let charts = [
        ("Pairs found by weak features alone", "share of 1,000", series(|m| m.found_by_weak)),
        ("Eigenvalues that carry 99 % of the covariance", "number", series(|m| m.eigenvalues)),
    ];
    let mut figure = Figure::new(1040.0, 420.0);
    for (i, (title, y_label, series)) in charts.iter().enumerate() {
        let area = Area { x: 520.0 * i as f64, y: 4.0, width: 510.0, height: 410.0 };
        figure.chart(area, &Chart { title, x_label: "step", y_label, log_x: false, series });
    }
    figure
}

/// The paper's statements, as far as five seeds can show them.
fn check([nce, nce_retrieval, loob, both]: &[Vec<Measured>; 4]) -> Result<()> {
    let each = |a: &[Measured], b: &[Measured], of: fn(&Measured) -> f64| {
        a.iter().zip(b).all(|(a, b)| of(a) > of(b))
    };
    let others = [nce, nce_retrieval, loob];
    let pull = |runs| mean(runs, |m| m.pull);
    let by_weak = |runs| mean(runs, |m| m.found_by_weak);
    claims::check(&[
        (
            "InfoNCE saturates: less than a tenth of a pair's pull is left",
            pull(nce) < 0.1 && pull(nce_retrieval) < 0.1,
        ),
        (
            "strong features explain weak ones away: InfoNCE finds nine pairs of ten, by weak features not one",
            mean(nce, |m| m.found) > 0.9 && by_weak(nce) < 0.1,
        ),
        ("retrieval alone makes it worse, on average", by_weak(nce_retrieval) < by_weak(nce)),
        (
            "InfoLOOB with retrieval finds most pairs by weak features, in every seed",
            others.iter().all(|other| each(both, other, |m| m.found_by_weak)),
        ),
        (
            "and its embeddings have the richest covariance, in every seed",
            others.iter().all(|other| each(both, other, |m| m.eigenvalues)),
        ),
    ])
}
