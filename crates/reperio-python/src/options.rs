//! What each command takes, from its definition for the command line.

use std::any::TypeId;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error;

/// Every command: `name`, `about`, `long_about`.
#[pyfunction]
pub(crate) fn commands(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let definition = reperio::definition();
    let mut all = Vec::new();
    for own in definition.get_subcommands().filter(|own| own.get_name() != "help") {
        let entry = PyDict::new(py);
        let about = own.get_about().map(ToString::to_string).unwrap_or_default();
        let long = own.get_long_about().map_or_else(|| about.clone(), ToString::to_string);
        entry.set_item("name", own.get_name())?;
        entry.set_item("about", about)?;
        entry.set_item("long_about", long)?;
        all.push(entry);
    }
    Ok(all)
}

/// Every option of a command, in the order of its `--help`; those of every command for "".
#[pyfunction]
pub(crate) fn options<'py>(py: Python<'py>, command: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let definition = reperio::definition();
    let of: &Command = if command.is_empty() {
        &definition
    } else {
        let found = definition.get_subcommands().find(|own| own.get_name() == command);
        found.ok_or_else(|| error(format!("no command {command:?}")))?
    };
    of.get_arguments()
        .filter(|own| !["help", "version"].contains(&own.get_id().as_str()))
        .map(|own| entry(py, own))
        .collect()
}

fn entry<'py>(py: Python<'py>, argument: &Arg) -> PyResult<Bound<'py, PyDict>> {
    let entry = PyDict::new(py);
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values = argument.get_num_args();
    let takes_many = values.is_some_and(|n| n.max_values() > 1);
    let positional_many =
        argument.is_positional() && matches!(argument.get_action(), ArgAction::Append);
    let many = matches!(argument.get_action(), ArgAction::Append)
        || takes_many
        || positional_many
        || argument.get_value_delimiter().is_some();
    let default = argument.get_default_values().first();
    let choices: Vec<String> =
        argument.get_possible_values().iter().map(|own| own.get_name().to_owned()).collect();
    entry.set_item("name", argument.get_id().as_str())?;
    entry.set_item("flag", argument.get_long().map(|long| format!("--{long}")))?;
    entry.set_item("help", help)?;
    entry.set_item("kind", kind(argument))?;
    entry.set_item("many", many)?;
    entry.set_item("required", argument.is_required_set())?;
    entry.set_item("default", default.map(|own| own.to_string_lossy().into_owned()))?;
    entry.set_item("choices", if kind(argument) == "flag" { vec![] } else { choices })?;
    entry.set_item(
        "optional_value",
        values.is_some_and(|n| n.min_values() == 0 && n.takes_values()),
    )?;
    let heading = argument.get_help_heading().unwrap_or_default();
    entry.set_item("heading", heading)?;
    Ok(entry)
}

/// What a value is.
fn kind(argument: &Arg) -> &'static str {
    if matches!(argument.get_action(), ArgAction::SetTrue | ArgAction::Count) {
        return "flag";
    }
    let of = argument.get_value_parser().type_id();
    let integers = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<NonZeroU64>(),
        TypeId::of::<NonZeroUsize>(),
    ];
    if of == TypeId::of::<PathBuf>() {
        "path"
    } else if of == TypeId::of::<f64>() {
        "float"
    } else if integers.iter().any(|own| of == *own) {
        "int"
    } else {
        "text"
    }
}
