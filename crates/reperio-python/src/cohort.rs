//! Cohorts in memory.

use std::collections::{BTreeMap, BTreeSet};
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

/// Repertoires with their labels, in the order that was asked for. It never changes.
#[pyclass(frozen, module = "reperio._reperio")]
pub(crate) struct Cohort {
    /// Sorted by id, as the library has it.
    loaded: Arc<Loaded>,
    /// Where each repertoire of this cohort is there.
    places: Vec<usize>,
}

impl Cohort {
    /// The cohort of the library, in its order.
    pub(crate) fn new(loaded: Loaded) -> Self {
        let places = (0..loaded.len()).collect();
        Self { loaded: Arc::new(loaded), places }
    }

    /// The cohort of the library, not copied.
    pub(crate) fn shared(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded)
    }

    /// Where each repertoire is in it.
    pub(crate) fn places(&self) -> &[usize] {
        &self.places
    }

    /// The repertoires in order.
    fn repertoires(&self) -> impl Iterator<Item = &Repertoire> {
        self.places.iter().map(|&place| &self.loaded.repertoires()[place])
    }

    /// The same repertoires with something else about them.
    fn changed(&self, loaded: Loaded) -> Self {
        Self { loaded: Arc::new(loaded), places: self.places.clone() }
    }
}

#[pymethods]
impl Cohort {
    fn __len__(&self) -> usize {
        self.places.len()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        Arc::ptr_eq(&self.loaded, &other.loaded) || *self.loaded == *other.loaded
    }

    #[getter]
    fn ids(&self) -> Vec<String> {
        self.repertoires().map(|own| own.id.clone()).collect()
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (name, values) in self.loaded.metadata().columns() {
            let values: Vec<&Option<String>> = self.places.iter().map(|&i| &values[i]).collect();
            columns.set_item(name, values)?;
        }
        Ok(columns)
    }

    #[getter]
    fn clonotypes(&self) -> Vec<usize> {
        self.repertoires().map(Repertoire::len).collect()
    }

    #[getter]
    fn templates(&self) -> Vec<u64> {
        self.repertoires().map(Repertoire::templates).collect()
    }

    #[getter]
    fn sha256(&self, py: Python<'_>) -> String {
        py.detach(|| self.loaded.sha256())
    }

    /// Rows kept and dropped by reason, one dict per repertoire.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let loads = py.import("json")?.getattr("loads")?;
        let counts = self.places.iter().map(|&i| &self.loaded.counts()[i]);
        counts.map(|own| loads.call1((serde_json::to_string(own).map_err(error)?,))).collect()
    }

    /// The repertoires at these places, in this order.
    fn select(&self, py: Python<'_>, indices: Vec<usize>) -> PyResult<Self> {
        let n = self.places.len();
        if let Some(index) = indices.iter().find(|&&index| index >= n) {
            return Err(PyIndexError::new_err(format!("place {index} of {n} repertoires")));
        }
        let rows: Vec<usize> = indices.iter().map(|&index| self.places[index]).collect();
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < rows.len() {
            return Err(PyValueError::new_err("a repertoire is chosen twice"));
        }
        let places = rows.iter().map(|row| sorted.partition_point(|own| own < row)).collect();
        let loaded = Arc::new(py.detach(|| self.loaded.select(&sorted)));
        Ok(Self { loaded, places })
    }

    /// The same repertoires with these columns, in this order, in place of their labels.
    fn with_metadata(&self, columns: BTreeMap<String, Vec<Option<String>>>) -> PyResult<Self> {
        let wrong =
            || PyValueError::new_err("expected one value for each repertoire in every column");
        let ids = self.ids();
        if columns.values().any(|own| own.len() != ids.len()) {
            return Err(wrong());
        }
        let columns = columns.into_iter().collect();
        let metadata = Metadata::from_columns(ids, columns).ok_or_else(wrong)?;
        Ok(self.changed(Loaded::clone(&self.loaded).with_metadata(metadata)))
    }

    /// The same repertoires under these ids, in this order.
    fn with_ids(&self, ids: Vec<String>) -> PyResult<Self> {
        let distinct: BTreeSet<&String> = ids.iter().collect();
        if ids.len() != self.places.len() || distinct.len() < ids.len() {
            return Err(PyValueError::new_err("expected a different id for each repertoire"));
        }
        let mut named = ids.iter().zip(&self.places).collect::<Vec<_>>();
        named.sort();
        let places = ids.iter().map(|id| named.partition_point(|(own, _)| *own < id)).collect();
        let rows = named.iter().map(|&(id, &place)| {
            let (mut own, counts) =
                (self.loaded.repertoires()[place].clone(), self.loaded.counts()[place].clone());
            own.id.clone_from(id);
            (own, counts)
        });
        let columns = self.loaded.metadata().columns().iter();
        let columns = columns.map(|(name, values)| {
            let values = named.iter().map(|&(_, &place)| values[place].clone()).collect();
            (name.clone(), values)
        });
        let sorted = named.iter().map(|&(id, _)| id.clone()).collect();
        let metadata = Metadata::from_columns(sorted, columns.collect());
        let metadata = metadata.ok_or_else(|| error("the labels do not fit the repertoires"))?;
        Ok(Self { loaded: Arc::new(Loaded::new(rows.collect(), &metadata)), places })
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
        let mut loaded = Loaded::clone(&self.loaded);
        py.detach(|| rarefy::all(loaded.repertoires_mut(), depth, seed));
        Ok(self.changed(loaded))
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
