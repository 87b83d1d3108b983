//! Models of immune repertoires as sums of parts: Hopfield pooling over encoded repertoires, k-mers, public clonotypes,
//! genes; their training, scores and evidence.

pub mod bag;
pub mod combine;
pub mod config;
pub mod deeprc;
pub mod discover;
mod each;
pub mod evaluate;
pub mod explain;
pub mod features;
pub mod labelled;
pub mod linear;
pub mod logistic;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod parts;
pub mod people;
pub mod platt;
pub mod population;
pub mod prepare;
pub mod schedule;
pub mod score;
pub mod selection;
pub mod target;
mod tensors;
pub mod train;
pub mod workload;
