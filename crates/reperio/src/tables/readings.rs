//! How files were read, for people: shared by `import` and `describe --columns`.

use std::collections::BTreeMap;

use reperio_data::cohort::ImportRow;
use reperio_data::format::Reading;

use crate::shell::output::align;

/// Different readings on the terminal; `--json` has that of each repertoire.
const SHOWN: usize = 4;

/// One block for all files that were read in the same way.
pub(crate) fn lines(rows: &[ImportRow]) -> Vec<String> {
    let mut groups: BTreeMap<String, (usize, &ImportRow)> = BTreeMap::new();
    for row in rows {
        let key = block(&row.reading).join("\n");
        groups.entry(key).or_insert((0, row)).0 += 1;
    }
    let mut lines = Vec::new();
    for (block, (n, first)) in groups.iter().take(SHOWN) {
        lines.push(match n {
            1 => format!("How {} was read", first.id),
            n => format!("How {} and {} more were read", first.id, n - 1),
        });
        lines.extend(block.lines().map(|line| format!("  {line}")));
    }
    if groups.len() > SHOWN {
        lines.push(format!("... {} more ways, listed by --json", groups.len() - SHOWN));
    }
    lines
}

/// Format, unit, species, and what each column became.
pub(crate) fn block(reading: &Reading) -> Vec<String> {
    let Reading { format, columns, count_unit, species, species_because, columns_not_read, .. } =
        reading;
    let mut lines = vec![format!(
        "format {format}; counts are {count_unit}; genes of {species} ({species_because})"
    )];
    let rows: Vec<_> = columns
        .iter()
        .map(|own| vec![own.column.clone(), "->".to_owned(), own.read_as.clone()])
        .collect();
    lines.extend(aligned_left(rows));
    if *columns_not_read > 0 {
        lines.push(format!("{columns_not_read} columns not read"));
    }
    lines
}

/// The first two cells aligned, the last as it is.
fn aligned_left(rows: Vec<Vec<String>>) -> Vec<String> {
    let (starts, ends): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|mut row| (row.drain(..2).collect::<Vec<_>>(), row)).unzip();
    let starts = align(&starts).into_iter();
    starts.zip(ends).map(|(start, end)| format!("{start} {}", end.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::format::ColumnUse;

    #[test]
    fn a_reading_is_a_few_lines() {
        let column = |column: &str, read_as: &str| ColumnUse {
            column: column.to_owned(),
            read_as: read_as.to_owned(),
        };
        let reading = Reading {
            format: "airr".to_owned(),
            columns: vec![
                column("junction_aa", "junction_aa, with its anchors"),
                column("umi_count", "duplicate_count (molecules)"),
            ],
            species_because: "default".to_owned(),
            columns_not_read: 3,
            ..Reading::default()
        };
        insta::assert_snapshot!(block(&reading).join("\n"), @r"
        format airr; counts are rows; genes of human (default)
        junction_aa  -> junction_aa, with its anchors
        umi_count    -> duplicate_count (molecules)
        3 columns not read
        ");
    }
}
