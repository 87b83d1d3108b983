//! Random names.

use std::fmt::Write as _;

/// 32 hexadecimal digits that nobody can guess.
///
/// # Panics
///
/// If the operating system has no random numbers: nothing is safe then.
pub(crate) fn id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // A string takes all.
        text
    })
}
