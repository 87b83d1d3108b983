//! Covariates: columns of the metadata that stand beside the repertoires.
//!
//! A column of numbers is a number, any other a class. A model may *include* a covariate, which is then a part of it
//! ([`crate::parts::CovariateTable`]), or be *adjusted* for it ([`adjust`]): its parts then learn what the covariate does not explain.

pub mod adjust;
pub(crate) mod basis;
mod read;

use serde::{Deserialize, Serialize};

pub use adjust::Adjustment;
pub use read::CovariateError;

/// A column of the metadata and what its values mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covariate {
    /// Name of the column.
    pub column: String,
    /// What its values are.
    #[serde(flatten)]
    pub kind: CovariateKind,
}

/// What the values of a covariate are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CovariateKind {
    /// Numbers.
    Number,
    /// One of these.
    Classes {
        /// The values, sorted.
        classes: Vec<String>,
    },
}

/// Covariates of repertoires.
///
/// # Examples
///
/// ```
/// use reperio_data::metadata::Metadata;
/// use reperio_model::covariates::Covariates;
///
/// let column = |name: &str, values: [&str; 3]| (name.to_owned(), values.map(|own| Some(own.to_owned())).into());
/// let ids = ["a", "b", "c"].map(str::to_owned).into();
/// let columns = vec![column("age", ["41", "NA", "58"]), column("sex", ["f", "m", "f"])];
/// let metadata = Metadata::from_columns(ids, columns).expect("one value an id");
/// let covariates = Covariates::read(&metadata, &["age".to_owned(), "sex".to_owned()])?;
/// assert_eq!(covariates.row(1), [None, Some(1.0)]);
/// # Ok::<(), reperio_model::covariates::CovariateError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Covariates {
    /// The covariates.
    pub columns: Vec<Covariate>,
    /// `values[c][i]`: the number, or the index of the class; `None` where it is missing.
    pub values: Vec<Vec<Option<f64>>>,
}

impl Covariates {
    /// Those whose columns are called `names`, in that order; those that do not exist are left out.
    pub fn select(&self, names: &[String]) -> Self {
        let places = names.iter().filter_map(|name| self.place(name));
        let (columns, values) =
            places.map(|c| (self.columns[c].clone(), self.values[c].clone())).unzip();
        Self { columns, values }
    }

    /// The values of repertoire `i`, one per covariate.
    pub fn row(&self, i: usize) -> Vec<Option<f64>> {
        self.values.iter().map(|values| values[i]).collect()
    }

    /// Whether there is no covariate.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Which repertoires are alike in covariate `c`, by stratum: those of one class, or about ten with the next numbers. Those
    /// without a value are alike too.
    pub fn strata(&self, c: usize) -> Vec<usize> {
        let values = &self.values[c];
        let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
        let own: Vec<f64> = known.iter().filter_map(|&i| values[i]).collect();
        let own = match &self.columns[c].kind {
            CovariateKind::Number => adjust::strata(&own),
            CovariateKind::Classes { .. } => own.iter().map(|&class| class as usize).collect(),
        };
        let mut strata = vec![0; values.len()];
        for (&i, stratum) in known.iter().zip(own) {
            strata[i] = 1 + stratum;
        }
        strata
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|own| own.column == name)
    }
}
