//! Hopular on small tables beside other methods, on the same folds.
//!
//! A made-up table is always there: a rule that no linear model can tell. The tables that scikit-learn ships, with its
//! random forest, support vector machine and gradient boosting, are there once `tables/fetch.py` has written them:
//!
//! ```text
//! pip install scikit-learn && python crates/candle-hopfield/examples/tables/fetch.py
//! cargo run --release -p candle-hopfield --example hopular_tables [OUT.svg] [FOLDER]
//! ```
//!
//! One configuration is used for all tables, and the epoch is chosen by rows of each fold's training part. The form,
//! the learning rate and the number of epochs were chosen on training parts of the same tables and on the made-up one, so
//! the figures are somewhat too good.

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

#[path = "tables/linear.rs"]
mod linear;
#[path = "tables/problem.rs"]
mod problem;
#[path = "tables/rank.rs"]
mod rank;
#[path = "support/svg.rs"]
mod svg;

use std::env;
use std::path::PathBuf;

use candle_core::{Result, bail};
use candle_hopfield::hopular::{Arithmetic, HopularConfig, Losses, Training, fit};
use problem::{FOLDS, Problem};
use rank::{Line, mean};
use rayon::prelude::*;
use svg::{Area, Chart, Figure, Series};

/// Hopular is this much better than the linear model on the made-up table, and than a constant on the others: in
/// accuracy, or in relative error.
const BETTER: f64 = 0.15;
/// Cells of a table up to which a network gets all the updates of [`Training::default`], and the fewest that it gets.
const CELLS: f64 = 2_000.0;
const FEWEST: f64 = 50.0;

fn main() -> Result<()> {
    let argument = |place: usize, default: &str| {
        PathBuf::from(env::args().nth(place).unwrap_or_else(|| default.to_owned()))
    };
    let folder = argument(2, "target/hopular/tables");
    let mut problems = vec![problem::made_up()?];
    problems.extend(problem::fetched(&folder)?);
    println!(
        "mean over {FOLDS} folds (spread): accuracy, or error relative to the deviation of the target\n"
    );
    let mut lines = Vec::new();
    for problem in &problems {
        let figures: Vec<f64> =
            (0..FOLDS).into_par_iter().map(|fold| hopular(problem, fold)).collect::<Result<_>>()?;
        let line = Line::new(problem, figures);
        println!("{line}");
        lines.push(line);
    }
    if problems.len() == 1 {
        println!("no tables in {}: write them with examples/tables/fetch.py\n", folder.display());
    } else {
        verdict(&lines[1..]);
    }
    let path = argument(1, "target/hopfield/hopular_tables.svg");
    draw(&lines).save(&path)?;
    println!("figure: {}", path.display());
    claim(&lines)
}

/// The figure of one fold.
fn hopular(problem: &Problem, fold: usize) -> Result<f64> {
    let (training, test) = problem.divided(fold)?;
    let config = HopularConfig { arithmetic: Arithmetic::OfRows, ..HopularConfig::small() };
    // Large tables get fewer updates, so that all take less than two minutes.
    let cells = (training.rows() * training.schema().attributes().len()) as f64;
    let most = Training::default().epochs as f64;
    let epochs = (most * CELLS / cells).clamp(FEWEST, most) as usize;
    let model = fit(&training, &config, &Training { epochs, ..Training::default() })?.model;
    let Losses { target, target_accuracy, .. } = model.losses(&test, false)?;
    Ok(if problem.has_classes() { target_accuracy } else { target.sqrt() })
}

/// Says how often Hopular is first, and the mean ranks.
fn verdict(lines: &[Line]) {
    let first = lines.iter().filter(|line| line.rank("Hopular") < 1.25).count();
    println!("mean rank over {} tables:", lines.len());
    for (method, _) in &lines[0].methods {
        let ranks: Vec<f64> = lines.iter().map(|line| line.rank(method)).collect();
        println!("  {method:<20}{:.1}", mean(&ranks));
    }
    let sentence = if first == lines.len() { "holds" } else { "does not hold" };
    println!(
        "\nThat Hopular is best on small tables {sentence} here: it is first on {first} of {}.\n",
        lines.len()
    );
}

/// What this example is held to.
fn claim(lines: &[Line]) -> Result<()> {
    let of = |method: &str| lines[0].figure(method);
    if of("Hopular") < of("linear").max(of("constant")) + BETTER {
        bail!("Hopular {:.3}, linear {:.3}: expected {BETTER} more", of("Hopular"), of("linear"));
    }
    for line in &lines[1..] {
        let ahead = line.behind("constant") - line.behind("Hopular");
        if ahead < BETTER {
            bail!("{}: Hopular is {ahead:.3} better than a constant: expected {BETTER}", line.name);
        }
    }
    Ok(())
}

/// How far every method is from the best one, table by table.
fn draw(lines: &[Line]) -> Figure {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in lines.iter().flat_map(|line| &line.methods) {
        if !names.contains(&name.as_str()) && name != "constant" {
            names.push(name);
        }
    }
    let series = names.iter().map(|name| {
        let with = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.methods.iter().any(|(other, _)| other == name));
        let points = with.map(|(place, line)| (place as f64, line.behind(name))).collect();
        Series { name: (*name).to_owned(), points, line: true, dots: true }
    });
    let series: Vec<Series> = series.collect();
    let tables: Vec<String> =
        lines.iter().enumerate().map(|(place, line)| format!("{place} {}", line.name)).collect();
    let chart = Chart {
        title: "How far each method is from the best one",
        x_label: &tables.join(", "),
        y_label: "accuracy or relative error",
        log_x: false,
        series: &series,
    };
    let mut figure = Figure::new(720.0, 420.0);
    figure.chart(Area { x: 0.0, y: 0.0, width: 720.0, height: 420.0 }, &chart);
    figure
}
