//! Covariates as columns of a regression.

use reperio_stats::logistic::Table;
use reperio_stats::moments::mean;

use super::{CovariateKind, Covariates};

/// Columns of a regression, as some rows define them.
///
/// ```text
/// number:  x, and with hinges max(x - q, 0) at the quartiles q of the rows
/// classes: 1 for the own class, 0 for the others
/// ```
///
/// A missing value is the mean of the column over those rows, so that it says nothing.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    columns: Vec<Column>,
}

/// One column.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Place of its covariate.
    covariate: usize,
    shape: Shape,
    /// Mean over the rows that define it: its value where the covariate is missing.
    mean: f64,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Value,
    Above(f64),
    Is(f64),
}

impl Shape {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Value => value,
            Self::Above(knot) => (value - knot).max(0.0),
            Self::Is(class) => f64::from(u8::from(value.total_cmp(&class).is_eq())),
        }
    }
}

impl Basis {
    /// The columns of all of `covariates`, defined by the repertoires `rows`.
    pub(crate) fn new(covariates: &Covariates, rows: &[usize], hinges: bool) -> Self {
        let mut columns = Vec::new();
        for (covariate, (own, values)) in
            covariates.columns.iter().zip(&covariates.values).enumerate()
        {
            let known: Vec<f64> = rows.iter().filter_map(|&i| values[i]).collect();
            let shapes = match &own.kind {
                CovariateKind::Number if hinges => {
                    let knots = quartiles(&known).into_iter().map(Shape::Above);
                    std::iter::once(Shape::Value).chain(knots).collect()
                }
                CovariateKind::Number => vec![Shape::Value],
                CovariateKind::Classes { classes } => {
                    (0..classes.len()).map(|class| Shape::Is(class as f64)).collect::<Vec<_>>()
                }
            };
            let column = |shape: Shape| {
                let mean = mean(known.iter().map(|&value| shape.of(value))).unwrap_or(0.0);
                Column { covariate, shape, mean }
            };
            columns.extend(shapes.into_iter().map(column));
        }
        Self { columns }
    }

    /// The mean of each column over the rows that define it.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.columns.iter().map(|column| column.mean).collect()
    }

    /// The values of all repertoires: (repertoires, columns)
    pub(crate) fn table(&self, covariates: &Covariates) -> Table {
        let n = covariates.values.first().map_or(0, Vec::len);
        let row = |i: usize| {
            self.columns.iter().map(move |column| {
                let value = covariates.values[column.covariate][i];
                value.map_or(column.mean, |value| column.shape.of(value)) as f32
            })
        };
        Table::new(self.columns.len(), (0..n).flat_map(row).collect())
    }
}

/// The distinct quartiles of `values`, less the least one: a hinge there would be the value again.
fn quartiles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some((&least, &most)) = sorted.first().zip(sorted.last()) else { return vec![] };
    let mut knots: Vec<f64> = (1..4).map(|q| sorted[(sorted.len() - 1) * q / 4]).collect();
    knots.dedup();
    knots.retain(|knot| *knot > least && *knot < most);
    knots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covariates::Covariate;

    #[test]
    fn columns_are_those_of_their_rows_and_missing_values_are_means() {
        let kinds = [
            CovariateKind::Number,
            CovariateKind::Classes { classes: vec!["f".to_owned(), "m".to_owned()] },
        ];
        let covariates = Covariates {
            columns: kinds.map(|kind| Covariate { column: String::new(), kind }).into(),
            values: vec![
                vec![Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0), None, Some(90.0)],
                vec![Some(0.0), Some(1.0), Some(1.0), None, Some(1.0), None, Some(0.0)],
            ],
        };
        let basis = Basis::new(&covariates, &[0, 1, 2, 3, 4, 5], true);
        let table = basis.table(&covariates);
        // Value, hinges at 2, 3 and 4, f, m.
        assert_eq!(table.row(6), [90.0, 88.0, 87.0, 86.0, 1.0, 0.0]);
        assert_eq!(table.row(3), [4.0, 2.0, 1.0, 0.0, 0.25, 0.75]);
        assert_eq!(table.row(5), [3.0, 1.2, 0.6, 0.2, 0.25, 0.75]);
        assert_eq!(Basis::new(&covariates, &[0, 1], false).columns.len(), 3);
    }
}
