//! Models of immune repertoires as sums of parts: Hopfield pooling over encoded repertoires, k-mers, public clonotypes
//! and gene usage; with training, scores and evidence.

pub mod bag;
pub mod combine;
pub mod config;
pub mod deeprc;
pub mod discover;
pub mod evaluate;
pub mod features;
pub mod linear;
pub mod logistic;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod parts;
pub mod platt;
pub mod population;
pub mod prepare;
pub mod schedule;
pub mod selection;
pub mod target;
mod tensors;
pub mod train;
pub mod workload;
