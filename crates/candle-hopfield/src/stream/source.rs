//! Pools patterns that do not fit into memory.

use candle_core::Error;

use super::patterns::{Patterns, StatePatterns};
use super::state::PoolingState;

/// A buffer of patterns that is filled repeatedly.
///
/// # Shapes
///
/// - `stored`: `(n, d)`
/// - `projected`: `(n, e)`, or empty: the stored patterns themselves are averaged
/// - `log_weights`: `(n)`, or empty: each pattern counts once
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// Stored patterns.
    pub stored: Vec<f32>,
    /// Projected patterns.
    pub projected: Vec<f32>,
    /// Log-weights.
    pub log_weights: Vec<f32>,
}

impl Chunk {
    /// The view that pooling reads.
    pub fn patterns(&self) -> Patterns<'_> {
        fn given(values: &[f32]) -> Option<&[f32]> {
            (!values.is_empty()).then_some(values)
        }
        Patterns {
            stored: &self.stored,
            projected: given(&self.projected),
            log_weights: given(&self.log_weights),
        }
    }

    fn clear(&mut self) {
        self.stored.clear();
        self.projected.clear();
        self.log_weights.clear();
    }
}

/// Pools the chunks that `fill` delivers, until it leaves one without stored patterns.
///
/// `fill` gets the same chunk each time, emptied, so nothing is allocated once it has reached its size.
/// Threads share a chunk by parts of 4,096 patterns: some ten thousand a thread keep all busy. Where chunks
/// begin and end changes the result by rounding only; the number of threads does not change it at all.
///
/// # Examples
///
/// ```
/// use candle_core::Error;
/// use candle_hopfield::stream::{StatePatterns, pool_stream};
///
/// let states = StatePatterns::new(&[1.0, 0.0], &[2.0])?;
/// // Any source that may fail: here three lines of text.
/// let mut lines = "0.1 0.2\n1.0 0.5\n-1.0 0.3".lines();
/// let state = pool_stream(&states, 2, |chunk| {
///     for number in lines.next().unwrap_or_default().split_whitespace() {
///         chunk.stored.push(number.parse().map_err(Error::wrap)?);
///     }
///     Ok::<(), Error>(())
/// })?;
/// let z = state.finish();
/// assert!((z[0] - 0.843).abs() < 1e-3 && (z[1] - 0.455).abs() < 1e-3, "{z:?}");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// What `fill` returns; or if a chunk does not fit `states` and values of `width` floats, or only some
/// chunks have projected patterns.
pub fn pool_stream<E: From<Error>>(
    states: &StatePatterns,
    width: usize,
    mut fill: impl FnMut(&mut Chunk) -> Result<(), E>,
) -> Result<PoolingState, E> {
    let mut state = PoolingState::new(states.heads(), width);
    let mut chunk = Chunk::default();
    let mut averages_stored = None;
    for number in 0.. {
        chunk.clear();
        fill(&mut chunk)?;
        if chunk.stored.is_empty() {
            break;
        }
        let bare = chunk.projected.is_empty();
        if *averages_stored.get_or_insert(bare) != bare {
            let message = "projected patterns in all chunks or in none";
            return Err(Error::Msg(format!("chunk {number}: expected {message}")).into());
        }
        state.absorb_parallel(states, &chunk.patterns())?;
    }
    Ok(state)
}

/// Pools `patterns` that are in memory, in parallel over fixed parts, with values of `width` floats.
///
/// ```
/// use candle_hopfield::stream::{Patterns, StatePatterns, pool};
///
/// # fn main() -> candle_core::Result<()> {
/// let states = StatePatterns::new(&[1.0, 0.0], &[1.0])?;
/// let pooled = pool(&states, 2, &Patterns::new(&[0.5, 1.0, 0.5, 3.0]))?;
/// assert_eq!(pooled.finish().len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If `patterns` do not fit `states` and `width`.
pub fn pool(
    states: &StatePatterns,
    width: usize,
    patterns: &Patterns,
) -> candle_core::Result<PoolingState> {
    let mut state = PoolingState::new(states.heads(), width);
    state.absorb_parallel(states, patterns)?;
    Ok(state)
}
