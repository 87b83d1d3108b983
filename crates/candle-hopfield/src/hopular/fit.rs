//! Training on a table.

use std::collections::HashMap;

use candle_core::{Device, Error, Result, Tensor, bail};

use super::model::DTYPE;
use super::{
    Attribute, Cosine, Gaps, HopularConfig, HopularModel, Lamb, LambConfig, Losses, Noise, Pass,
    Rows, Standardiser, Table, clip, loss, parts,
};

/// Odd, and another one than the parts of a pass are told apart by.
const EPOCH: u64 = 0xd134_2543_de82_ef95;

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Updates; each is over all training rows.
    pub epochs: usize,
    /// At the start; it falls to 0 along half a cosine.
    pub learning_rate: f64,
    /// LAMB and Lookahead.
    pub optimiser: LambConfig,
    /// Gradients are scaled down to this norm, all together.
    pub largest_gradient: f64,
    /// Which features are predicted beside the targets.
    pub noise: Noise,
    /// Weight gamma of the feature loss at the start; it falls to 0 along half a cosine.
    pub feature_weight: f64,
    /// How missing cells count in means and deviations.
    pub gaps: Gaps,
    /// Share of the rows that are not trained on or stored, and that choose the best weights. 0: the last slow
    /// weights are kept.
    pub validation: f64,
    /// Epochs between two looks at the validation rows.
    pub validate_every: usize,
    /// Of the start, the noise, dropout and the choice of validation rows.
    pub seed: u64,
}

impl Default for Training {
    /// Made for tables of tens to hundreds of rows, in seconds: few epochs at a high rate.
    fn default() -> Self {
        Self {
            epochs: 300,
            learning_rate: 0.05,
            optimiser: LambConfig {
                lookahead_every: 5,
                lookahead_share: 0.8,
                ..LambConfig::default()
            },
            largest_gradient: 1.0,
            noise: Noise::BERT,
            feature_weight: 1.0,
            gaps: Gaps::LeftOut,
            validation: 0.2,
            validate_every: 10,
            seed: 0,
        }
    }
}

impl Training {
    /// The command line of the release, at its full schedule of 10,000 epochs.
    pub fn release() -> Self {
        Self {
            epochs: 10_000,
            learning_rate: 1e-3,
            optimiser: LambConfig::default(),
            noise: Noise::RELEASE,
            gaps: Gaps::AsZero,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<()> {
        self.noise.check()?;
        if self.epochs == 0 || self.validate_every == 0 {
            bail!(
                "`epochs` is {} and `validate_every` {}: expected at least 1",
                self.epochs,
                self.validate_every
            );
        }
        for (name, share) in
            [("feature_weight", self.feature_weight), ("validation", self.validation)]
        {
            if !(0.0..=1.0).contains(&share) {
                bail!("`{name}` is {share}: expected a share in [0, 1]");
            }
        }
        for (name, size) in
            [("learning_rate", self.learning_rate), ("largest_gradient", self.largest_gradient)]
        {
            if !(size.is_finite() && size > 0.0) {
                bail!("`{name}` is {size}: expected a positive number");
            }
        }
        Ok(())
    }
}

/// A trained model, and how it got there.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// With the best slow weights.
    pub model: HopularModel,
    /// Losses of the validation rows by epoch, or empty without any.
    pub validated: Vec<(usize, Losses)>,
    /// The epoch whose weights were kept.
    pub epoch: usize,
    /// Places of the validation rows, in order.
    pub validation: Vec<usize>,
}

/// Trains a network on a table: it predicts every training row from the others.
///
/// The target of a row is masked, features are as [`Noise`] says, and the row itself is hidden in the memory.
/// After every `validate_every` epochs the slow weights predict the validation rows. The best are kept: those of
/// the highest accuracy, and of the lowest loss among equals or where a target is a number.
///
/// The same table, options and seed give the same weights to the last bit, however many threads there are. A fit
/// takes one thread: several can run side by side.
///
/// ```
/// use candle_hopfield::hopular::{Attribute, Column, HopularConfig, Schema, Table, Training, fit};
///
/// # fn main() -> candle_core::Result<()> {
/// let attributes = vec![Attribute::Continuous, Attribute::Categorical { classes: 2 }];
/// let schema = Schema::new(attributes, vec![1])?; // the class is predicted from the number
/// let number: Vec<f64> = (0..40).map(|i| (f64::from(i) * 1.7).sin()).collect();
/// let class = number.iter().map(|number| Some(usize::from(*number > 0.0))).collect();
/// let table = Table::new(&schema, vec![Column::Continuous(number), Column::Categorical(class)])?;
///
/// let fitted = fit(&table, &HopularConfig::small(), &Training::default())?;
/// let asked = vec![Column::Continuous(vec![-0.8, 0.8]), Column::Categorical(vec![None, None])];
/// let predicted = fitted.model.predict(&Table::new(&schema, asked)?)?;
/// assert_eq!(predicted[0].classes(), Some(vec![0, 1]));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Options out of range, fewer than two rows to train on (a row alone has nobody to ask), no row with a target, or
/// a loss that is no number any more.
pub fn fit(table: &Table, config: &HopularConfig, training: &Training) -> Result<Fitted> {
    training.check()?;
    // The tensors of a small table are too small to share out: two threads take longer than one.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(Error::wrap)?;
    one.install(|| fit_here(table, config, training))
}

fn fit_here(table: &Table, config: &HopularConfig, training: &Training) -> Result<Fitted> {
    let (rows, validation) = parts::split(table, training.validation, training.seed)?;
    let held_out = if validation.is_empty() { None } else { Some(table.take(&validation)?) };
    let rows = table.take(&rows)?;
    let standardiser = Standardiser::of(&rows, training.gaps);
    let model = HopularModel::untrained(&rows, standardiser, config, training.seed)?;
    let mut run = Run::new(model, &rows, training)?;
    for epoch in 0..training.epochs {
        run.update(epoch, training)?;
        let is_last = epoch + 1 == training.epochs;
        if is_last || (epoch + 1) % training.validate_every == 0 {
            run.look(epoch + 1, held_out.as_ref())?;
        }
    }
    let Some(best) = run.best else { bail!("no epoch was finished") };
    run.model.vars().assign(&best.weights)?;
    Ok(Fitted { model: run.model, validated: run.validated, epoch: best.epoch, validation })
}

/// Training under way.
struct Run {
    model: HopularModel,
    rows: Rows,
    /// Hides each row from itself, (rows, rows).
    hidden: Tensor,
    optimiser: Lamb,
    validated: Vec<(usize, Losses)>,
    best: Option<Best>,
}

/// The weights to keep so far.
struct Best {
    epoch: usize,
    /// To be as small as can be, the first number before the second.
    score: (f64, f64),
    /// The slow ones.
    weights: HashMap<String, Tensor>,
}

impl Run {
    fn new(model: HopularModel, table: &Table, training: &Training) -> Result<Self> {
        let rows = Rows::of(table, model.standardiser());
        let has_target =
            |row| table.schema().targets().iter().any(|&target| table.has(row, target));
        if !(0..table.rows()).any(has_target) {
            bail!("no row to train on has a target: expected at least one");
        }
        let count = table.rows();
        let itself: Vec<u8> =
            (0..count * count).map(|cell| u8::from(cell / count == cell % count)).collect();
        Ok(Self {
            hidden: Tensor::from_vec(itself, (count, count), &Device::Cpu)?,
            optimiser: Lamb::new(model.vars().variables(), training.optimiser)?,
            validated: Vec::new(),
            best: None,
            rows,
            model,
        })
    }

    fn update(&mut self, epoch: usize, training: &Training) -> Result<()> {
        let seed = training.seed ^ (epoch as u64 + 1).wrapping_mul(EPOCH);
        let (told, counted) = training.noise.draw(&self.rows, seed);
        let columns = self.rows.schema().attributes().len();
        let cell = |row: usize, column: usize| told[row * columns + column];
        let asked = self.rows.told(cell, DTYPE, &Device::Cpu)?;
        let pass = Pass { hidden: Some(&self.hidden), dropout: Some(seed) };
        let output = self.model.network().forward(&asked, self.model.stored(), pass)?;
        let gamma = Cosine::new(training.feature_weight, training.epochs).at(epoch);
        let mut grads = loss(&output, &self.rows, &counted, gamma)?.backward()?;
        clip(&mut grads, &self.model.vars().variables(), training.largest_gradient)?;
        let rate = Cosine::new(training.learning_rate, training.epochs).rate(epoch);
        self.optimiser.step(&grads, rate)?;
        Ok(())
    }

    /// Looks at the validation rows with the slow weights, and keeps these if they are the best so far.
    fn look(&mut self, epoch: usize, held_out: Option<&Table>) -> Result<()> {
        let names = self.model.vars().named().into_keys();
        let slow: HashMap<String, Tensor> = names.zip(self.optimiser.slow()).collect();
        let Some(held_out) = held_out else {
            self.best = Some(Best { epoch, score: (0.0, 0.0), weights: slow });
            return Ok(());
        };
        let fast = self.model.vars().named().into_iter();
        let copy = |(name, var): (String, candle_core::Var)| Ok((name, var.as_tensor().copy()?));
        let fast: HashMap<String, Tensor> = fast.map(copy).collect::<Result<_>>()?;
        self.model.vars().assign(&slow)?;
        let losses = self.model.losses(held_out, false)?;
        self.model.vars().assign(&fast)?;
        let schema = self.model.schema();
        let is_number = |target: &usize| schema.attributes()[*target] == Attribute::Continuous;
        let accuracy =
            if schema.targets().iter().any(is_number) { 0.0 } else { losses.target_accuracy };
        let score = (-accuracy, losses.target);
        if self.best.as_ref().is_none_or(|best| score < best.score) {
            self.best = Some(Best { epoch, score, weights: slow });
        }
        self.validated.push((epoch, losses));
        Ok(())
    }
}
