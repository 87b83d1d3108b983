//! The tables that commands print and write.

pub(crate) mod attention;
pub(crate) mod counts;
pub(crate) mod description;
pub(crate) mod evaluation;
pub(crate) mod labels;
pub(crate) mod learning_curve;
pub(crate) mod parts;
pub(crate) mod predictions;
pub(crate) mod readings;
pub(crate) mod sequences;
