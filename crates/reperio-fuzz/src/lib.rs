//! Targets of fuzzing: everything that a file can make Reperio do, driven by bytes as they might come.
//!
//! A target takes any bytes. It reads them as a user's file is read and panics where a promise is broken: a row
//! that is neither kept nor dropped for a reason, a store that is not what was written to it, a score without its
//! evidence, an error that does not name its file. `tests/replay.rs` runs every target on `corpus/<target>/` and on
//! what was once found, `found/<target>/`; `fuzz/` is the glue to `cargo-fuzz`, which looks for more.

#![forbid(unsafe_code)]

mod antigens;
mod checkpoint;
mod compressed;
mod configs;
mod genes;
mod models;
mod read_back;
mod scratch;
mod sealed;
pub mod seeds;
mod stores;
mod tables;
mod training;

use std::error::Error;
use std::path::Path;

use reperio_data::format::Format;

/// A target that is not a format.
type Target = (&'static str, fn(&[u8]));

/// Every target beside the formats.
const OTHERS: [Target; 18] = [
    ("options", tables::options),
    ("gene", genes::name),
    ("metadata", read_back::metadata),
    ("splits", read_back::splits),
    ("truth", read_back::truth),
    ("antigens", antigens::export),
    ("generator", read_back::generator),
    ("compressed", compressed::as_they_are),
    ("recompressed", compressed::again),
    ("import", stores::import),
    ("store-manifest", stores::manifest),
    ("store-cohort", stores::cohort),
    ("store-repertoire", stores::repertoire),
    ("model", models::file),
    ("model-description", models::description),
    ("checkpoint", checkpoint::state),
    ("run-config", configs::run),
    ("simulation", configs::simulation),
];

/// Names of all targets: those of the formats, and the others.
pub fn names() -> Vec<&'static str> {
    let others = OTHERS.iter().map(|(name, _)| *name);
    Format::ALL.into_iter().map(Format::name).chain(others).collect()
}

/// Runs the target called `name` on `bytes`.
///
/// # Panics
///
/// If a promise is broken, or there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    if let Ok(format) = name.parse::<Format>() {
        return tables::read_as(format, bytes);
    }
    let found = OTHERS.iter().find(|(own, _)| *own == name);
    let (_, target) = found.unwrap_or_else(|| panic!("no target {name:?} among {:?}", names()));
    target(bytes);
}

/// An error and its causes, as the program prints them.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Holds an error to what all of them promise: it says which file it is about.
fn names_its_file(error: &dyn Error, path: &Path) {
    let text = chain(error);
    assert!(text.contains(&path.display().to_string()), "no {} in {text:?}", path.display());
}
