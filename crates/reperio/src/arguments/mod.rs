//! Options that several commands share, and what they mean.

pub(crate) mod background;
pub(crate) mod base;
pub(crate) mod cohort;
pub(crate) mod config;
pub(crate) mod covariates;
pub(crate) mod device;
pub(crate) mod division;
pub(crate) mod inputs;
pub(crate) mod learning_curve;
pub(crate) mod page;
pub(crate) mod pretraining;
pub(crate) mod rarefy;
pub(crate) mod run_config;
pub(crate) mod server;
pub(crate) mod shares;
pub(crate) mod simulated;
