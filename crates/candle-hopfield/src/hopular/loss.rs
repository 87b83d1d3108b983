//! The loss of features and targets, and how well a prediction fits.

use candle_core::{D, Result, Tensor, bail};

use super::{Attribute, Rows, Standardiser};

/// Which cells count, (rows, d).
pub type Counted<'a> = &'a [bool];

/// Losses and accuracies, each a plain mean over the columns of its kind that have a counted cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Mean over features; 0 without any.
    pub feature: f64,
    /// Mean over targets; 0 without any.
    pub target: f64,
    /// Mean over features of the share of rows whose likeliest class is the true one, 0 for a continuous column.
    pub feature_accuracy: f64,
    /// The same over targets.
    pub target_accuracy: f64,
    /// Features that counted.
    pub features: usize,
    /// Targets that counted.
    pub targets: usize,
}

impl Losses {
    /// Of predictions (rows, S). Squared errors are in standard units, or with a standardiser in the columns'
    /// own.
    ///
    /// ```text
    /// loss of a column = mean over counted rows of -ln softmax(o)_class, or of (o - x)^2
    /// ```
    ///
    /// # Errors
    /// Predictions of another shape.
    pub fn of(
        output: &[Vec<f64>],
        rows: &Rows,
        counted: Counted,
        units: Option<&Standardiser>,
    ) -> Result<Self> {
        let (width, columns) = (rows.schema().width(), rows.schema().attributes().len());
        if output.len() != rows.rows() || output.iter().any(|row| row.len() != width) {
            bail!("{} predictions: expected {} of {width} numbers", output.len(), rows.rows());
        }
        let mut losses = Self::default();
        let starts = rows.schema().starts();
        for (column, attribute) in rows.schema().attributes().iter().enumerate() {
            let (mut loss, mut right, mut count) = (0.0, 0.0, 0usize);
            let cells = starts[column]..starts[column] + attribute.width();
            let unit = units.map_or(1.0, |units| units.deviations()[column]);
            for row in (0..rows.rows()).filter(|row| counted[row * columns + column]) {
                let truth = &rows.values()[row * width..][cells.clone()];
                let found = &output[row][cells.clone()];
                count += 1;
                match attribute {
                    Attribute::Continuous => loss += ((found[0] - truth[0]) * unit).powi(2),
                    Attribute::Categorical { .. } => {
                        let class = first_largest(truth);
                        loss += log_sum_exp(found) - found[class];
                        right += f64::from(u8::from(first_largest(found) == class));
                    }
                }
            }
            if count > 0 {
                losses.add(
                    rows.schema().is_target(column),
                    loss / count as f64,
                    right / count as f64,
                );
            }
        }
        Ok(losses.averaged())
    }

    fn add(&mut self, is_target: bool, loss: f64, right: f64) {
        let (sum, accuracy, count) = if is_target {
            (&mut self.target, &mut self.target_accuracy, &mut self.targets)
        } else {
            (&mut self.feature, &mut self.feature_accuracy, &mut self.features)
        };
        *sum += loss;
        *accuracy += right;
        *count += 1;
    }

    fn averaged(self) -> Self {
        let (features, targets) = (self.features.max(1) as f64, self.targets.max(1) as f64);
        Self {
            feature: self.feature / features,
            feature_accuracy: self.feature_accuracy / features,
            target: self.target / targets,
            target_accuracy: self.target_accuracy / targets,
            ..self
        }
    }

    /// ```text
    /// L = gamma L_feature + (1 - gamma) L_target
    /// ```
    /// or the one of the two that there is.
    pub fn total(&self, gamma: f64) -> f64 {
        match (self.features, self.targets) {
            (0, _) => self.target,
            (_, 0) => self.feature,
            _ => gamma * self.feature + (1.0 - gamma) * self.target,
        }
    }
}

/// The loss of [`Losses::total`], in standard units, as a tensor that has a gradient.
///
/// ```text
/// L = sum over cells of w (o - x)^2 or of w (ln sum_c exp(o_c) - o_class)
/// w = gamma / (features rows_j) or (1 - gamma) / (targets rows_j)
/// ```
///
/// # Shapes
/// - `output`: (rows, S)
/// - returns: ()
///
/// # Errors
/// An output of another shape, or no counted cell.
pub fn loss(output: &Tensor, rows: &Rows, counted: Counted, gamma: f64) -> Result<Tensor> {
    let schema = rows.schema();
    if output.dims() != [rows.rows(), schema.width()] {
        bail!("`output` is {:?}: expected {:?}", output.dims(), [rows.rows(), schema.width()]);
    }
    let weights = weights(rows, counted, gamma)?;
    let (dtype, device, columns) = (output.dtype(), output.device(), schema.attributes().len());
    let tensor = |values: Vec<f64>, width: usize| {
        Tensor::from_vec(values, (rows.rows(), width), device)?.to_dtype(dtype)
    };
    let truth = rows.truth(dtype, device)?;
    let of_cell = |row: usize, column: usize| weights[row * columns + column];
    let mut squared = Vec::with_capacity(rows.rows() * schema.width());
    for row in 0..rows.rows() {
        for (column, attribute) in schema.attributes().iter().enumerate() {
            match attribute {
                Attribute::Continuous => squared.push(of_cell(row, column)),
                Attribute::Categorical { classes } => squared.resize(squared.len() + classes, 0.0),
            }
        }
    }
    let squared = tensor(squared, schema.width())?;
    let mut total = ((output - &truth)?.sqr()? * squared)?.sum_all()?;
    let starts = schema.starts();
    for (column, attribute) in schema.attributes().iter().enumerate() {
        let Attribute::Categorical { classes } = attribute else { continue };
        let cells = output.narrow(1, starts[column], *classes)?;
        let chosen = (&cells * truth.narrow(1, starts[column], *classes)?)?.sum_keepdim(1)?;
        // The maximum only moves the numbers; candle would give its gradient to every tied class.
        let highest = cells.detach().max_keepdim(1)?;
        let sum = cells.broadcast_sub(&highest)?.exp()?.sum_keepdim(D::Minus1)?;
        let surprise = ((sum.log()? + highest)? - chosen)?; // (rows, 1)
        let weight = (0..rows.rows()).map(|row| of_cell(row, column)).collect();
        total = (total + (surprise * tensor(weight, 1)?)?.sum_all()?)?;
    }
    Ok(total)
}

/// What each cell counts in the loss, (rows, d).
fn weights(rows: &Rows, counted: Counted, gamma: f64) -> Result<Vec<f64>> {
    let schema = rows.schema();
    let columns = schema.attributes().len();
    if counted.len() != rows.rows() * columns {
        bail!("{} cells: expected {} rows of {columns}", counted.len(), rows.rows());
    }
    let cells = |column: usize| counted.iter().skip(column).step_by(columns);
    let counts: Vec<usize> = (0..columns).map(|c| cells(c).filter(|cell| **cell).count()).collect();
    let of_kind = |is_target: bool| {
        (0..columns).filter(|c| schema.is_target(*c) == is_target && counts[*c] > 0).count()
    };
    let (features, targets) = (of_kind(false), of_kind(true));
    let (feature, target) = match (features, targets) {
        (0, 0) => bail!("no cell counts in the loss: expected a feature or a target that is known"),
        (0, _) => (0.0, 1.0),
        (_, 0) => (1.0, 0.0),
        _ => (gamma, 1.0 - gamma),
    };
    let of_column = |column: usize| match (counts[column], schema.is_target(column)) {
        (0, _) => 0.0,
        (count, true) => target / (targets * count) as f64,
        (count, false) => feature / (features * count) as f64,
    };
    let of_column: Vec<f64> = (0..columns).map(of_column).collect();
    let weight =
        |(cell, counts): (usize, &bool)| f64::from(u8::from(*counts)) * of_column[cell % columns];
    Ok(counted.iter().enumerate().map(weight).collect())
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest + logits.iter().map(|logit| (logit - highest).exp()).sum::<f64>().ln()
}

/// Place of the largest number, the first of equal ones.
pub(crate) fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}
