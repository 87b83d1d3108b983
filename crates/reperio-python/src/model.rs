//! What a model file says of itself.

use std::path::PathBuf;

use pyo3::prelude::*;
use reperio_model::model::Model;
use reperio_model::parts::Part;
use serde_json::json;

use crate::error;

/// What a model file, or that of a run folder, says of itself, as a JSON object: `version`, `targets` (`column`, `kind`, and
/// what its values mean), `parts` (`target`, `part`, `name`, `weight`), `outputs`, `no_signal`. Refuses a damaged file.
#[pyfunction]
pub(crate) fn model_info(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    let model = py.detach(|| Model::load(&Model::file(&path))).map_err(|err| error(chain(&err)))?;
    let (info, mut parts) = (model.info(), Vec::new());
    for (target, own) in info.targets.iter().zip(model.targets()) {
        let mut row = |part: Part, name: &str, weight: f64| {
            let (target, part) = (&target.column, part.name());
            parts.push(json!({ "target": target, "part": part, "name": name, "weight": weight }));
        };
        if own.network != 0.0 {
            row(Part::Network, Part::Network.name(), own.network);
        }
        own.terms.iter().for_each(|term| row(term.part, &term.name, term.weight));
    }
    let object = json!({
        "version": info.version,
        "targets": info.targets,
        "parts": parts,
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
