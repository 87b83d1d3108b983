//! Cohorts in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use reperio_data::cohort::{self, Cohort as Loaded};
use reperio_data::metadata::Metadata;
use reperio_data::rarefy::{self, Depth};
use reperio_data::repertoire::Repertoire;

use crate::model::chain;
use crate::wait::{Listeners, wait};
use crate::{arrow, error};

/// Repertoires with their labels, sorted by id. It never changes.
#[pyclass(frozen, subclass, module = "reperio._reperio")]
pub(crate) struct Cohort(Arc<Loaded>);

impl Cohort {
    /// The cohort of the library.
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self(Arc::new(loaded))
    }

    /// The same cohort, not copied.
    pub(crate) fn shared(&self) -> Arc<Loaded> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl Cohort {
    #[new]
    #[pyo3(signature = (other))]
    fn of(other: PyRef<'_, Self>) -> Self {
        Self(other.shared())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || *self.0 == *other.0
    }

    fn __hash__(&self) -> u64 {
        Arc::as_ptr(&self.0) as usize as u64
    }

    #[getter]
    fn ids(&self) -> Vec<String> {
        self.0.metadata().ids().to_vec()
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (name, values) in self.0.metadata().columns() {
            columns.set_item(name, values)?;
        }
        Ok(columns)
    }

    #[getter]
    fn clonotypes(&self) -> Vec<usize> {
        self.0.repertoires().iter().map(Repertoire::len).collect()
    }

    #[getter]
    fn templates(&self) -> Vec<u64> {
        self.0.repertoires().iter().map(Repertoire::templates).collect()
    }

    #[getter]
    fn sha256(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.sha256())
    }

    /// Rows kept and dropped by reason, one dict per repertoire.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let loads = py.import("json")?.getattr("loads")?;
        let counts = self.0.counts().iter();
        counts.map(|own| loads.call1((serde_json::to_string(own).map_err(error)?,))).collect()
    }

    /// The repertoires at these places.
    fn select(&self, py: Python<'_>, indices: Vec<usize>) -> PyResult<Self> {
        let n = self.0.len();
        if let Some(index) = indices.iter().find(|&&index| index >= n) {
            return Err(PyIndexError::new_err(format!("place {index} of {n} repertoires")));
        }
        let mut places = indices.clone();
        places.sort_unstable();
        places.dedup();
        if places.len() < indices.len() {
            return Err(PyValueError::new_err("a repertoire is chosen twice"));
        }
        Ok(Self::new(py.detach(|| self.0.select(&places))))
    }

    /// The same repertoires with these columns in place of their labels.
    fn with_metadata(&self, columns: BTreeMap<String, Vec<Option<String>>>) -> PyResult<Self> {
        let ids = self.0.metadata().ids().to_vec();
        let columns = columns.into_iter().collect();
        let metadata = Metadata::from_columns(ids, columns).ok_or_else(|| {
            PyValueError::new_err("expected one value for each repertoire in every column")
        })?;
        Ok(Self::new(Loaded::clone(&self.0).with_metadata(metadata)))
    }

    /// Repertoires of at most so many clonotypes or templates, drawn at random.
    #[pyo3(signature = (*, clonotypes = None, templates = None, seed = 0))]
    fn rarefy(
        &self,
        py: Python<'_>,
        clonotypes: Option<usize>,
        templates: Option<u64>,
        seed: u64,
    ) -> PyResult<Self> {
        let depth = match (clonotypes, templates) {
            (Some(n), None) if n > 0 => Depth::Clonotypes(n),
            (None, Some(n)) if n > 0 => Depth::Templates(n),
            _ => {
                return Err(PyValueError::new_err(
                    "expected either clonotypes or templates, above 0",
                ));
            }
        };
        let mut loaded = Loaded::clone(&self.0);
        py.detach(|| rarefy::all(loaded.repertoires_mut(), depth, seed));
        Ok(Self::new(loaded))
    }

    /// Writes a cohort store, which every command reads.
    fn write(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        let loaded = self.shared();
        let nobody = Listeners { progress: None, log: None };
        wait(py, nobody, move |_| {
            cohort::save(&loaded, &folder).map_err(|err| reperio::CallError::Failed(chain(&err)))
        })
    }

    /// The clonotypes as a stream of Arrow tables, one per repertoire.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema; // A producer may give its own types.
        arrow::export(py, self.shared())
    }
}
