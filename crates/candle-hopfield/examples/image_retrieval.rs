//! Retrieval of grey images from half of them and from noise.
//!
//! The example draws 48 images of 16 by 16 pixels (shapes, letters, gratings), stores them, and asks for
//! each by its upper half or by a copy with noise. A low `beta` answers with an average of images, a
//! high one with the image itself: the three kinds of fixed point of *Hopfield Networks is All You Need*
//! (<https://arxiv.org/abs/2008.02217>).
//!
//! ```text
//! cargo run --release -p candle-hopfield --example image_retrieval [OUT.svg]
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

#[path = "support/images.rs"]
mod images;
#[path = "support/pixels.rs"]
mod pixels;
#[path = "support/svg.rs"]
mod svg;

use std::env;
use std::path::PathBuf;

use candle_core::{Device, Result, Tensor};
use candle_hopfield::energy::fixed_points;
use candle_hopfield::{FixedPoint, RetrievalConfig, retrieve};
use images::{Image, PIXELS, SIDE};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use svg::{Area, Chart, Figure, Series};

const BETAS: [f64; 8] = [0.001, 0.003, 0.01, 0.02, 0.04, 0.1, 0.3, 1.0];
/// The temperatures shown in the figure.
const SHOWN_BETAS: [f64; 3] = [0.003, 0.04, 0.3];
/// Standard deviation of the noise, where black is -1 and white 1.
const NOISE: f64 = 1.0;
/// An image counts as retrieved when its pixels are off by less than this, root mean square.
const LIMIT: f64 = 0.05;

/// How one set of cues was answered at one temperature.
struct Answer {
    beta: f64,
    images: Vec<Image>,
    /// Root mean square error of each image, in the unit of a pixel.
    errors: Vec<f64>,
    mean_steps: f64,
    kinds: Vec<FixedPoint>,
}

impl Answer {
    fn share_retrieved(&self) -> f64 {
        let n = self.errors.iter().filter(|&&error| error < LIMIT).count();
        n as f64 / self.errors.len() as f64
    }

    fn mean_error(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len() as f64
    }

    fn count(&self, kind: FixedPoint) -> usize {
        self.kinds.iter().filter(|&&found| found == kind).count()
    }
}

fn main() -> Result<()> {
    let out = env::args().nth(1).unwrap_or_else(|| "target/hopfield/image_retrieval.svg".into());
    let stored = images::all();
    let cues = [("upper half", halves(&stored)), ("noise", noisy(&stored))];
    println!(
        "{} images of {SIDE} x {SIDE} pixels, black -1, white 1; an image is retrieved",
        stored.len()
    );
    println!("when its root mean square error is below {LIMIT}\n");
    println!("cue          beta  retrieved  mean error  steps  global  metastable  single");
    let mut answers = Vec::new();
    for (name, cues) in &cues {
        let of_cue: Vec<Answer> =
            BETAS.iter().map(|&beta| answer(&stored, cues, beta)).collect::<Result<_>>()?;
        for a in &of_cue {
            let [global, metastable, single] =
                [FixedPoint::GlobalAverage, FixedPoint::Metastable, FixedPoint::Single]
                    .map(|kind| a.count(kind));
            println!(
                "{name:10} {:6} {:8.0} % {:11.3} {:6.1} {global:7} {metastable:11} {single:7}",
                a.beta,
                100.0 * a.share_retrieved(),
                a.mean_error(),
                a.mean_steps,
            );
        }
        answers.push(of_cue);
    }
    let path = PathBuf::from(out);
    draw(&stored, &cues, &answers).save(&path)?;
    println!("\nfigure: {}", path.display());
    Ok(())
}

/// The upper half of each image; the lower one is grey, which is zero.
fn halves(images: &[Image]) -> Vec<Image> {
    images.iter().map(|image| [&image[..PIXELS / 2], &[0.0; PIXELS / 2]].concat()).collect()
}

fn noisy(images: &[Image]) -> Vec<Image> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = || {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
    };
    images.iter().map(|image| image.iter().map(|p| p + NOISE * normal()).collect()).collect()
}

fn answer(stored: &[Image], cues: &[Image], beta: f64) -> Result<Answer> {
    let tensor =
        |images: &[Image]| Tensor::from_vec(images.concat(), (images.len(), PIXELS), &Device::Cpu);
    let memory = tensor(stored)?; // (n, d)
    let config = RetrievalConfig { beta, eps: 1e-4, max_steps: 1000 };
    let trajectory = retrieve(&memory, &tensor(cues)?, &config)?;
    let images = trajectory.retrieved().to_vec2::<f64>()?;
    let errors = images.iter().zip(stored).map(|(image, original)| {
        let squares = image.iter().zip(original).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        (squares / PIXELS as f64).sqrt()
    });
    Ok(Answer {
        beta,
        errors: errors.collect(),
        mean_steps: trajectory.steps.iter().sum::<usize>() as f64 / cues.len() as f64,
        kinds: fixed_points(&memory, trajectory.retrieved(), beta)?,
        images,
    })
}

/// Side of a drawn image and the distance from one to the next, in pixels of the figure.
const DRAWN: f64 = 44.0;
const STEP: f64 = 50.0;
const LABELS: f64 = 130.0;
/// Every fourth image is shown.
const SHOWN_EVERY: usize = 4;

fn draw(stored: &[Image], cues: &[(&str, Vec<Image>); 2], answers: &[Vec<Answer>]) -> Figure {
    let columns = stored.len().div_ceil(SHOWN_EVERY) as f64;
    let width = LABELS + columns * STEP + 20.0;
    let grids = 2.0 * (5.0 * STEP + 50.0);
    let mut figure = Figure::new(width, grids + 360.0);
    for (i, ((name, cues), answers)) in cues.iter().zip(answers).enumerate() {
        let top = 40.0 + i as f64 * (5.0 * STEP + 50.0);
        figure.text((20.0, top - 14.0), "start", 14.0, &format!("Cue: {name}"));
        row(&mut figure, top, "original", stored);
        row(&mut figure, top + STEP, "cue", cues);
        let shown = answers.iter().filter(|answer| SHOWN_BETAS.contains(&answer.beta));
        for (j, answer) in shown.enumerate() {
            let label = format!("beta {}", answer.beta);
            row(&mut figure, top + (j as f64 + 2.0) * STEP, &label, &answer.images);
        }
    }
    let series: Vec<Series> = cues
        .iter()
        .zip(answers)
        .map(|((name, _), answers)| Series {
            name: format!("from {name}"),
            points: answers.iter().map(|a| (a.beta, a.share_retrieved())).collect(),
            line: true,
            dots: true,
        })
        .collect();
    figure.chart(
        Area { x: 20.0, y: grids + 20.0, width: width - 40.0, height: 320.0 },
        &Chart {
            title: "Share of images retrieved",
            x_label: "beta (inverse temperature)",
            y_label: "share of images",
            log_x: true,
            series: &series,
        },
    );
    figure
}

fn row(figure: &mut Figure, top: f64, label: &str, images: &[Image]) {
    figure.text((LABELS - 12.0, top + DRAWN / 2.0 + 4.0), "end", 13.0, label);
    for (i, image) in images.iter().step_by(SHOWN_EVERY).enumerate() {
        let x = LABELS + i as f64 * STEP;
        pixels::grey_image(figure, Area { x, y: top, width: DRAWN, height: DRAWN }, SIDE, image);
    }
}
