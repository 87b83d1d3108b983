//! Hopular: the network, its losses, its optimiser, and training on tables.

mod case;
#[path = "../common/distance.rs"]
mod distance;
mod encode;
mod fit;
mod formulas;
mod gradients;
mod optimiser;
mod tables;
