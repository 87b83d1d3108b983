//! Why labels cannot be used.

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No such column.
    #[error("no column {column:?} in the metadata, expected one of: {known}")]
    UnknownColumn {
        /// Requested column.
        column: String,
        /// Columns that exist.
        known: String,
    },
    /// The positive value does not occur.
    #[error("column {column:?} never has the value {positive:?}, it has: {known}")]
    UnknownPositive {
        /// Requested column.
        column: String,
        /// Requested value.
        positive: String,
        /// Values that occur.
        known: String,
    },
    /// Fewer than two different values.
    #[error(
        "column {column:?} has one class only ({only}), expected at least two different values"
    )]
    OneClass {
        /// Requested column.
        column: String,
        /// The one value, or "no value at all".
        only: String,
    },
    /// One value is written in several ways, which would be different classes.
    #[error(
        "column {column:?} writes one value in several ways: {found}, expected one spelling for each class"
    )]
    Spellings {
        /// Requested column.
        column: String,
        /// The spellings of each such value, quoted.
        found: String,
    },
    /// Two classes were requested, but there are more.
    #[error("column {column:?} has {found} different values, expected two: name the positive one")]
    NotBinary {
        /// Requested column.
        column: String,
        /// Different values.
        found: usize,
    },
    /// Classes that a trained model does not have.
    #[error("column {column:?} has the values {found}, the model knows: {known}")]
    UnknownClass {
        /// Requested column.
        column: String,
        /// All such values, quoted.
        found: String,
        /// Classes of the model.
        known: String,
    },
    /// A regression label that is not a number.
    #[error("column {column:?} of repertoire {id:?} is {value:?}, expected a number")]
    NotANumber {
        /// Requested column.
        column: String,
        /// Repertoire.
        id: String,
        /// Value found.
        value: String,
    },
}
