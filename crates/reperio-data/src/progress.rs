//! How long-running functions report to their caller. They draw nothing and read no clock.

/// The progress of a task.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is being done, as a short noun ("reading files", "epoch 3").
    pub task: &'a str,
    /// Units finished so far.
    pub done: u64,
    /// Total number of units.
    pub total: u64,
    /// What is counted, plural ("files", "sequences").
    pub unit: &'static str,
}

/// Receives progress and scalars for the log, and says whether to stop.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use reperio_data::progress::{Observer, Progress};
///
/// /// Remembers how far the task is.
/// struct Counter(AtomicU64);
///
/// impl Observer for Counter {
///     fn progress(&self, progress: Progress<'_>) {
///         self.0.fetch_max(progress.done, Ordering::Relaxed);
///     }
///     fn scalar(&self, _: &str, _: u64, _: f64) {}
///     fn cancelled(&self) -> bool {
///         false
///     }
/// }
/// ```
pub trait Observer: Sync {
    /// A task has advanced. May be called from any thread.
    fn progress(&self, progress: Progress<'_>);
    /// A value worth a line in the log and a point in a plot.
    fn scalar(&self, name: &str, step: u64, value: f64);
    /// Whether the person asked to stop. Long tasks ask often and save what they have.
    fn cancelled(&self) -> bool;
}

/// Reports nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: Progress<'_>) {}
    fn scalar(&self, _: &str, _: u64, _: f64) {}
    fn cancelled(&self) -> bool {
        false
    }
}
