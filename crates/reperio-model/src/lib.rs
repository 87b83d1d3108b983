//! Hopfield pooling over encoded repertoires.

pub mod bag;
pub mod metrics;
