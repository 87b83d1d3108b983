//! Hopfield pooling over encoded repertoires.

pub mod bag;
pub mod deeprc;
pub mod loss;
pub mod metrics;
pub mod optimizer;
pub mod schedule;
