//! The start and end of each bag.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Result, bail};

/// Bags of patterns that lie one after another: bag b holds patterns `offsets[b]..offsets[b + 1]`.
///
/// Invariant: offsets start with 0 and never decrease. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bags {
    offsets: Arc<[usize]>,
}

impl Bags {
    /// From `B + 1` offsets.
    ///
    /// # Errors
    ///
    /// If there are none, the first is not 0, or one is below the previous one; the message names its index.
    ///
    /// # Examples
    ///
    /// ```
    /// use candle_hopfield::ragged::Bags;
    ///
    /// let bags = Bags::new(&[0, 3, 3, 4])?;
    /// assert_eq!((bags.len(), bags.patterns(), bags.range(2)), (3, 4, 3..4));
    ///
    /// let err = Bags::new(&[0, 3, 2]).unwrap_err().to_string();
    /// assert!(err.starts_with("offset 2 is 2, below offset 1, which is 3"), "{err}");
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn new(offsets: &[usize]) -> Result<Self> {
        match offsets.first() {
            None => bail!("no offsets; expected one more than bags"),
            Some(0) => {}
            Some(first) => bail!("offset 0 is {first}; expected 0"),
        }
        for (k, pair) in offsets.windows(2).enumerate() {
            if pair[1] < pair[0] {
                bail!("offset {} is {}, below offset {k}, which is {}", k + 1, pair[1], pair[0]);
            }
        }
        Ok(Self { offsets: offsets.into() })
    }

    /// From the number of patterns of each bag.
    ///
    /// # Errors
    ///
    /// If they are too many to count.
    pub fn from_lengths(lengths: &[usize]) -> Result<Self> {
        let mut offsets = vec![0usize];
        for (b, length) in lengths.iter().enumerate() {
            let Some(end) = offsets[b].checked_add(*length) else {
                bail!("bag {b} has {length} patterns: too many to count");
            };
            offsets.push(end);
        }
        Ok(Self { offsets: offsets.into() })
    }

    /// Number of bags B.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no bag.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of patterns n of all bags.
    pub fn patterns(&self) -> usize {
        self.offsets[self.len()]
    }

    /// Patterns of bag `b`.
    ///
    /// # Panics
    ///
    /// If `b` is not below [`len`](Self::len).
    pub fn range(&self, b: usize) -> Range<usize> {
        self.offsets[b]..self.offsets[b + 1]
    }

    /// Patterns of each bag.
    pub fn iter(&self) -> impl Iterator<Item = Range<usize>> {
        self.offsets.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// The offsets, `(B + 1)`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    pub(super) fn check_end(&self, n: usize) -> Result<()> {
        if self.patterns() != n {
            bail!("offset {} is {}; expected {n} patterns", self.len(), self.patterns());
        }
        Ok(())
    }
}
