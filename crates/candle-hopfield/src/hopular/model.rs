//! A network with the rows that it asks: what predicts.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Result, Tensor, bail};

use super::loss::first_largest;
use super::{
    Attribute, Hopular, HopularConfig, Losses, Pass, Rows, Schema, Standardiser, Table, Trace,
};
use crate::SeededVars;

/// Type of the variables and of the stored rows.
pub(crate) const DTYPE: DType = DType::F32;

/// A trained network with its stored rows and the units of its columns.
///
/// [`HopularModel::tensors`] are everything there is to keep besides the schema and the options;
/// [`HopularModel::from_tensors`] makes the same model of them.
#[derive(Clone, Debug)]
pub struct HopularModel {
    schema: Schema,
    config: HopularConfig,
    vars: SeededVars,
    network: Hopular,
    standardiser: Standardiser,
    stored: Tensor,
}

/// What is predicted of one target, a row at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// In the column's own unit.
    Numbers(Vec<f64>),
    /// A logit a class: the logarithm of its probability but for a number that all classes share.
    Logits(Vec<Vec<f64>>),
}

impl Prediction {
    /// The likeliest class of each row; `None` of numbers.
    pub fn classes(&self) -> Option<Vec<usize>> {
        match self {
            Self::Numbers(_) => None,
            Self::Logits(rows) => Some(rows.iter().map(|row| first_largest(row)).collect()),
        }
    }

    /// Probabilities of all classes, which sum to 1 in each row; `None` of numbers.
    pub fn probabilities(&self) -> Option<Vec<Vec<f64>>> {
        let Self::Logits(rows) = self else { return None };
        let softmax = |row: &Vec<f64>| {
            let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = row.iter().map(|logit| (logit - highest).exp()).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / total).collect()
        };
        Some(rows.iter().map(softmax).collect())
    }
}

impl HopularModel {
    /// A network at its random start that asks these rows.
    ///
    /// # Errors
    /// Options out of range.
    pub fn untrained(
        stored: &Table,
        standardiser: Standardiser,
        config: &HopularConfig,
        seed: u64,
    ) -> Result<Self> {
        let (vars, schema) = (SeededVars::new(seed), stored.schema().clone());
        Ok(Self {
            network: Hopular::new(&schema, config, vars.builder(DTYPE, &Device::Cpu))?,
            stored: Rows::of(stored, &standardiser).stored(DTYPE, &Device::Cpu)?,
            config: config.clone(),
            schema,
            vars,
            standardiser,
        })
    }

    /// What the columns are.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Options of the network.
    pub fn config(&self) -> &HopularConfig {
        &self.config
    }

    /// The network itself.
    pub fn network(&self) -> &Hopular {
        &self.network
    }

    /// Its variables.
    pub fn vars(&self) -> &SeededVars {
        &self.vars
    }

    /// Units of the columns.
    pub fn standardiser(&self) -> &Standardiser {
        &self.standardiser
    }

    /// The stored rows as the network reads them, (stored, S + d).
    pub fn stored(&self) -> &Tensor {
        &self.stored
    }

    /// Asks these rows from now on, with the same weights and units: cases of later years, for example.
    ///
    /// # Errors
    /// A table of other columns.
    pub fn store(&mut self, rows: &Table) -> Result<()> {
        self.stored = self.encoded(rows)?.stored(DTYPE, &Device::Cpu)?;
        Ok(())
    }

    /// Predictions of the targets of all rows, in the order of [`Schema::targets`]. What the table says of targets
    /// is not read. A row gets the same prediction alone and beside others.
    ///
    /// # Errors
    /// A table of other columns.
    pub fn predict(&self, rows: &Table) -> Result<Vec<Prediction>> {
        let output = self.ask(&self.encoded(rows)?)?.output.to_dtype(DType::F64)?.to_vec2()?;
        let starts = self.schema.starts();
        let prediction = |target: &usize| match self.schema.attributes()[*target] {
            Attribute::Continuous => {
                let number =
                    |row: &Vec<f64>| self.standardiser.original(*target, row[starts[*target]]);
                Prediction::Numbers(output.iter().map(number).collect())
            }
            Attribute::Categorical { classes } => {
                let logits = |row: &Vec<f64>| row[starts[*target]..][..classes].to_vec();
                Prediction::Logits(output.iter().map(logits).collect())
            }
        };
        Ok(self.schema.targets().iter().map(prediction).collect())
    }

    /// How much each row rests on each stored one, (blocks, heads, rows, stored); the last axis sums to 1.
    ///
    /// # Errors
    /// A table of other columns.
    pub fn associations(&self, rows: &Table) -> Result<Tensor> {
        let steps = self.ask(&self.encoded(rows)?)?.steps;
        let associations: Vec<Tensor> = steps.into_iter().map(|step| step.association).collect();
        Tensor::stack(&associations, 0)
    }

    /// Losses of the targets that these rows have, in standard units or in the columns' own.
    ///
    /// # Errors
    /// A table of other columns.
    pub fn losses(&self, rows: &Table, own_units: bool) -> Result<Losses> {
        let rows = self.encoded(rows)?;
        let output = self.ask(&rows)?.output.to_dtype(DType::F64)?.to_vec2()?;
        let units = own_units.then_some(&self.standardiser);
        Losses::of(&output, &rows, &known_targets(&rows), units)
    }

    /// Weights under `network.` and their own names, `stored`, `means` and `deviations`.
    ///
    /// # Errors
    /// Of the device.
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        let copy = |tensor: &Tensor| tensor.copy().map(|copy| copy.detach());
        let weight = |(name, var): (String, candle_core::Var)| {
            Ok((format!("network.{name}"), copy(var.as_tensor())?))
        };
        let mut tensors: BTreeMap<String, Tensor> =
            self.vars.named().into_iter().map(weight).collect::<Result<_>>()?;
        tensors.insert("stored".to_owned(), copy(&self.stored)?);
        for (name, numbers) in
            [("means", self.standardiser.means()), ("deviations", self.standardiser.deviations())]
        {
            tensors.insert(name.to_owned(), Tensor::new(numbers, &Device::Cpu)?);
        }
        Ok(tensors)
    }

    /// The model that [`HopularModel::tensors`] came from.
    ///
    /// # Errors
    /// A tensor that is missing, unknown or of another shape, or a number that is none.
    pub fn from_tensors(
        schema: &Schema,
        config: &HopularConfig,
        tensors: &BTreeMap<String, Tensor>,
    ) -> Result<Self> {
        let mut weights = HashMap::new();
        for (name, tensor) in tensors {
            match (name.as_str(), name.strip_prefix("network.")) {
                (_, Some(name)) => drop(weights.insert(name.to_owned(), tensor.clone())),
                ("stored" | "means" | "deviations", None) => {}
                _ => bail!("`{name}` is not a tensor of a Hopular model"),
            }
        }
        let Some(stored) = tensors.get("stored") else { bail!("no tensor `stored`") };
        let (count, width) = stored.dims2()?;
        if count == 0 || width != schema.input_width() {
            bail!(
                "`stored` is {:?}: expected rows of width {}",
                stored.dims(),
                schema.input_width()
            );
        }
        let numbers = |name: &str| match tensors.get(name) {
            Some(tensor) => tensor.to_dtype(DType::F64)?.to_vec1(),
            None => bail!("no tensor `{name}`"),
        };
        let standardiser = Standardiser::new(schema, numbers("means")?, numbers("deviations")?)?;
        let vars = SeededVars::new(0);
        let network = Hopular::new(schema, config, vars.builder(DTYPE, &Device::Cpu))?;
        vars.assign(&weights)?;
        let stored = stored.to_dtype(DTYPE)?;
        let (schema, config) = (schema.clone(), config.clone());
        Ok(Self { schema, config, vars, network, standardiser, stored })
    }

    fn encoded(&self, rows: &Table) -> Result<Rows> {
        if *rows.schema() != self.schema {
            bail!("a table of {:?}: expected {:?}", rows.schema(), self.schema);
        }
        Ok(Rows::of(rows, &self.standardiser))
    }

    fn ask(&self, rows: &Rows) -> Result<Trace> {
        self.network.trace(&rows.asked(DTYPE, &Device::Cpu)?, &self.stored, Pass::default())
    }
}

/// Which cells are targets that have a value, (rows, d).
fn known_targets(rows: &Rows) -> Vec<bool> {
    let columns = rows.schema().attributes().len();
    let counts = |cell: usize| {
        let (row, column) = (cell / columns, cell % columns);
        rows.schema().is_target(column) && rows.is_known(row, column)
    };
    (0..rows.rows() * columns).map(counts).collect()
}
