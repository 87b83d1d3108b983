//! Numbers of any unit brought to mean 0 and deviation 1.

use candle_core::{Result, bail};

use super::{Column, Schema, Table};

/// How a cell without a value counts in means and deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gaps {
    /// Not at all.
    #[default]
    LeftOut,
    /// As 0, in the column's own unit: what the released code does.
    AsZero,
}

/// Mean and deviation of every continuous column of the training rows.
///
/// ```text
/// standard = (x - mean) / deviation            deviation^2 = sum (x - mean)^2 / (n - 1)
/// ```
///
/// A column without deviation is only centred. Categorical columns have mean 0 and deviation 1 and are left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardiser {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Standardiser {
    /// Of the rows of a table.
    pub fn of(table: &Table, gaps: Gaps) -> Self {
        let moments = table.columns().iter().map(|column| match column {
            Column::Categorical(_) => (0.0, 1.0),
            Column::Continuous(values) => moments(values, gaps),
        });
        let (means, deviations) = moments.unzip();
        Self { means, deviations }
    }

    /// From numbers, one of each a column.
    ///
    /// # Errors
    /// Another number of columns than the schema has, or a deviation that is not positive.
    pub fn new(schema: &Schema, means: Vec<f64>, deviations: Vec<f64>) -> Result<Self> {
        let columns = schema.attributes().len();
        if means.len() != columns || deviations.len() != columns {
            bail!(
                "{} means and {} deviations: expected {columns} of each",
                means.len(),
                deviations.len()
            );
        }
        let usable = |deviation: &f64| deviation.is_finite() && *deviation > 0.0;
        if !means.iter().all(|mean| mean.is_finite()) || !deviations.iter().all(usable) {
            bail!(
                "means {means:?} and deviations {deviations:?}: expected numbers, the latter positive"
            );
        }
        Ok(Self { means, deviations })
    }

    /// Of all columns.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Of all columns.
    pub fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// A value in standard units.
    pub fn standard(&self, column: usize, value: f64) -> f64 {
        (value - self.means[column]) / self.deviations[column]
    }

    /// The value that is this in standard units.
    pub fn original(&self, column: usize, standard: f64) -> f64 {
        standard * self.deviations[column] + self.means[column]
    }
}

fn moments(values: &[f64], gaps: Gaps) -> (f64, f64) {
    let values: Vec<f64> = match gaps {
        Gaps::LeftOut => values.iter().copied().filter(|value| !value.is_nan()).collect(),
        Gaps::AsZero => {
            values.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect()
        }
    };
    if values.is_empty() {
        return (0.0, 1.0);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt();
    (mean, if deviation > 0.0 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_left_out_or_zero() {
        let values = [1.0, f64::NAN, 5.0];
        assert_eq!(moments(&values, Gaps::LeftOut), (3.0, 8f64.sqrt()));
        let (mean, deviation) = moments(&values, Gaps::AsZero);
        assert!((mean - 2.0).abs() < 1e-15 && (deviation - 7f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_constant_or_lonely_column_is_only_centred() {
        assert_eq!(moments(&[4.0, 4.0], Gaps::LeftOut), (4.0, 1.0));
        assert_eq!(moments(&[4.0], Gaps::LeftOut), (4.0, 1.0));
        assert_eq!(moments(&[f64::NAN], Gaps::LeftOut), (0.0, 1.0));
    }
}
