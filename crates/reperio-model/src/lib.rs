//! Models of immune repertoires as sums of parts: Hopfield pooling over encoded repertoires, k-mers, public clonotypes
//! and gene usage; with training, scores and evidence.

#![forbid(unsafe_code)]

pub mod bag;
pub mod combine;
pub mod config;
pub mod confounders;
pub mod deeprc;
pub mod discover;
mod each;
pub mod evaluate;
pub mod explain;
pub mod features;
pub mod labelled;
pub mod labels;
pub mod loss;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod parts;
pub mod people;
pub mod population;
pub mod prepare;
pub mod schedule;
pub mod score;
mod tensors;
pub mod train;
pub mod workload;
