//! Reads files and tables of the interpreter into a cohort.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use tempfile::TempDir;

use crate::arrow::{self, Rows};
use crate::call::host;
use crate::cohort::Cohort;
use crate::error;
use crate::wait::{Listeners, wait};

/// A cohort from files, or from tables that are read as files of their names would be.
///
/// A path that is a key of `cohorts` means that cohort. `argv` are options of reading as the command line has them. A table goes through a file that is gone at the end, row
/// group by row group, so that no column is in memory twice.
#[pyfunction]
#[pyo3(signature = (paths, *, metadata = None, argv = vec![], tables = vec![], metadata_table = None, cohorts = HashMap::new(), threads = None, progress = None, log = None))]
#[expect(clippy::too_many_arguments, reason = "one for each keyword of the interface")]
pub(crate) fn read(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    metadata: Option<PathBuf>,
    argv: Vec<OsString>,
    tables: Vec<(String, Bound<'_, PyAny>)>,
    metadata_table: Option<Bound<'_, PyAny>>,
    cohorts: HashMap<PathBuf, PyRef<'_, Cohort>>,
    threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
    log: Option<&Bound<'_, PyAny>>,
) -> PyResult<Cohort> {
    let folder = tempfile::Builder::new().prefix("reperio-").tempdir().map_err(error)?;
    let mut inputs = paths;
    for (name, table) in &tables {
        let path = folder.path().join(format!("{name}.tsv"));
        write(py, table, path.clone(), name)?;
        inputs.push(path);
    }
    let metadata = match &metadata_table {
        None => metadata,
        Some(table) => {
            // In a folder of its own: beside the tables it would be one of them.
            let path = folder.path().join("metadata");
            std::fs::create_dir(&path).map_err(error)?;
            let path = path.join("metadata.tsv");
            write(py, table, path.clone(), "metadata")?;
            Some(path)
        }
    };
    let cohorts = cohorts.into_iter().map(|(name, own)| (name, own.shared())).collect();
    let loaded = wait(py, Listeners { progress, log }, move |told| {
        let read = reperio::read(&inputs, metadata.as_ref(), &argv, host(&told, threads, cohorts));
        read.map_err(|err| without(&folder, err))
    })?;
    Ok(Cohort::new(loaded))
}

/// Writes a table as `path`.
fn write(py: Python<'_>, table: &Bound<'_, PyAny>, path: PathBuf, name: &str) -> PyResult<()> {
    let plain = Path::new(name).file_name().is_some_and(|own| own == name);
    if !plain || name.starts_with('.') {
        return Err(error(format!(
            "{name:?} cannot be the name of a repertoire: it is no file name"
        )));
    }
    let rows = Rows::of(table)?;
    py.detach(|| arrow::write(rows, &path)).map_err(|err| error(format!("{name}: {err}")))
}

/// An error that names tables in place of their files.
fn without(folder: &TempDir, err: reperio::CallError) -> reperio::CallError {
    use reperio::CallError as E;
    let prefix = format!("{}/", folder.path().display());
    let plain = |text: String| text.replace(&prefix, "");
    match err {
        E::Usage(text) => E::Usage(plain(text)),
        E::Interrupted(text) => E::Interrupted(plain(text)),
        E::Failed(text) => E::Failed(plain(text)),
        other => other,
    }
}
