//! Maximum likelihood by gradient steps from many random starts.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_model::features::FitError;
use reperio_stats::metrics::{cross_entropy, probability};

use super::active::Active;
use super::scale::Scale;
use super::snippets::{FEATURES, Snippets};
use super::tables::{LinearScore, Tables};
use crate::method::MethodError;

/// Starts that are still followed, and the step that they are followed to.
///
/// The published work follows 10^4 to 10^5 starts for 2,048 or 2,500 steps and keeps the lowest training loss. Here
/// many set out and the better quarter goes on (successive halving, Jamieson and Talwalkar 2016).
pub(super) const STAGES: [(usize, usize); 4] = [(128, 60), (32, 250), (8, 1_000), (2, 2_500)];
/// Step of Adam, as published.
const RATE: f64 = 0.01;

/// Repertoires to learn from.
pub(super) struct Examples<'a> {
    pub(super) snippets: Vec<&'a Snippets>,
    pub(super) labels: Vec<bool>,
    pub(super) scale: Scale,
    /// Largest less smallest ln share of any snippet.
    share_range: f64,
}

impl<'a> Examples<'a> {
    /// Those of `repertoires` that have any snippet.
    pub(super) fn new(repertoires: impl Iterator<Item = (&'a Snippets, bool)>) -> Self {
        let (snippets, labels): (Vec<_>, Vec<_>) =
            repertoires.filter(|own| !own.0.is_empty()).unzip();
        let scale = Scale::of(&snippets);
        let ranges = snippets.iter().flat_map(|own| &own.groups).map(|group| group.range);
        let [low, high] = ranges.fold([0.0_f32, f32::NEG_INFINITY], |[low, high], own| {
            [low.min(own[0]), high.max(own[1])]
        });
        let share_range = f64::from(high - low).max(0.0);
        Self { snippets, labels, scale, share_range }
    }
}

/// The weights with the lowest training loss at the end of each of the first `stages` stages.
pub(super) fn fit(
    examples: &Examples<'_>,
    stages: usize,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Vec<LinearScore>, MethodError> {
    let start = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream as u64);
        Climber::new(examples, &mut rng)
    };
    let mut climbers: Vec<Climber> = (0..STAGES[0].0).into_par_iter().map(start).collect();
    let mut best = Vec::with_capacity(stages);
    for &(followed, until) in &STAGES[..stages] {
        climbers.truncate(followed);
        climbers.par_iter_mut().for_each(|climber| {
            while climber.steps < until && !observer.cancelled() {
                climber.step(examples);
            }
            climber.active.clear();
        });
        if observer.cancelled() {
            return Err(FitError::Cancelled.into());
        }
        climbers.sort_by(|a, b| a.loss.total_cmp(&b.loss)); // Stable: the earlier start of equal ones.
        best.push(climbers[0].weights);
    }
    Ok(best)
}

/// One start on its way.
struct Climber {
    weights: LinearScore,
    /// Highest snippet of each repertoire at the last step.
    highest: Vec<usize>,
    active: Active,
    /// Adam's running means of the gradient and of its square; the bias stands last.
    moments: [[f64; 2]; FEATURES + 1],
    steps: usize,
    /// Mean log loss before the last step.
    loss: f64,
}

impl Climber {
    /// Weights as published (uniform, scores of unit variance); the constant makes the mean logit 0, where the
    /// published 0 takes hundreds of steps to come down from the maximum of thousands of scores.
    fn new(examples: &Examples<'_>, rng: &mut ChaCha8Rng) -> Self {
        let limit = (3.0 / FEATURES as f64).sqrt();
        let features = std::array::from_fn(|_| rng.random_range(-limit..limit));
        let mut own = Self {
            weights: LinearScore { features, bias: 0.0 },
            highest: vec![0; examples.snippets.len()],
            active: Active::default(),
            moments: [[0.0; 2]; FEATURES + 1],
            steps: 0,
            loss: f64::INFINITY,
        };
        let rows = own.seek(examples);
        let mean =
            rows.iter().map(|row| own.weights.score(row)).sum::<f64>() / rows.len().max(1) as f64;
        own.weights.bias = -mean;
        own
    }

    /// Scaled features of each repertoire's highest snippet.
    fn seek(&mut self, examples: &Examples<'_>) -> Vec<[f64; FEATURES]> {
        let tables = Tables::new(&self.weights, &examples.scale);
        self.active.seek(tables, &examples.snippets, examples.share_range, &mut self.highest);
        let row = |(snippets, &highest): (&&Snippets, &usize)| {
            let (residues, share) = snippets.get(highest);
            examples.scale.features(residues, share)
        };
        examples.snippets.iter().zip(&self.highest).map(row).collect()
    }

    fn step(&mut self, examples: &Examples<'_>) {
        let rows = self.seek(examples);
        let n = rows.len().max(1) as f64;
        let mut gradient = [0.0; FEATURES + 1];
        self.loss = 0.0;
        for (row, &label) in rows.iter().zip(&examples.labels) {
            let logit = self.weights.score(row);
            self.loss += cross_entropy(logit, label) / n;
            let residual = (probability(logit) - f64::from(u8::from(label))) / n;
            for (gradient, x) in gradient.iter_mut().zip(row.iter().chain(&[1.0])) {
                *gradient += residual * x;
            }
        }
        self.adam(&gradient);
    }

    fn adam(&mut self, gradient: &[f64; FEATURES + 1]) {
        self.steps += 1;
        let steps = self.steps as f64;
        let [first, second] = [1.0 - 0.9_f64.powf(steps), 1.0 - 0.999_f64.powf(steps)];
        let weights = self.weights.features.iter_mut().chain([&mut self.weights.bias]);
        for ((weight, [mean, square]), g) in weights.zip(&mut self.moments).zip(gradient) {
            *mean = 0.9 * *mean + 0.1 * g;
            *square = 0.999 * *square + 0.001 * g * g;
            *weight -= RATE * (*mean / first) / ((*square / second).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::generator::Generator;
    use reperio_data::simulate::{self, Background, Clonotypes, SimulationConfig};

    fn snippets() -> Vec<Snippets> {
        let (repertoires, clonotypes) = (12, Clonotypes::Fixed(300));
        let config = SimulationConfig { repertoires, clonotypes, ..SimulationConfig::default() };
        let made = simulate::cohort(&config, Background::Generator(&Generator::human_trb()));
        made.unwrap().cohort.repertoires().iter().map(Snippets::new).collect()
    }

    /// At every step the highest snippet is that of a search through all, though most are not looked at.
    #[test]
    fn what_is_not_looked_at_is_never_the_highest() {
        let snippets = snippets();
        let examples = Examples::new(snippets.iter().zip([true, false].into_iter().cycle()));
        let mut climber = Climber::new(&examples, &mut ChaCha8Rng::seed_from_u64(5));
        for step in 0..300 {
            climber.step(&examples);
            let weights = climber.weights;
            let rows = climber.seek(&examples);
            for (own, row) in snippets.iter().zip(rows) {
                let score = |i: usize| {
                    let (residues, share) = own.get(i);
                    weights.score(&examples.scale.features(residues, share))
                };
                let highest = (0..own.rest.len()).map(score).fold(f64::NEG_INFINITY, f64::max);
                let found = weights.score(&row);
                assert!((found - highest).abs() < 1e-4 * highest.abs().max(1.0), "step {step}");
            }
        }
    }

    #[test]
    fn the_loss_falls_from_stage_to_stage() {
        let snippets = snippets();
        let examples = Examples::new(snippets.iter().zip([true, false].into_iter().cycle()));
        let mut climber = Climber::new(&examples, &mut ChaCha8Rng::seed_from_u64(5));
        climber.step(&examples);
        let before = climber.loss;
        (0..500).for_each(|_| climber.step(&examples));
        assert!(climber.loss < 0.7 * before, "{} from {before}", climber.loss);
    }
}
