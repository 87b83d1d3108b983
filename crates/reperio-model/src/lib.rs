//! Hopfield pooling over encoded immune repertoires: training, scoring, evidence.

pub mod bag;
pub mod config;
pub mod deeprc;
pub mod discover;
pub mod evaluate;
pub mod linear;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod population;
pub mod prepare;
pub mod schedule;
pub mod target;
mod tensors;
pub mod train;
pub mod workload;
