//! Which columns a table has, and which of them are to be predicted.

use candle_core::{Result, bail};

/// What the cells of one column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Numbers of any unit.
    Continuous,
    /// Classes, numbered from 0.
    Categorical {
        /// How many there are, at least 2.
        classes: usize,
    },
}

impl Attribute {
    /// Numbers that describe a cell: 1, or one a class.
    pub fn width(self) -> usize {
        match self {
            Self::Continuous => 1,
            Self::Categorical { classes } => classes,
        }
    }
}

/// The columns of a table in their order, features and targets alike.
///
/// ```
/// use candle_hopfield::hopular::{Attribute, Schema};
///
/// # fn main() -> candle_core::Result<()> {
/// let columns = vec![Attribute::Continuous, Attribute::Categorical { classes: 3 }];
/// let schema = Schema::new(columns, vec![1])?; // the second is predicted from the first
/// assert_eq!((schema.width(), schema.input_width()), (4, 6));
/// assert!(Schema::new(vec![Attribute::Continuous], vec![]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    attributes: Vec<Attribute>,
    targets: Vec<usize>,
}

impl Schema {
    /// Columns, and the places of those to predict.
    ///
    /// # Errors
    /// No column, no target, a target that is no column or named twice, or fewer than two classes.
    pub fn new(attributes: Vec<Attribute>, targets: Vec<usize>) -> Result<Self> {
        if attributes.is_empty() || targets.is_empty() {
            bail!(
                "{} columns with {} targets: expected at least one of each",
                attributes.len(),
                targets.len()
            );
        }
        for (place, attribute) in attributes.iter().enumerate() {
            if let Attribute::Categorical { classes: classes @ 0..2 } = attribute {
                bail!("column {place} has {classes} classes: expected at least 2");
            }
        }
        for (i, target) in targets.iter().enumerate() {
            if *target >= attributes.len() || targets[..i].contains(target) {
                bail!(
                    "`targets` is {targets:?}: expected different columns below {}",
                    attributes.len()
                );
            }
        }
        Ok(Self { attributes, targets })
    }

    /// All columns in their order.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Places of the columns to predict.
    pub fn targets(&self) -> &[usize] {
        &self.targets
    }

    /// Whether this column is to be predicted.
    pub fn is_target(&self, column: usize) -> bool {
        self.targets.contains(&column)
    }

    /// Numbers that describe a row, without flags: the width of the network's output.
    pub fn width(&self) -> usize {
        self.attributes.iter().map(|attribute| attribute.width()).sum()
    }

    /// The same with one flag a column: the width of the network's input.
    pub fn input_width(&self) -> usize {
        self.width() + self.attributes.len()
    }

    /// First number of every column in a row without flags.
    pub(crate) fn starts(&self) -> Vec<usize> {
        let mut next = 0;
        let start = |attribute: &Attribute| {
            next += attribute.width();
            next - attribute.width()
        };
        self.attributes.iter().map(start).collect()
    }
}
