//! Commands: the whole program, and one command inside the interpreter.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use reperio::Host;

use crate::cohort::Cohort;
use crate::wait::{Listeners, Told, wait};

/// Runs the program with `argv`, whose first word is its name; returns the exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, argv: Vec<OsString>) -> u8 {
    py.detach(|| reperio::main(argv))
}

/// Runs a command inside the interpreter; returns the JSON object that it prints with `--json`.
#[pyfunction]
#[pyo3(signature = (command, argv, *, cohorts = HashMap::new(), threads = None, progress = None, log = None, verbose = 0))]
#[expect(clippy::too_many_arguments, reason = "one for each keyword of the interface")]
pub(crate) fn call(
    py: Python<'_>,
    command: String,
    argv: Vec<OsString>,
    cohorts: HashMap<PathBuf, PyRef<'_, Cohort>>,
    threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
    log: Option<&Bound<'_, PyAny>>,
    verbose: u8,
) -> PyResult<String> {
    let cohorts: BTreeMap<PathBuf, _> =
        cohorts.into_iter().map(|(name, own)| (name, own.shared())).collect();
    wait(py, Listeners { progress, log }, move |told| {
        reperio::call(&command, &argv, Host { verbose, ..host(&told, threads, cohorts) })
    })
}

/// What a command is lent by `told`.
pub(crate) fn host(
    told: &Arc<Told>,
    threads: Option<usize>,
    cohorts: BTreeMap<PathBuf, Arc<reperio_data::cohort::Cohort>>,
) -> Host {
    let lines = Arc::clone(told);
    let log = Arc::new(move |level, line: &str| lines.line(level, line));
    Host { threads, cohorts, observer: Arc::clone(told) as _, log, command_line: None, verbose: 0 }
}

/// Panics as a fault of the library would, to show that it ends in an exception.
#[pyfunction]
#[pyo3(name = "_panic")]
pub(crate) fn panic(py: Python<'_>) -> PyResult<()> {
    let nobody = Listeners { progress: None, log: None };
    wait(py, nobody, |_| {
        rayon::join(|| panic!("asked to panic"), || ());
        Ok(())
    })
}
