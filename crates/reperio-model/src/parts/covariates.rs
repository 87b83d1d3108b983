//! The part `covariates`: ridge regression on columns of the metadata, on request.

use reperio_stats::logistic::Linear;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ridge;
use super::table::{Finding, Table, strongest};
use super::task::{Learned, Task};
use crate::covariates::basis::Basis;
use crate::covariates::{Covariate, CovariateKind, Covariates};

/// Weights of covariates.
///
/// ```text
/// f = bias + sum over covariates of w (x - mean), or of the weight of the class
/// ```
///
/// A missing value adds nothing: `bias` is the logit of a repertoire with average covariates. No clonotype has a share of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CovariateTable {
    /// What each covariate of the model adds, in its order.
    pub effects: Vec<Effect>,
    /// Logit where all covariates are missing.
    pub bias: f64,
}

/// What a covariate adds to a logit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// `weight (x - mean)`
    Number {
        /// Logit of one more.
        weight: f64,
        /// The mean of the training repertoires.
        mean: f64,
    },
    /// The weight of the class; the mean over the training repertoires is 0.
    Classes(Vec<f64>),
}

impl Effect {
    /// What `value` adds; nothing if it is missing.
    fn of(&self, value: Option<f64>) -> f64 {
        match (self, value) {
            (_, None) => 0.0,
            (Self::Number { weight, mean }, Some(value)) => weight * (value - mean),
            (Self::Classes(weights), Some(class)) => {
                weights.get(class as usize).copied().unwrap_or(0.0)
            }
        }
    }

    /// Whether it is of such a covariate.
    pub(crate) fn fits(&self, covariate: &Covariate) -> bool {
        match (self, &covariate.kind) {
            (Self::Number { .. }, CovariateKind::Number) => true,
            (Self::Classes(weights), CovariateKind::Classes { classes }) => {
                weights.len() == classes.len()
            }
            _ => false,
        }
    }
}

impl CovariateTable {
    /// What each covariate adds, by its value. Of values that are not there nothing.
    pub fn shares(&self, values: &[Option<f64>]) -> Vec<f64> {
        let value = |c: usize| values.get(c).copied().flatten();
        self.effects.iter().enumerate().map(|(c, effect)| effect.of(value(c))).collect()
    }

    /// Every number of the table.
    pub(super) fn parameters(&self) -> Vec<f64> {
        let mut all = vec![self.bias];
        for effect in &self.effects {
            match effect {
                Effect::Number { weight, mean } => all.extend([*weight, *mean]),
                Effect::Classes(weights) => all.extend(weights),
            }
        }
        all
    }

    /// The table of a regression on the columns of `basis`.
    fn new(covariates: &Covariates, basis: &Basis, linear: &Linear) -> Self {
        let mut bias = linear.intercept;
        let mut columns = basis.means().into_iter().zip(&linear.weights);
        let effect = |covariate: &Covariate| match &covariate.kind {
            CovariateKind::Number => {
                let (mean, &weight) = columns.next().expect("a column for each number");
                bias += weight * mean;
                Effect::Number { weight, mean }
            }
            CovariateKind::Classes { classes } => {
                let own: Vec<(f64, &f64)> = columns.by_ref().take(classes.len()).collect();
                let average: f64 = own.iter().map(|(share, weight)| share * *weight).sum();
                bias += average;
                Effect::Classes(own.iter().map(|(_, weight)| *weight - average).collect())
            }
        };
        let effects = covariates.columns.iter().map(effect).collect();
        Self { effects, bias }
    }
}

/// Learns what the covariates `names` say.
pub(super) fn learn(task: &Task<'_>, names: &[String]) -> Learned {
    let covariates = task.cache.covariates().select(names);
    let basis = |rows: &[usize]| Basis::new(&covariates, rows, false);
    let fitted = ridge::fit_each(task, |rows| basis(rows).table(&covariates));
    let table = CovariateTable::new(&covariates, &basis(task.members), &fitted.linear);
    let mut named = Vec::new();
    for (Covariate { column, kind }, effect) in covariates.columns.iter().zip(&table.effects) {
        match (kind, effect) {
            (CovariateKind::Classes { classes }, Effect::Classes(weights)) => {
                let own = classes.iter().zip(weights);
                named.extend(own.map(|(class, weight)| (format!("{column}: {class}"), *weight)));
            }
            (_, Effect::Number { weight, .. }) => named.push((column.clone(), *weight)),
            _ => {}
        }
    }
    let found = strongest(named.into_iter().map(|(name, weight)| Finding::new(name, weight)));
    let choices = json!({ "C": fitted.c });
    Learned { table: Table::Covariates(table), held_out: fitted.held_out, choices, found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureCache;
    use crate::parts::Answers;
    use reperio_data::repertoire::{Builder, Repertoire};
    use reperio_stats::Groups;

    /// A number and a class that both say something; some of either are missing.
    fn covariates(n: usize) -> Covariates {
        let number = |i: usize| (i % 7 != 3).then(|| 40.0 + (i * 29 % 31) as f64);
        let class = |i: usize| (i % 5 != 1).then(|| (i * 17 % 3) as f64);
        let classes = ["a", "b", "c"].map(str::to_owned).into();
        Covariates {
            columns: vec![
                Covariate { column: "age".to_owned(), kind: CovariateKind::Number },
                Covariate { column: "batch".to_owned(), kind: CovariateKind::Classes { classes } },
            ],
            values: vec![(0..n).map(number).collect(), (0..n).map(class).collect()],
        }
    }

    /// What a repertoire that was learned from gets is what the regression says of its row, so missing values are means.
    #[test]
    fn shares_and_bias_are_the_regression() {
        let n = 60;
        let covariates = covariates(n);
        let empty = Builder::default().finish("r".to_owned());
        let views: Vec<&Repertoire> = vec![&empty; n];
        let groups = Groups::each(n);
        let cache = FeatureCache::new(&views, &groups).beside(&covariates);
        let members: Vec<usize> = (0..n).filter(|i| i % 11 != 0).collect();
        let age = |i: usize| covariates.values[0][i].unwrap_or(55.0);
        let labels: Vec<bool> = members.iter().map(|&i| age(i) > 55.0 || i % 6 == 0).collect();
        let fold: Vec<usize> = members.iter().map(|i| i % 5).collect();
        let answers = Answers::Classes(&labels);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
        let names = ["age".to_owned(), "batch".to_owned()];
        let learned = learn(&task, &names);
        let Table::Covariates(table) = learned.table else { panic!("a table of covariates") };
        let basis = Basis::new(&covariates, &members, false);
        let own = basis.table(&covariates);
        let linear = ridge::fit(&own, &task).linear;
        for i in 0..n {
            let found = table.bias + table.shares(&covariates.row(i)).iter().sum::<f64>();
            let expected = linear.logits(&own, &[i])[0];
            assert!((found - expected).abs() < 1e-4, "{i}: {found} {expected}");
        }
        assert!(table.shares(&[Some(70.0), None])[0] > 0.0);
        assert_eq!(table.shares(&[None, None]), [0.0, 0.0]);
        assert_eq!(table.shares(&[]), [0.0, 0.0]);
    }
}
