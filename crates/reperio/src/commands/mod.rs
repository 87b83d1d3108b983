//! The subcommands, each with its `Args`, its `run`, and the report that it prints.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod demo;
pub(crate) mod describe;
pub(crate) mod devices;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod fit_generator;
pub(crate) mod import;
pub(crate) mod pretrain;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod token;
pub(crate) mod train;
