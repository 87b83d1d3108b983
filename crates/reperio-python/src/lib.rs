//! `reperio._reperio`, the native half of the Python package `reperio`.
//!
//! It calls what the program calls. A command runs inside the interpreter as [`reperio::call`] runs it: in threads of its
//! own, without the interpreter's lock, and without a word to the terminal. `python/reperio/` makes the interface that
//! people see from it; `python/reperio/_reperio.pyi` documents each function.

#![expect(
    clippy::needless_pass_by_value,
    reason = "functions for Python take their arguments by value"
)]

use pyo3::prelude::*;

mod arrow;
mod call;
mod cohort;
mod features;
mod model;
mod options;
mod read;
mod wait;

/// The native module.
#[pymodule]
mod _reperio {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::ReperioError;
    #[pymodule_export]
    use crate::call::{call, main, panic};
    #[pymodule_export]
    use crate::cohort::Cohort;
    #[pymodule_export]
    use crate::features::features;
    #[pymodule_export]
    use crate::model::model_info;
    #[pymodule_export]
    use crate::options::{commands, options};
    #[pymodule_export]
    use crate::read::read;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

pyo3::create_exception!(
    reperio,
    ReperioError,
    pyo3::exceptions::PyException,
    "Why Reperio could not do what it was asked to, in the words of the command line."
);

/// An error of Reperio with this text.
fn error(text: impl std::fmt::Display) -> PyErr {
    ReperioError::new_err(text.to_string())
}
