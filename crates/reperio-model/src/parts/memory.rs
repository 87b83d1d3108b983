//! Covariates as a memory: a Hopular network that asks the training repertoires of like covariates.
//!
//! The network sees the covariates of a repertoire, and the covariates and labels of all training repertoires, which it stores. So a
//! model with this term holds these rows, without names. It can learn what no sum of effects says: an age that matters in one sex
//! only. The default is a linear term ([`super::CovariateTable`]), which is hard to beat on few repertoires.
//!
//! # References
//!
//! - Schäfl et al., *Hopular: Modern Hopfield Networks for Tabular Data*, 2022. <https://arxiv.org/abs/2206.00664>

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, bail};
use candle_hopfield::hopular::{
    Attribute, Column, HopularConfig, HopularModel, Prediction, Schema, Table as Rows, Training,
    fit,
};
use reperio_stats::platt::Platt;
use serde_json::json;

use super::table::{Finding, Table, strongest};
use super::task::{Answers, Learned, Task};
use crate::covariates::{Covariate, CovariateKind, Covariates};

/// Covariates of a memory, at most: its shares take a pass for every set of them.
pub const MOST: usize = 10;
/// Classes of all covariates together, at most.
pub(crate) const MOST_WIDTH: usize = 10_000;
/// Updates of one network.
const EPOCHS: usize = 300;

/// A trained memory.
///
/// ```text
/// f(x)      = slope g(x) + intercept               g: log-odds of the network, or its standardised number
/// share of c = sum over sets S without c of  |S|! (k - |S| - 1)! / k!  slope (g(x in S and c) - g(x in S))
/// ```
///
/// `x in S` has the values of the covariates S alone, the others are missing. The shares are Shapley values: they add up to
/// `f(x)` less the bias, the logit where all is missing.
#[derive(Clone, Debug)]
pub struct MemoryTable {
    model: HopularModel,
    /// Whether classes are predicted.
    of_classes: bool,
    pub(crate) slope: f64,
    /// Logit where all covariates are missing.
    pub(crate) bias: f64,
    /// `g` where all covariates are missing.
    base: f64,
}

/// Whether all numbers are the same.
impl PartialEq for MemoryTable {
    fn eq(&self, other: &Self) -> bool {
        self.parameters() == other.parameters() && self.model.schema() == other.model.schema()
    }
}

/// Columns of the network: the covariates, then the answer.
pub(crate) fn schema<'a>(
    covariates: impl Iterator<Item = &'a CovariateKind>,
    of_classes: bool,
) -> Result<Schema> {
    let attribute = |kind: &CovariateKind| match kind {
        CovariateKind::Number => Attribute::Continuous,
        CovariateKind::Classes { classes } => Attribute::Categorical { classes: classes.len() },
    };
    let mut attributes: Vec<Attribute> = covariates.map(attribute).collect();
    let (n, width) = (attributes.len(), attributes.iter().map(|own| own.width()).sum::<usize>());
    if n == 0 || n > MOST || width > MOST_WIDTH {
        bail!(
            "a memory of {n} covariates with {width} classes, expected 1 to {MOST} and at most {MOST_WIDTH}"
        );
    }
    attributes.push(if of_classes {
        Attribute::Categorical { classes: 2 }
    } else {
        Attribute::Continuous
    });
    Schema::new(attributes, vec![n])
}

/// Rows of `schema`, whose answers are `answers`, or missing.
fn rows(schema: &Schema, values: &[Vec<Option<f64>>], answers: Option<&[f64]>) -> Result<Rows> {
    let n = schema.attributes().len() - 1;
    let column = |c: usize| {
        let cell = |i: usize| match answers {
            _ if c < n => values[i].get(c).copied().flatten(),
            Some(answers) => Some(answers[i]),
            None => None,
        };
        match schema.attributes()[c] {
            Attribute::Continuous => {
                Column::Continuous((0..values.len()).map(|i| cell(i).unwrap_or(f64::NAN)).collect())
            }
            Attribute::Categorical { .. } => Column::Categorical(
                (0..values.len()).map(|i| cell(i).map(|class| class as usize)).collect(),
            ),
        }
    };
    Rows::new(schema, (0..=n).map(column).collect())
}

/// What `model` says of rows: log-odds, or standardised numbers.
fn said(model: &HopularModel, values: &[Vec<Option<f64>>]) -> Result<Vec<f64>> {
    let rows = rows(model.schema(), values, None)?;
    Ok(match model.predict(&rows)?.pop() {
        Some(Prediction::Numbers(numbers)) => numbers,
        Some(Prediction::Logits(logits)) => logits.iter().map(|own| own[1] - own[0]).collect(),
        None => bail!("a network without a target"),
    })
}

impl MemoryTable {
    /// A table of a trained network.
    pub(crate) fn new(model: HopularModel, slope: f64, bias: f64) -> Result<Self> {
        let targets = model.schema().targets();
        let attributes = model.schema().attributes();
        let of_classes = attributes.last() == Some(&Attribute::Categorical { classes: 2 });
        if targets != [attributes.len() - 1] {
            bail!("targets {targets:?} of a memory, expected its last column");
        }
        let base = said(&model, &[vec![None; attributes.len() - 1]])?[0];
        Ok(Self { model, of_classes, slope, bias, base })
    }

    /// The trained network.
    pub(crate) fn model(&self) -> &HopularModel {
        &self.model
    }

    /// Whether it is of such covariates.
    pub(crate) fn fits(&self, covariates: &[Covariate]) -> bool {
        let kinds = covariates.iter().map(|own| &own.kind);
        schema(kinds, self.of_classes).is_ok_and(|schema| schema == *self.model.schema())
    }

    /// What each covariate adds, by its value. Of values that are not there nothing.
    ///
    /// # Panics
    ///
    /// Never: a table is checked when it is made, and rows are made of its columns.
    pub fn shares(&self, values: &[Option<f64>]) -> Vec<f64> {
        let k = self.model.schema().attributes().len() - 1;
        let known = |c: usize| values.get(c).copied().flatten();
        let players: Vec<usize> = (0..k).filter(|&c| known(c).is_some()).collect();
        let sets = 1_usize << players.len();
        let row = |set: usize| -> Vec<Option<f64>> {
            let mut row = vec![None; k];
            for (_, &c) in players.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1) {
                row[c] = known(c);
            }
            row
        };
        let worth = said(&self.model, &(0..sets).map(row).collect::<Vec<_>>());
        let worth = worth.expect("rows of the network's own columns");
        let mut shares = vec![0.0; k];
        for (at, &c) in players.iter().enumerate() {
            for set in (0..sets).filter(|set| set >> at & 1 == 0) {
                let weight = weight(set.count_ones() as usize, players.len());
                shares[c] += weight * self.slope * (worth[set | 1 << at] - worth[set]);
            }
        }
        shares
    }

    /// Every number of the table.
    pub(super) fn parameters(&self) -> Vec<f64> {
        let mut all = vec![self.slope, self.bias, self.base];
        let standardiser = self.model.standardiser();
        all.extend(standardiser.means().iter().chain(standardiser.deviations()));
        let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        for (name, tensor) in self.model.tensors().unwrap_or_else(|_| BTreeMap::new()) {
            if name != "means" && name != "deviations" {
                // What cannot be read is no number, which every check refuses.
                let own = flat(&tensor).unwrap_or_else(|_| vec![f32::NAN]);
                all.extend(own.into_iter().map(f64::from));
            }
        }
        all
    }
}

/// `s! (k - s - 1)! / k!`: the share of orders of k players in which one comes after exactly these s.
fn weight(s: usize, k: usize) -> f64 {
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    factorial(s) * factorial(k - s - 1) / factorial(k)
}

/// A network of the members `fitted`.
fn network(
    task: &Task<'_>,
    covariates: &Covariates,
    fitted: &[usize],
    seed: u64,
) -> Result<HopularModel> {
    let (answers, of_classes): (Vec<f64>, bool) = match task.answers {
        Answers::Classes(labels) => {
            (fitted.iter().map(|&i| f64::from(u8::from(labels[i]))).collect(), true)
        }
        Answers::Numbers(numbers) => (fitted.iter().map(|&i| numbers[i]).collect(), false),
    };
    let schema = schema(covariates.columns.iter().map(|own| &own.kind), of_classes)?;
    let values: Vec<_> = fitted.iter().map(|&i| covariates.row(task.members[i])).collect();
    let table = rows(&schema, &values, Some(&answers))?;
    let training = Training { epochs: EPOCHS, seed, ..Training::default() };
    Ok(fit(&table, &HopularConfig::small(), &training)?.model)
}

/// Learns a memory of the covariates `names`; `None` where it cannot be learned, as of a single class.
pub(super) fn learn(task: &Task<'_>, names: &[String]) -> Option<Learned> {
    let covariates = task.cache.covariates().select(names);
    let row = |i: usize| covariates.row(task.members[i]);
    let say = |fold: usize, fitted: &[usize], held: &[usize]| {
        let model = network(task, &covariates, fitted, fold as u64 + 1);
        let rows: Vec<_> = held.iter().map(|&i| row(i)).collect();
        let said = model.and_then(|model| said(&model, &rows));
        vec![said.unwrap_or_else(|_| vec![0.0; held.len()])]
    };
    let scores = task.hold_out(1, say).remove(0);
    let all: Vec<usize> = (0..task.members.len()).collect();
    let model = match network(task, &covariates, &all, 0) {
        Ok(model) => model,
        Err(err) => {
            tracing::warn!("covariates have no memory: {err}");
            return None;
        }
    };
    let (held_out, slope, intercept) = match task.answers {
        Answers::Classes(labels) => {
            let platt = Platt::beside(&scores, labels, task.offsets);
            (task.scaled(&scores, labels), platt.slope, platt.intercept)
        }
        Answers::Numbers(_) => (scores, 1.0, 0.0),
    };
    let mut table = MemoryTable::new(model, slope, 0.0).ok()?;
    table.bias = table.slope * table.base + intercept;
    let mean = |c: usize| {
        let own = all.iter().map(|&i| table.shares(&row(i))[c].abs());
        own.sum::<f64>() / all.len().max(1) as f64
    };
    let named = covariates.columns.iter().enumerate();
    let found = strongest(named.map(|(c, own)| Finding::new(own.column.clone(), mean(c))));
    let choices = json!({ "stored": all.len(), "epochs": EPOCHS });
    Some(Learned { table: Table::Memory(Box::new(table)), held_out, choices, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureCache;
    use reperio_data::repertoire::{Builder, Repertoire};
    use reperio_stats::Groups;

    /// The label is whether two signs agree, which no linear term says; a third covariate says nothing. Shares add up exactly,
    /// missing values have none, and the learned table says what its network says.
    #[test]
    fn a_memory_learns_what_is_no_sum_and_shares_add_up() {
        let n = 80;
        let sign = |i: usize, k: usize| f64::from(u8::from((i / k).is_multiple_of(2))) - 0.5;
        let jitter = |i: usize, k: usize| (i * k % 17) as f64 / 100.0;
        let column = |name: &str, kind| Covariate { column: name.to_owned(), kind };
        let classes = ["a", "b"].map(str::to_owned).into();
        let covariates = Covariates {
            columns: vec![
                column("x", CovariateKind::Number),
                column("y", CovariateKind::Number),
                column("z", CovariateKind::Classes { classes }),
            ],
            values: vec![
                (0..n).map(|i| Some(sign(i, 1) + jitter(i, 7))).collect(),
                (0..n).map(|i| Some(sign(i, 2) + jitter(i, 5))).collect(),
                (0..n).map(|i| (i % 9 != 4).then(|| (i * 7 % 3 % 2) as f64)).collect(),
            ],
        };
        let empty = Builder::default().finish("r".to_owned());
        let views: Vec<&Repertoire> = vec![&empty; n];
        let groups = Groups::each(n);
        let cache = FeatureCache::new(&views, &groups).beside(&covariates);
        let members: Vec<usize> = (0..n).collect();
        let labels: Vec<bool> = (0..n).map(|i| sign(i, 1) * sign(i, 2) > 0.0).collect();
        let fold: Vec<usize> = (0..n).map(|i| i / 4 % 4).collect();
        let answers = Answers::Classes(&labels);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
        let names = ["x", "y", "z"].map(str::to_owned);
        let learned = learn(&task, &names).unwrap();
        let right = (0..n).filter(|&i| (learned.held_out[i] > 0.0) == labels[i]).count();
        assert!(right > 64, "{right} of {n}");
        let linear = super::super::covariates::learn(&task, &names);
        let right = (0..n).filter(|&i| (linear.held_out[i] > 0.0) == labels[i]).count();
        assert!(right < 60, "{right} of {n} by a sum");
        let Table::Memory(table) = learned.table else { panic!("a memory") };
        for i in 0..12 {
            let row = covariates.row(i);
            let f = table.bias + table.shares(&row).iter().sum::<f64>();
            let g = said(&table.model, std::slice::from_ref(&row)).unwrap()[0];
            let expected = table.slope * (g - table.base) + table.bias;
            assert!((f - expected).abs() < 1e-9, "{f} {expected}");
        }
        assert_eq!(table.shares(&[None, None, None]), [0.0; 3]);
        assert_eq!(table.shares(&[Some(0.5), None, None])[1..], [0.0, 0.0]);
        assert!(table.fits(&covariates.columns) && !table.fits(&covariates.columns[..2]));
    }

    #[test]
    fn weights_of_sets_are_shares_of_orders() {
        let choose =
            |n: usize, k: usize| (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product::<f64>();
        for k in 1..=MOST {
            let all: f64 = (0..k).map(|s| choose(k - 1, s) * weight(s, k)).sum();
            assert!((all - 1.0).abs() < 1e-12);
        }
    }
}
