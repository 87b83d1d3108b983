//! Work on every repertoire of a cohort that is in memory.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use reperio_data::progress::{Observer, Progress};

/// Calls `work` on the places of `n` repertoires, in parallel, and returns the results in order; `None` once the
/// observer has cancelled.
pub(crate) fn each<T: Send>(
    task: &str,
    n: usize,
    observer: &dyn Observer,
    work: impl Fn(usize) -> T + Sync,
) -> Option<Vec<T>> {
    let (done, total) = (AtomicU64::new(0), n as u64);
    let one = |i: usize| {
        if observer.cancelled() {
            return None;
        }
        let result = work(i);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.progress(Progress { task, done, total, unit: "repertoires" });
        Some(result)
    };
    (0..n).into_par_iter().map(one).collect()
}
