//! Hopfield pooling over any number of stored patterns, in constant memory, on plain `f32` slices.
//!
//! ```text
//! s_hi = beta_h <xi_h, y_i> + w_i        a_h = softmax_i(s_h)        z_h = sum_i a_hi v_i
//! ```
//!
//! with a state pattern xi and a beta per head, stored patterns y, projected patterns v (the stored patterns
//! themselves, if none are given) and log-weights w (0, if none are given). A pattern with log-weight
//! `ln(c)` counts like c equal patterns.
//!
//! [`PoolingState`] keeps a running maximum, sum of exponentials and weighted sum per head, as in the online
//! softmax. It [absorbs](PoolingState::absorb) patterns in chunks of any size, and states of disjoint
//! shards [merge](PoolingState::merge), on one machine or several. The backward pass reads the chunks
//! once more. [`Upstream`] and [`StateGradients`] are of constant size too.
//!
//! # Exactness
//!
//! Patterns are scored in `f32`, in blocks of 32, whose sums are added in `f64`. Results equal the definition
//! in `f64` to about 1e-6 of the largest value for scores of moderate size (an error of a score is an error
//! of the logarithm of its weight). Weights below `exp(-87)` of the largest so far count as 0. An
//! empty bag gives zeros, and so does one with log-weights of -inf only. NaN in scores gives NaN, as do
//! infinite scores; a value that is not finite spoils z even at weight 0, as in any matrix product.
//!
//! The number of threads changes no bit, and neither does the instruction set: AVX2 or NEON if the processor has it,
//! otherwise the same operations in the same order.
//!
//! # Examples
//!
//! Two shards, pooled apart, and the gradients of both:
//!
//! ```
//! use candle_hopfield::stream::{
//!     PatternGradients, Patterns, PoolingState, StateGradients, StatePatterns, Upstream,
//! };
//!
//! // Two heads over stored patterns of width 2, averaged themselves.
//! let states = StatePatterns::new(&[1.0, 0.0, 0.0, 1.0], &[4.0, 4.0])?;
//! let shards = [vec![1.0, 0.0, 0.0, 1.0], vec![-1.0, 0.0]];
//!
//! let mut whole = PoolingState::new(2, 2);
//! for shard in &shards {
//!     let mut state = PoolingState::new(2, 2);
//!     state.absorb(&states, &Patterns::new(shard))?;
//!     whole.merge(&state)?;
//! }
//! let z = whole.finish(); // (2, 2)
//! assert!(z[0] > 0.98 && z[3] > 0.96, "each head retrieves the pattern that resembles it: {z:?}");
//!
//! let upstream = Upstream::new(&whole, &[1.0, 0.0, 0.0, 1.0])?;
//! let mut gradients = StateGradients::new(2, 2);
//! for shard in &shards {
//!     let mut stored = vec![0.0; shard.len()];
//!     let out = PatternGradients { stored: Some(&mut stored), ..PatternGradients::default() };
//!     gradients.absorb(&states, &Patterns::new(shard), &upstream, out)?;
//!     // `stored` now holds the gradient of this shard.
//! }
//! assert_eq!(gradients.states().len(), 4);
//! assert!(gradients.betas()[0] > 0.0, "a sharper softmax brings z[0] nearer to 1");
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! # References
//!
//! - Pooling as an association: Ramsauer et al., *Hopfield Networks is All You Need*,
//!   <https://arxiv.org/abs/2008.02217>
//! - Running maximum and sum: Milakov and Gimelshein, *Online normalizer calculation for softmax*,
//!   <https://arxiv.org/abs/1805.02867>

mod backward;
mod differentiate;
mod exp;
mod forward;
mod kernels;
mod lanes;
mod parts;
mod patterns;
mod source;
mod state;
#[cfg(test)]
mod tests;

pub use backward::{PatternGradients, StateGradients, Upstream};
pub(crate) use forward::{Scratch, Total};
pub use patterns::{Patterns, StatePatterns};
pub use source::{Chunk, pool, pool_stream};
pub use state::PoolingState;
