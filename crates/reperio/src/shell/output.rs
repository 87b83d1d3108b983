//! Results for people and for programs.
//!
//! Every command ends in one value that implements [`Report`]. Serialised it is the object that
//! `--json` prints; the doc comments of its fields are that object's documentation.

use serde::Serialize;

/// The result of a command.
pub(crate) trait Report: Serialize {
    /// The same figures as lines for a terminal.
    fn lines(&self) -> Vec<String>;
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
