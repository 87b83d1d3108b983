//! What a model file says of itself.

use std::path::PathBuf;

use pyo3::prelude::*;
use reperio_model::model::Model;
use reperio_model::parts::Part;
use serde_json::json;

use crate::error;

/// A model file's, or a run folder's, targets, parts and origin, as a JSON object. Refuses a damaged file.
#[pyfunction]
pub(crate) fn model_info(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    let model = py.detach(|| Model::load(&Model::file(&path))).map_err(|err| error(chain(&err)))?;
    let parts: Vec<&str> = model.parts().into_iter().map(Part::name).collect();
    let object = json!({
        "info": model.info(),
        "parts": parts,
        "members": model.n_members(),
        "outputs": model.output_names(),
        "no_signal": model.no_signal(),
    });
    Ok(object.to_string())
}

/// An error and its causes, in a line.
pub(crate) fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
