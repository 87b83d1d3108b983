//! The `reperio` program: see the library of the same name.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(reperio::main(std::env::args_os()))
}
