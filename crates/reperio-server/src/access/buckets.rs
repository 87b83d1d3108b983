//! Limits of how often somebody may do something.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Millis;

/// How often: `burst` times at once, and `per_second` for longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) burst: f64,
    pub(crate) per_second: f64,
}

/// A token bucket for each key. The table is bounded: a new key displaces whoever did least.
pub(crate) struct Buckets<K> {
    pace: Pace,
    most: usize,
    table: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Millis,
}

impl Bucket {
    fn refilled(self, pace: Pace, now: Millis) -> Self {
        let waited = now.saturating_sub(self.at).max(0) as f64 / 1000.0;
        Self { left: (self.left + waited * pace.per_second).min(pace.burst), at: now }
    }
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    /// A table for at most so many keys.
    pub(crate) fn new(pace: Pace, most: usize) -> Self {
        Self { pace, most, table: Mutex::default() }
    }

    /// Takes one; or says in how many seconds there will be one.
    ///
    /// # Errors
    ///
    /// The whole seconds to wait, at least 1.
    pub(crate) fn take(&self, key: &K, now: Millis) -> Result<(), u64> {
        let mut table = self.lock();
        let mut bucket = self.bucket(&table, key, now);
        let result = self.is_left(bucket);
        if result.is_ok() {
            bucket.left -= 1.0;
        }
        if table.len() >= self.most && !table.contains_key(key) {
            self.make_room(&mut table, now);
        }
        table.insert(key.clone(), bucket);
        result
    }

    /// As [`take`](Self::take), but takes none.
    ///
    /// # Errors
    ///
    /// The whole seconds to wait, at least 1.
    pub(crate) fn look(&self, key: &K, now: Millis) -> Result<(), u64> {
        self.is_left(self.bucket(&self.lock(), key, now))
    }

    /// Puts one back.
    pub(crate) fn give_back(&self, key: &K) {
        if let Some(bucket) = self.lock().get_mut(key) {
            bucket.left = (bucket.left + 1.0).min(self.pace.burst);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Bucket>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self, table: &HashMap<K, Bucket>, key: &K, now: Millis) -> Bucket {
        let new = Bucket { left: self.pace.burst, at: now };
        table.get(key).map_or(new, |bucket| bucket.refilled(self.pace, now))
    }

    fn is_left(&self, bucket: Bucket) -> Result<(), u64> {
        let missing = 1.0 - bucket.left;
        let is_left = missing <= 1e-9; // Rounding of the refill.
        if is_left { Ok(()) } else { Err((missing / self.pace.per_second).ceil().max(1.0) as u64) }
    }

    /// Forgets all full buckets, or the fullest one.
    fn make_room(&self, table: &mut HashMap<K, Bucket>, now: Millis) {
        let left = |bucket: &Bucket| bucket.refilled(self.pace, now).left;
        table.retain(|_, bucket| left(bucket) < self.pace.burst);
        if table.len() < self.most {
            return;
        }
        let fullest = table.iter().max_by(|a, b| left(a.1).total_cmp(&left(b.1)));
        if let Some(key) = fullest.map(|(key, _)| key.clone()) {
            table.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUESSES: Pace = Pace { burst: 3.0, per_second: 1.0 / 6.0 };

    #[test]
    fn after_the_burst_one_comes_back_every_six_seconds() {
        let buckets = Buckets::new(GUESSES, 10);
        let take = |now| buckets.take(&"a", now);
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(6));
        assert_eq!(take(5_500), Err(1));
        assert_eq!((take(6_000), take(6_000)), (Ok(()), Err(6)));
        assert_eq!(buckets.take(&"b", 6_000), Ok(()));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let buckets = Buckets::new(GUESSES, 10);
        for _ in 0..100 {
            assert_eq!(buckets.take(&1, 0), Ok(()));
            buckets.give_back(&1);
        }
        assert_eq!(buckets.look(&1, 0), Ok(()));
    }

    #[test]
    fn a_clock_set_back_neither_fills_nor_blocks() {
        let buckets = Buckets::new(GUESSES, 10);
        for _ in 0..3 {
            buckets.take(&1, 1_000_000).unwrap();
        }
        assert_eq!(buckets.take(&1, 0), Err(6));
        assert_eq!(buckets.take(&1, 6_000), Ok(()));
    }

    #[test]
    fn the_table_stays_small_and_keeps_the_worst() {
        let buckets = Buckets::new(GUESSES, 8);
        for _ in 0..4 {
            let _ = buckets.take(&0, 0);
        }
        for key in 1..1_000 {
            assert_eq!(buckets.take(&key, 1), Ok(()));
        }
        assert_eq!(buckets.lock().len(), 8);
        assert_eq!(buckets.take(&0, 2), Err(6));
    }
}
