//! Rows as the numbers that the network reads.

use candle_core::{DType, Device, Result, Tensor};

use super::{Attribute, Column, Schema, Standardiser, Table};

/// Rows with their true values, without flags.
///
/// A continuous cell is its standardised value, a categorical one a 1 at its class and 0 elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    schema: Schema,
    count: usize,
    /// (rows, S), 0 where there is no value.
    values: Vec<f64>,
    /// (rows, d)
    known: Vec<bool>,
}

/// What the network is told of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Its true value: flag 0.
    True,
    /// Nothing but that it is to be predicted: value 0, flag 1.
    Masked,
    /// Another number (standardised), or the class of this number: flag 0.
    Replaced(f64),
    /// Nothing at all: value and flag 0.
    Missing,
}

impl Rows {
    /// Of a table.
    pub fn of(table: &Table, standardiser: &Standardiser) -> Self {
        let schema = table.schema().clone();
        let (starts, width) = (schema.starts(), schema.width());
        let mut values = vec![0.0; table.rows() * width];
        let columns = schema.attributes().len();
        let mut known = vec![false; table.rows() * columns];
        for (place, column) in table.columns().iter().enumerate() {
            for row in 0..table.rows() {
                known[row * columns + place] = table.has(row, place);
                let cell = row * width + starts[place];
                match column {
                    Column::Continuous(numbers) if !numbers[row].is_nan() => {
                        values[cell] = standardiser.standard(place, numbers[row]);
                    }
                    Column::Categorical(classes) => {
                        classes[row].iter().for_each(|class| values[cell + class] = 1.0);
                    }
                    Column::Continuous(_) => {}
                }
            }
        }
        Self { schema, count: table.rows(), values, known }
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.count
    }

    /// What the columns are.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether a cell has a value.
    pub fn is_known(&self, row: usize, column: usize) -> bool {
        self.known[row * self.schema.attributes().len() + column]
    }

    /// True values, (rows, S).
    ///
    /// # Errors
    /// Of the device.
    pub fn truth(&self, dtype: DType, device: &Device) -> Result<Tensor> {
        Tensor::from_vec(self.values.clone(), (self.count, self.schema.width()), device)?
            .to_dtype(dtype)
    }

    /// True values, a row after the other.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Rows to be stored, (rows, S + d): everything that is known.
    ///
    /// # Errors
    /// Of the device.
    pub fn stored(&self, dtype: DType, device: &Device) -> Result<Tensor> {
        let cell = |row: usize, column: usize| {
            if self.is_known(row, column) { Cell::True } else { Cell::Missing }
        };
        self.told(cell, dtype, device)
    }

    /// Rows to be predicted, (rows, S + d): features as they are known, targets masked, known or not.
    ///
    /// # Errors
    /// Of the device.
    pub fn asked(&self, dtype: DType, device: &Device) -> Result<Tensor> {
        let cell = |row: usize, column: usize| match () {
            () if self.schema.is_target(column) => Cell::Masked,
            () if self.is_known(row, column) => Cell::True,
            () => Cell::Missing,
        };
        self.told(cell, dtype, device)
    }

    /// Rows (rows, S + d) of which the network is told this: column after column its values, then its flag.
    ///
    /// # Errors
    /// Of the device.
    pub fn told(
        &self,
        cell: impl Fn(usize, usize) -> Cell,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let (starts, width) = (self.schema.starts(), self.schema.width());
        let mut told = Vec::with_capacity(self.count * self.schema.input_width());
        for row in 0..self.count {
            for (column, attribute) in self.schema.attributes().iter().enumerate() {
                let from = row * width + starts[column];
                let truth = &self.values[from..from + attribute.width()];
                let (next, cell) = (told.len(), cell(row, column));
                match cell {
                    Cell::True => told.extend_from_slice(truth),
                    _ => told.resize(next + truth.len(), 0.0),
                }
                match (cell, attribute) {
                    (Cell::Replaced(value), Attribute::Continuous) => told[next] = value,
                    (Cell::Replaced(class), Attribute::Categorical { classes }) => {
                        told[next + (class as usize).min(classes - 1)] = 1.0;
                    }
                    _ => {}
                }
                told.push(f64::from(u8::from(cell == Cell::Masked)));
            }
        }
        Tensor::from_vec(told, (self.count, self.schema.input_width()), device)?.to_dtype(dtype)
    }
}
