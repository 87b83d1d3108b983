//! Results for people and for programs.
//!
//! Every command ends in one value that implements [`Report`]. Serialised it is the object that
//! `--json` prints; the doc comments of its fields are that object's documentation.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;

/// The result of a command.
pub(crate) trait Report: Serialize {
    /// The same figures as lines for a terminal.
    fn lines(&self) -> Vec<String>;
}

/// Where results go.
pub(crate) enum Output {
    /// stdout, as lines or as JSON.
    Terminal {
        /// Whether as JSON.
        json: bool,
    },
    /// The process that called the command, as JSON.
    Kept(Mutex<String>),
}

impl Output {
    /// Keeps the result for the process that called the command.
    pub(crate) fn kept() -> Self {
        Self::Kept(Mutex::default())
    }

    /// Prints a result; `before` runs when its text is there and not yet printed.
    pub(crate) fn print<R: Report>(&self, report: &R, before: impl FnOnce()) -> Result<()> {
        let json =
            || serde_json::to_string_pretty(report).context("cannot write the result as JSON");
        match self {
            Self::Kept(kept) => {
                let text = json()?;
                before();
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = text;
                Ok(())
            }
            Self::Terminal { json: as_json } => {
                let mut text =
                    if *as_json { json()? } else { printable(&report.lines().join("\n")) };
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                before();
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).context("cannot write to stdout")?;
                stdout.flush().context("cannot write to stdout")
            }
        }
    }

    /// What was kept; nothing of a terminal.
    pub(crate) fn into_kept(self) -> String {
        match self {
            Self::Terminal { .. } => String::new(),
            Self::Kept(text) => text.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Text that is safe for a terminal: names in files can hold sequences that control it.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Rows of cells as lines, columns aligned: the first to the left, the others to the right.
pub(crate) fn align(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let cell = |(column, (cell, &width)): (usize, (&String, &usize))| match column {
        0 => format!("{cell:width$}"),
        _ => format!("{cell:>width$}"),
    };
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).enumerate().map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A row of [`align`].
pub(crate) fn row<const N: usize>(cells: [&dyn std::fmt::Display; N]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(printable("a\tb\n\u{1b}[2Jc\u{9b}d"), "a\tb\n\u{fffd}[2Jc\u{fffd}d");
    }

    #[test]
    fn columns_line_up() {
        let rows = [row([&"file", &"clonotypes"]), row([&"a.tsv", &12]), row([&"bb.tsv", &3])];
        insta::assert_snapshot!(align(&rows).join("\n"), @r"
        file    clonotypes
        a.tsv           12
        bb.tsv           3
        ");
    }
}
