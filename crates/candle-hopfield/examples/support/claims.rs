//! What an example claims, printed and checked.

use candle_core::{Result, bail};

/// Prints every statement with whether it holds; an error unless all do.
#[expect(clippy::print_stdout, reason = "what an example is for")]
pub(crate) fn check(statements: &[(&str, bool)]) -> Result<()> {
    println!();
    for (statement, holds) in statements {
        println!("{:<5}{statement}", if *holds { "yes" } else { "NO" });
    }
    if statements.iter().all(|(_, holds)| *holds) {
        return Ok(());
    }
    bail!("a statement does not hold")
}
