//! Contrastive learning of paired embeddings, with Hopfield retrieval of both sides: the losses of CLOOB.
//!
//! A batch holds `n` pairs: row `i` of `x` and row `i` of `y` are two views of the same thing. The loss is
//! small where the views of a pair are more alike than those of different pairs. [`Objective`] says against
//! what a pair is compared, and [`ContrastiveConfig::retrieval`] whether the embeddings are compared as they
//! are or after a retrieval from the batch:
//!
//! ```text
//! u(a) = X^T softmax(beta X a)   divided by its length      what a state pattern a retrieves from x
//! v(a) = Y^T softmax(beta Y a)   divided by its length      what it retrieves from y
//!
//! side x:  anchors u(x_i), candidates u(y_j)                without retrieval: x_i and y_j
//! side y:  anchors v(y_i), candidates v(x_j)                without retrieval: y_i and x_j
//!
//! s_ij = t (anchor_i . candidate_j)                         t: inverse temperature, 1 / tau
//! InfoNCE   l_i = ln sum_j exp(s_ij)        - s_ii
//! InfoLOOB  l_i = ln sum_(j != i) exp(s_ij) - s_ii
//! ```
//!
//! A side is the mean of its `l_i`; [`Form`] says how the two sides become one number.
//!
//! `InfoNCE` has the pair itself in the sum, so that a pair which is alike pulls its own loss to 0 and learning
//! stalls. Of several features that tell pairs apart, those that are easy to learn then explain away the
//! others. `InfoLOOB` (leave one out) has no such floor. Retrieval replaces an embedding by an average of those
//! that resemble it, which makes features that occur together stand out: the covariance becomes richer.
//! `examples/explaining_away.rs` shows both.
//!
//! # Example
//!
//! ```
//! use candle_core::{Device, Var};
//! use candle_hopfield::contrastive::{ContrastiveConfig, loss, unit_length};
//!
//! # fn main() -> candle_core::Result<()> {
//! let x = Var::new(&[[2f32, 0.1], [0.0, 1.0], [-1.0, 0.2]], &Device::Cpu)?; // (n, d)
//! let y = Var::new(&[[1f32, 0.3], [0.2, 3.0], [-1.0, 0.0]], &Device::Cpu)?;
//! let cloob = ContrastiveConfig::cloob(8.0, 14.3);
//! let loss = loss(&unit_length(&x)?, &unit_length(&y)?, &cloob)?;
//! assert!(loss.value.to_scalar::<f32>()? < 0.0); // below 0 where pairs are well apart
//! let gradient = loss.value.backward()?; // of every parameter behind the embeddings
//! assert!(gradient.get(&x).is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # References
//!
//! Fürst et al., *CLOOB: Modern Hopfield Networks with `InfoLOOB` Outperform CLIP*,
//! <https://arxiv.org/abs/2110.11316>.

mod config;
mod loss;
mod retrieval;

pub use config::{ContrastiveConfig, Form, Objective, Scale};
pub use loss::{Loss, loss};
pub use retrieval::{Retrieved, retrieve, unit_length};
