//! Waits for work without the interpreter's lock, and passes on what it tells meanwhile.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use reperio::CallError;
use reperio_data::progress::{Observer, Progress};
use tracing::Level;

use crate::{ReperioError, error};

/// How often the interpreter hears of progress and may stop the work.
const TICK: Duration = Duration::from_millis(50);

/// Lines of the log that are kept for the interpreter between two ticks.
const MOST_LINES: usize = 10_000;

/// What the work has told and the interpreter has not heard, and whether the work is to stop.
#[derive(Default)]
pub(crate) struct Told {
    stop: AtomicBool,
    tasks: Mutex<BTreeMap<String, (u64, u64, &'static str)>>,
    lines: Mutex<Vec<(Level, String)>>,
}

/// A panic elsewhere leaves both collections whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told {
    /// Takes a line of the log.
    pub(crate) fn line(&self, level: Level, line: &str) {
        let mut lines = lock(&self.lines);
        if lines.len() < MOST_LINES {
            lines.push((level, line.to_owned()));
        }
    }
}

impl Observer for Told {
    fn progress(&self, Progress { task, done, total, unit }: Progress<'_>) {
        let mut tasks = lock(&self.tasks);
        match tasks.get_mut(task) {
            Some(own) => *own = (done, total, unit),
            None => drop(tasks.insert(task.to_owned(), (done, total, unit))),
        }
    }

    fn scalar(&self, _: &str, _: u64, _: f64) {}

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Python functions that are told of progress and of lines of the log.
#[derive(Clone, Copy)]
pub(crate) struct Listeners<'a, 'py> {
    /// `progress(task, done, total, unit)`.
    pub(crate) progress: Option<&'a Bound<'py, PyAny>>,
    /// `log(level, message)`.
    pub(crate) log: Option<&'a Bound<'py, PyAny>>,
}

impl Listeners<'_, '_> {
    /// Tells what has come since the last time.
    fn tell(self, told: &Told) -> PyResult<()> {
        let lines = std::mem::take(&mut *lock(&told.lines));
        if let Some(log) = self.log {
            for (level, line) in lines {
                log.call1((level.as_str(), line))?;
            }
        }
        let tasks = std::mem::take(&mut *lock(&told.tasks));
        if let Some(progress) = self.progress {
            for (task, (done, total, unit)) in tasks {
                progress.call1((task, done, total, unit))?;
            }
        }
        Ok(())
    }
}

/// Does `work` in a thread of its own. Ctrl-C, or an exception of a listener, asks it to stop; it saves what it has, and
/// then the exception is raised. A second Ctrl-C leaves the work behind, which stops by itself.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    listeners: Listeners<'_, '_>,
    work: impl FnOnce(Arc<Told>) -> Result<T, CallError> + Send + 'static,
) -> PyResult<T> {
    let told = Arc::new(Told::default());
    let (done, mut result) = mpsc::channel();
    let own = Arc::clone(&told);
    let worker = thread::Builder::new().name("reperio".to_owned()).spawn(move || {
        let _ = done.send(work(own)); // Nobody waits any more after a second Ctrl-C.
    })?;
    let mut raised: Option<PyErr> = None;
    let finished = loop {
        let (received, back) = py.detach(|| (result.recv_timeout(TICK), result));
        result = back;
        let tell = || if raised.is_none() { listeners.tell(&told) } else { Ok(()) };
        let heard = py.check_signals().and_then(|()| tell());
        if let Err(err) = heard {
            told.stop.store(true, Ordering::Relaxed);
            if raised.is_some() {
                return Err(err);
            }
            raised = Some(err);
        }
        match received {
            Ok(finished) => break Ok(finished),
            Err(RecvTimeoutError::Disconnected) => break Err(worker.join()),
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    match (finished, raised) {
        (Err(panic), _) => Err(panicked(panic.err())),
        (Ok(Err(CallError::Interrupted(text))), Some(err))
            if err.is_instance_of::<PyKeyboardInterrupt>(py) =>
        {
            Err(PyKeyboardInterrupt::new_err(text))
        }
        (_, Some(err)) => Err(err),
        (Ok(result), None) => result.map_err(error),
    }
}

/// The error for a panic, which is a fault of Reperio's own.
fn panicked(panic: Option<Box<dyn Any + Send>>) -> PyErr {
    let text = panic.as_ref().and_then(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied())
    });
    let text = text.unwrap_or("it ended without a result");
    ReperioError::new_err(format!("internal error: {text}; please report it"))
}
