//! Training of a two-class network on sets, for the examples.

use std::path::PathBuf;
use std::time::Instant;

use candle_core::{DType, Device, Result, Tensor};
use candle_hopfield::SeededVars;
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::svg::{Area, Chart, Figure, Series};

/// Sets of equal size with a label each.
pub(crate) struct Sets {
    /// (sets, patterns, width)
    pub(crate) data: Tensor,
    /// 0 or 1, (sets)
    pub(crate) labels: Tensor,
}

impl Sets {
    pub(crate) fn new(
        values: Vec<f32>,
        shape: (usize, usize, usize),
        labels: Vec<f32>,
    ) -> Result<Self> {
        let labels = Tensor::from_vec(labels, shape.0, &Device::Cpu)?;
        Ok(Self { data: Tensor::from_vec(values, shape, &Device::Cpu)?, labels })
    }

    fn take(&self, places: &[u32]) -> Result<Self> {
        let places = Tensor::new(places, &Device::Cpu)?;
        Ok(Self {
            data: self.data.index_select(&places, 0)?,
            labels: self.labels.index_select(&places, 0)?,
        })
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
}

/// What became of one network: test accuracy before the first epoch and after each one.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) accuracy: Vec<f64>,
    pub(crate) training_accuracy: f64,
    pub(crate) seconds: f64,
}

/// Trains the variables on the loss of `logits`, which maps (sets, patterns, width) to (sets).
pub(crate) fn train(
    name: &'static str,
    vars: &SeededVars,
    logits: impl Fn(&Tensor) -> Result<Tensor>,
    (training, test): (&Sets, &Sets),
    settings: Settings,
) -> Result<Run> {
    let start = Instant::now();
    let adam = ParamsAdamW {
        lr: settings.learning_rate,
        weight_decay: settings.weight_decay,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(vars.variables(), adam)?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut order: Vec<u32> = (0..training.labels.dim(0)? as u32).collect();
    let mut accuracy = vec![measure(&logits, test)?];
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        for places in order.chunks(settings.batch) {
            let batch = training.take(places)?;
            optimizer.backward_step(&loss(&logits(&batch.data)?, &batch.labels)?)?;
        }
        accuracy.push(measure(&logits, test)?);
    }
    let training_accuracy = measure(&logits, training)?;
    Ok(Run { name, accuracy, training_accuracy, seconds: start.elapsed().as_secs_f64() })
}

/// Mean binary cross-entropy that does not overflow: `max(z, 0) - z y + ln(1 + exp(-|z|))`.
fn loss(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let soft = ((logits.abs()?.neg()?.exp()? + 1.0)?).log()?;
    ((logits.relu()? - (logits * labels)?)? + soft)?.mean_all()
}

/// Share of the sets on the right side.
fn measure(logits: &impl Fn(&Tensor) -> Result<Tensor>, sets: &Sets) -> Result<f64> {
    let mut right = 0.0;
    let places: Vec<u32> = (0..sets.labels.dim(0)? as u32).collect();
    for places in places.chunks(64) {
        let part = sets.take(places)?;
        let predicted = logits(&part.data)?.gt(0.0)?.to_dtype(DType::F32)?;
        right += f64::from(
            predicted.eq(&part.labels)?.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?,
        );
    }
    Ok(right / places.len() as f64)
}

/// Prints a table of the runs and draws their test accuracy over the epochs.
#[expect(clippy::print_stdout, reason = "what an example is for")]
pub(crate) fn report(title: &str, default_path: &str, runs: &[Run]) -> std::io::Result<()> {
    println!("{title}\n");
    println!(
        "{:<24}{:>10}{:>10}{:>14}{:>10}",
        "network", "training", "test", "epochs to it", "seconds"
    );
    for run in runs {
        let last = run.accuracy.last().copied().unwrap_or_default();
        let first = run.accuracy.iter().position(|accuracy| *accuracy >= last).unwrap_or_default();
        println!(
            "{:<24}{:>10.3}{last:>10.3}{first:>14}{:>10.1}",
            run.name, run.training_accuracy, run.seconds
        );
    }
    let series: Vec<Series> = runs.iter().map(curve).collect();
    let chart =
        Chart { title, x_label: "epoch", y_label: "test accuracy", log_x: false, series: &series };
    let mut figure = Figure::new(720.0, 420.0);
    figure.chart(Area { x: 0.0, y: 0.0, width: 720.0, height: 420.0 }, &chart);
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| default_path.to_owned()));
    figure.save(&path)?;
    println!("\nfigure: {}", path.display());
    Ok(())
}

fn curve(run: &Run) -> Series {
    let points = run
        .accuracy
        .iter()
        .enumerate()
        .map(|(epoch, accuracy)| (epoch as f64, *accuracy))
        .collect();
    Series { name: run.name.to_owned(), points, line: true, dots: false }
}
