//! Progress bars on stderr, and the scalars of a run for the log and TensorBoard.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use reperio_data::progress::{Observer, Progress};

use super::clock::Clock;
use super::tensorboard::EventWriter;

/// A task shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Draws a bar for every task that takes longer than [`PATIENCE`].
pub(crate) struct Bars {
    visible: bool,
    lines: MultiProgress,
    tasks: Mutex<BTreeMap<String, Task>>,
    clock: Mutex<Clock>,
    events: Mutex<Option<EventWriter>>,
    interrupted: Arc<AtomicBool>,
    /// Who is told in place of a person at a terminal.
    told: Option<Arc<dyn Observer + Send + Sync>>,
}

struct Task {
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Bars {
    /// Draws nothing if `quiet` or if stderr is not a terminal.
    pub(crate) fn new(quiet: bool, interrupted: Arc<AtomicBool>) -> Self {
        Self {
            visible: !quiet && io::stderr().is_terminal(),
            lines: MultiProgress::new(),
            tasks: Mutex::default(),
            clock: Mutex::default(),
            events: Mutex::default(),
            interrupted,
            told: None,
        }
    }

    /// Draws nothing and tells an observer, which also says when to stop.
    pub(crate) fn told(observer: Arc<dyn Observer + Send + Sync>) -> Self {
        Self { visible: false, told: Some(observer), ..Self::new(true, Arc::default()) }
    }

    /// The block of lines that the bars occupy, so that log lines can go above it.
    pub(crate) fn lines(&self) -> MultiProgress {
        self.lines.clone()
    }

    /// Sends the scalars to `events` from now on.
    pub(crate) fn set_events(&self, events: EventWriter) {
        *lock(&self.events) = Some(events);
    }

    /// Removes every bar, and logs how long each task took.
    pub(crate) fn finish(&self) {
        for (task, spent) in lock(&self.clock).take(Instant::now()) {
            tracing::info!(task, seconds = spent.as_secs_f64(), "time");
        }
        for (_, task) in std::mem::take(&mut *lock(&self.tasks)) {
            if let Some(bar) = task.bar {
                bar.finish_and_clear();
            }
        }
    }

    fn new_bar(&self, progress: Progress<'_>, started: Instant) -> ProgressBar {
        let style = ProgressStyle::with_template(
            "{prefix:24} {wide_bar} {human_pos}/{human_len} {msg} {rate} {eta} left",
        )
        .expect("the template is a constant")
        .with_key("rate", rate);
        let bar = ProgressBar::new(progress.total)
            .with_style(style)
            .with_prefix(progress.task.to_owned())
            .with_message(progress.unit)
            .with_elapsed(started.elapsed());
        self.lines.add(bar)
    }
}

/// "160.2/s".
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    let _ = write!(out, "{:.1}/s", state.per_sec()); // A line of text takes everything.
}

/// A panic elsewhere leaves the maps usable: they are only ever replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Bars {
    fn progress(&self, progress: Progress<'_>) {
        lock(&self.clock).reports(progress.task, Instant::now());
        if let Some(observer) = &self.told {
            observer.progress(progress);
        }
        if !self.visible {
            return;
        }
        let mut tasks = lock(&self.tasks);
        if progress.done >= progress.total {
            if let Some(Task { bar: Some(bar), .. }) = tasks.remove(progress.task) {
                bar.finish_and_clear();
            }
            return;
        }
        if !tasks.contains_key(progress.task) {
            let task = Task { started: Instant::now(), bar: None };
            tasks.insert(progress.task.to_owned(), task);
        }
        let task = tasks.get_mut(progress.task).expect("inserted above");
        if task.bar.is_none() && task.started.elapsed() > PATIENCE {
            task.bar = Some(self.new_bar(progress, task.started));
        }
        if let Some(bar) = &task.bar {
            bar.set_position(progress.done);
        }
    }

    fn scalar(&self, name: &str, step: u64, value: f64) {
        tracing::info!(name, step, value, "scalar");
        if let Some(observer) = &self.told {
            observer.scalar(name, step, value);
        }
        let mut events = lock(&self.events);
        let Some(writer) = events.as_mut() else { return };
        if let Err(err) = writer.scalar(name, step, value) {
            tracing::warn!("TensorBoard events end here: {err}");
            *events = None;
        }
    }

    fn cancelled(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
            || self.told.as_ref().is_some_and(|observer| observer.cancelled())
    }
}
