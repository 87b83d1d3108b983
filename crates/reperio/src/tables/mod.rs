//! The tables that commands print and write.

pub(crate) mod antigens;
pub(crate) mod attention;
pub(crate) mod cases;
pub(crate) mod classes;
pub(crate) mod confounders;
pub(crate) mod counts;
pub(crate) mod covariates;
pub(crate) mod description;
pub(crate) mod evaluation;
pub(crate) mod held_out;
pub(crate) mod labels;
pub(crate) mod learning_curve;
pub(crate) mod motifs;
pub(crate) mod parts;
pub(crate) mod predictions;
pub(crate) mod pretraining;
pub(crate) mod ranking;
pub(crate) mod readings;
pub(crate) mod sequences;
