//! What a model scores: a repertoire, and what is known of its person.

use reperio_data::metadata::Row;
use reperio_data::repertoire::Repertoire;

use crate::covariates::{Covariate, CovariateError};

/// A repertoire and the values of a model's covariates. One without covariates adds nothing of them to a score.
///
/// ```text
/// score::one(&model, &repertoire, 0.9)                          a model without covariates, or all of them missing
/// score::one(&model, Patient::new(&repertoire, &values), 0.9)   values: one per covariate of the model
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The repertoire.
    pub repertoire: &'a Repertoire,
    /// The number, or the place of the class, of each covariate of the model; `None` where it is missing.
    pub covariates: &'a [Option<f64>],
}

impl<'a> Patient<'a> {
    /// A repertoire with covariates.
    pub fn new(repertoire: &'a Repertoire, covariates: &'a [Option<f64>]) -> Self {
        Self { repertoire, covariates }
    }
}

impl<'a> From<&'a Repertoire> for Patient<'a> {
    fn from(repertoire: &'a Repertoire) -> Self {
        Self { repertoire, covariates: &[] }
    }
}

/// What `row` of the metadata says of each of `covariates`.
///
/// # Errors
///
/// If a value of a column of numbers is none.
pub(crate) fn values(
    covariates: &[Covariate],
    id: &str,
    row: Row<'_>,
) -> Result<Vec<Option<f64>>, CovariateError> {
    let value =
        |own: &Covariate| row.value(&own.column).map_or(Ok(None), |text| own.value(id, text));
    covariates.iter().map(value).collect()
}
