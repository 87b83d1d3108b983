//! Hopfield pooling over encoded repertoires.

pub mod metrics;
