//! Tables that are written: tab-separated, all at once or not at all.

use std::path::Path;

use crate::atomic::{self, WriteError};

/// Writes the table of `columns` and `rows`, which have a text for each of them; an empty one where there is no value.
/// A field with a tab, a quote or the end of a line is quoted.
pub(crate) fn write_tsv(
    path: &Path,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), WriteError> {
    atomic::write(path, |file| {
        let mut table = csv::WriterBuilder::new().delimiter(b'\t').from_writer(file);
        table.write_record(columns)?;
        for row in rows {
            table.write_record(row)?;
        }
        table.flush()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.tsv");
        let row = ["a b", "a\tb", "a \"b\"", "a\nb", "", "7"].map(str::to_owned).to_vec();
        write_tsv(&path, &["p", "q", "r", "s", "t", "u"], [row].into_iter()).unwrap();
        let expected = "p\tq\tr\ts\tt\tu\na b\t\"a\tb\"\t\"a \"\"b\"\"\"\t\"a\nb\"\t\t7\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }
}
