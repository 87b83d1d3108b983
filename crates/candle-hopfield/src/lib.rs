//! Modern Hopfield networks for [candle](https://docs.rs/candle-core), after *Hopfield Networks is All
//! You Need* (Ramsauer et al., <https://arxiv.org/abs/2008.02217>).
//!
//! A modern Hopfield network stores patterns and retrieves them by association: a state pattern is
//! replaced by the average of the stored patterns, weighted by how much they resemble it. One update is
//!
//! ```text
//! Z = A P W_v            A = softmax(beta * R W_q (Y W_k)^T)
//! ```
//!
//! with state patterns R, stored patterns Y and patterns P to be projected (the same as Y unless
//! stated otherwise).
//!
//! | what | item |
//! |---|---|
//! | association of three sets of patterns | [`Hopfield`] |
//! | a learned state pattern queries a set: pooling | [`HopfieldPooling`] |
//! | learned stored patterns answer: look-up | [`HopfieldLayer`] |
//! | drop-ins for transformer layers | [`HopfieldEncoderLayer`], [`HopfieldDecoderLayer`] |
//! | softmax, sparsemax, 1.5-entmax, top-k | [`Association`] |
//! | bags of unequal size without padding | [`ragged`] |
//! | any number of patterns in constant memory | [`stream`] |
//! | energy, update rule, bounds; retrieval | [`energy`], [`retrieval`] |
//! | losses of paired embeddings, with retrieval of both sides | [`contrastive`] |
//! | what a head does | [`analysis`] |
//! | averaging by position instead of content | [`gaussian`] |
//!
//! # Example
//!
//! Pools sets of 500 patterns to one vector each:
//!
//! ```
//! use candle_core::{DType, Device, Module, Tensor};
//! use candle_hopfield::{Config, HopfieldPooling, PoolingConfig, SeededVars};
//!
//! # fn main() -> candle_core::Result<()> {
//! let vars = SeededVars::new(1); // vars.variables() go to an optimiser
//! let vb = vars.builder(DType::F32, &Device::Cpu);
//! let config = Config { heads: 4, ..Config::new(32) };
//! let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, vb)?;
//! let sets = Tensor::ones((8, 500, 32), DType::F32, &Device::Cpu)?; // (sets, patterns, features)
//! assert_eq!(pooling.forward(&sets)?.dims(), [8, 32]);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! The crate has none. `candle-core` is used without its default features; a feature of it for a GPU is the
//! caller's to enable.
//!
//! # Errors
//!
//! Everything that can fail returns [`candle_core::Result`]. Messages name the option or tensor, what was found and
//! what was expected: options are checked when a layer is made ([`Config::check`]), shapes when it is called.
//!
//! # Random numbers
//!
//! Nothing here reads a global random state: dropout takes the caller's seed, and
//! [`SeededVars`] starts variables from a seed.

#![forbid(unsafe_code)]

pub mod analysis;
pub mod association;
mod beta;
mod call;
mod config;
pub mod contrastive;
mod dropout;
pub mod energy;
pub mod gaussian;
mod hopfield;
mod lookup;
mod norm;
mod patterns;
mod pooling;
pub mod pytorch;
pub mod ragged;
pub mod retrieval;
mod scoring;
mod seeded;
pub mod stream;
mod transformer;

pub use analysis::{HeadAnalysis, OperatingClass};
pub use association::Association;
pub use beta::{Beta, BetaSchedule};
pub use call::Call;
pub use config::{Activation, Config, Norm, Projection, Updates, ValueProjection};
pub use energy::{Bounds, FixedPoint};
pub use gaussian::{GaussianAveraging, GaussianConfig};
pub use hopfield::{Hopfield, Retrieval};
pub use lookup::{HopfieldLayer, LookupConfig};
pub use patterns::Projected;
pub use pooling::{HopfieldPooling, PoolingConfig};
pub use retrieval::{RetrievalConfig, Trajectory, retrieve};
pub use seeded::SeededVars;
pub use transformer::{HopfieldDecoderLayer, HopfieldEncoderLayer, TransformerConfig};

/// The README's code is run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
