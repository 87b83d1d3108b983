//! Hopfield pooling over encoded repertoires.

pub mod bag;
pub mod loss;
pub mod metrics;
pub mod optimizer;
pub mod schedule;
