//! Tables of plain numbers and classes.

use candle_core::{Result, bail};

use super::{Attribute, Schema};

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; NaN where there is none.
    Continuous(Vec<f64>),
    /// Classes, numbered from 0; `None` where there is none.
    Categorical(Vec<Option<usize>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Continuous(values) => values.len(),
            Self::Categorical(values) => values.len(),
        }
    }
}

/// Rows of a table, held a column at a time, in the order of a [`Schema`].
///
/// ```
/// use candle_hopfield::hopular::{Attribute, Column, Schema, Table};
///
/// # fn main() -> candle_core::Result<()> {
/// let schema = Schema::new(vec![Attribute::Continuous, Attribute::Categorical { classes: 2 }], vec![1])?;
/// let age = Column::Continuous(vec![31.0, f64::NAN, 58.0]);
/// let sick = Column::Categorical(vec![Some(0), Some(1), None]);
/// let table = Table::new(&schema, vec![age, sick])?;
/// assert_eq!(table.rows(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    schema: Schema,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// Columns of a table, features and targets alike.
    ///
    /// # Errors
    /// Columns of another kind or number than the schema has, of different lengths or without a row, a class
    /// that the schema does not have, or a number that is infinite.
    pub fn new(schema: &Schema, columns: Vec<Column>) -> Result<Self> {
        let attributes = schema.attributes();
        if columns.len() != attributes.len() {
            bail!("{} columns: expected {}", columns.len(), attributes.len());
        }
        let rows = columns[0].len();
        if rows == 0 {
            bail!("a table without rows: expected at least 1");
        }
        for (place, (column, attribute)) in columns.iter().zip(attributes).enumerate() {
            if column.len() != rows {
                bail!("column {place} has {} rows: expected {rows}", column.len());
            }
            check(column, *attribute, place)?;
        }
        Ok(Self { schema: schema.clone(), columns, rows })
    }

    /// What the columns are.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// All columns in the order of the schema.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows at these places, in this order.
    ///
    /// # Errors
    /// No place, or one that the table does not have.
    pub fn take(&self, places: &[usize]) -> Result<Self> {
        if let Some(place) = places.iter().find(|place| **place >= self.rows) {
            bail!("row {place} of a table of {}", self.rows);
        }
        let taken = |column: &Column| match column {
            Column::Continuous(values) => {
                Column::Continuous(places.iter().map(|place| values[*place]).collect())
            }
            Column::Categorical(values) => {
                Column::Categorical(places.iter().map(|place| values[*place]).collect())
            }
        };
        Self::new(&self.schema, self.columns.iter().map(taken).collect())
    }

    /// Whether a cell has a value.
    pub fn has(&self, row: usize, column: usize) -> bool {
        match &self.columns[column] {
            Column::Continuous(values) => !values[row].is_nan(),
            Column::Categorical(values) => values[row].is_some(),
        }
    }
}

fn check(column: &Column, attribute: Attribute, place: usize) -> Result<()> {
    match (column, attribute) {
        (Column::Continuous(values), Attribute::Continuous) => {
            if let Some(row) = values.iter().position(|value| value.is_infinite()) {
                bail!(
                    "column {place} is infinite in row {row}: expected a number, or NaN for none"
                );
            }
        }
        (Column::Categorical(values), Attribute::Categorical { classes }) => {
            let outside = |value: &Option<usize>| value.is_some_and(|class| class >= classes);
            if let Some(row) = values.iter().position(outside) {
                bail!(
                    "column {place} has {:?} in row {row}: expected a class below {classes}",
                    values[row]
                );
            }
        }
        (_, expected) => bail!("column {place} is of another kind: expected {expected:?}"),
    }
    Ok(())
}
