//! What a table counts: cells, else molecules, else reads; one unit for all its rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::columns::Places;
use super::super::header::Header;
use super::super::value::{self, Count};
use super::sample::Sample;

/// What the count of a clonotype counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountUnit {
    /// Distinct cells.
    Cells,
    /// Molecules (UMIs, templates).
    Molecules,
    /// Reads.
    Reads,
    /// Whatever the file calls a count.
    Copies,
    /// Rows: the file has no counts.
    #[default]
    Rows,
}

impl fmt::Display for CountUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cells => "cells",
            Self::Molecules => "molecules",
            Self::Reads => "reads",
            Self::Copies => "copies, as the file counts them",
            Self::Rows => "rows",
        })
    }
}

impl CountUnit {
    /// What a column counts, by its name in lower case.
    fn of(name: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["cell"]) {
            Self::Cells
        } else if has(&["umi", "template", "molecule", "transcript", "genomes"]) {
            Self::Molecules
        } else if has(&["read", "consensus", "duplicate", "clonecount", "clone count"]) {
            Self::Reads
        } else {
            Self::Copies
        }
    }

    /// Which of two columns is preferred: reads and unnamed copies are equally good.
    fn rank(self) -> u8 {
        match self {
            Self::Cells => 0,
            Self::Molecules => 1,
            _ => 2,
        }
    }
}

/// Names that certainly mean a count where a format has none of its own, without anything but letters.
const CERTAIN: [&str; 24] = [
    "umicount",
    "umis",
    "umi",
    "numis",
    "templates",
    "moleculecount",
    "transcriptcount",
    "duplicatecount",
    "consensuscount",
    "readcount",
    "readcounts",
    "reads",
    "nreads",
    "seqreads",
    "clonecount",
    "clones",
    "clonesize",
    "count",
    "counts",
    "seqcount",
    "copies",
    "copynumber",
    "cellcount",
    "ncells",
];

/// Names that mean a count if all values are whole, and a share otherwise.
const DOUBTFUL: [&str; 3] = ["frequency", "freq", "abundance"];

/// Where counts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) unit: CountUnit,
    pub(super) column: Option<usize>,
    /// The column that names cells.
    pub(super) cell: Option<usize>,
}

/// Decides what is counted. `asked` is the column that a person named.
pub(super) fn decide(
    sample: &Sample,
    places: &Places,
    header: &Header,
    asked: Option<usize>,
    only_named: bool,
) -> Counted {
    let unit = |at: usize| CountUnit::of(&header.names[at].to_ascii_lowercase());
    if let Some(at) = asked {
        return Counted { unit: unit(at), column: Some(at), cell: None };
    }
    let filled = |at: &usize| 2 * sample.values(*at).count() > sample.rows.len();
    if let Some(at) = places.cell.iter().copied().find(filled) {
        return Counted { unit: CountUnit::Cells, column: None, cell: Some(at) };
    }
    let mut column = best(sample, &places.counts, unit);
    if column.is_none() && !only_named {
        let named = |names: &[&str]| {
            let columns = 0..header.names.len();
            columns.filter(|&at| names.contains(&letters(&header.names[at]).as_str())).collect()
        };
        let certain: Vec<usize> = named(&CERTAIN);
        let certain: Vec<usize> =
            certain.into_iter().filter(|&at| sample.values(at).all(is_count)).collect();
        let doubtful: Vec<usize> = named(&DOUBTFUL);
        let doubtful: Vec<usize> =
            doubtful.into_iter().filter(|&at| is_whole(sample, at)).collect();
        column = best(sample, &certain, unit).or_else(|| best(sample, &doubtful, unit));
    }
    // A column that is empty so far is read all the same: its values may come later.
    let column = column.or_else(|| places.counts.first().copied());
    Counted { unit: column.map_or(CountUnit::Rows, unit), column, cell: None }
}

/// Of the columns that have values, the one of the best unit; one that lacks them in most rows only if
/// no other has more.
fn best(sample: &Sample, columns: &[usize], unit: impl Fn(usize) -> CountUnit) -> Option<usize> {
    let key = |&at: &usize| {
        let filled = sample.values(at).count();
        let sparse = if 2 * filled >= sample.rows.len() { 0 } else { sample.rows.len() - filled };
        (sparse, unit(at).rank())
    };
    columns.iter().copied().filter(|&at| sample.has_values(at)).min_by_key(key)
}

/// A name without anything but its letters and digits, in lower case.
pub(super) fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

fn is_count(value: &[u8]) -> bool {
    value::count(value).is_some()
}

/// Whether all values of a column are whole and one is more than 1.
pub(super) fn is_whole(sample: &Sample, at: usize) -> bool {
    let mut largest = 0;
    for value in sample.values(at) {
        let Some(Count::Whole(count)) = value::count(value) else { return false };
        largest = largest.max(count);
    }
    largest > 1
}

#[cfg(test)]
mod tests {
    use super::super::super::ReadOptions;
    use super::super::super::testing::{check, check_with};
    use insta::assert_snapshot;

    #[test]
    fn molecules_come_before_reads() {
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\tumi_count\tconsensus_count\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t900\t12\t900\nCASSLYEQYF\tTRBV9\tTRBJ2-7\t100\t90\t100\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSLYEQYF TRBV9 TRBJ2-7 90
        CASSYEQYF TRBV9 TRBJ2-7 12
        ");
        let count_column = Some("duplicate_count".to_owned());
        let options = ReadOptions { count_column, ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        airr case: 2 of 2 rows
        CASSLYEQYF TRBV9 TRBJ2-7 100
        CASSYEQYF TRBV9 TRBJ2-7 900
        ");
        let count_column = Some("n".to_owned());
        let options = ReadOptions { count_column, ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @"case.tsv:1: columns `junction_aa`, `v_call`, `j_call`, `duplicate_count`, `umi_count`, `consensus_count`, expected the count column `n`");
    }

    #[test]
    fn one_unit_is_used_for_all_rows() {
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\tumi_count\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t900\t12\nCASSLYEQYF\tTRBV9\tTRBJ2-7\t100\t\n\
            CASSFYEQYF\tTRBV9\tTRBJ2-7\t100\t7\n";
        assert_snapshot!(check(table), @r"
        airr case: 3 of 3 rows
        CASSFYEQYF TRBV9 TRBJ2-7 7
        CASSLYEQYF TRBV9 TRBJ2-7 1
        CASSYEQYF TRBV9 TRBJ2-7 12
        noted: missing counts 1
        ");
    }

    #[test]
    fn cells_come_before_molecules() {
        let table = "cell_id\tjunction_aa\tv_call\tj_call\tduplicate_count\tis_cell\n\
            A-1\tCASSYEQYF\tTRBV9\tTRBJ2-7\t40\tT\nA-1\tCASSYEQYF\tTRBV9\tTRBJ2-7\t7\tT\n\
            B-1\tCASSYEQYF\tTRBV9\tTRBJ2-7\t2\tT\n\tCASSLYEQYF\tTRBV9\tTRBJ2-7\t2\tT\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 4 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        dropped: not a cell 1
        dropped: same cell again 1
        ");
        let bulk = table.replace("A-1", "").replace("B-1", "");
        let text = check(&bulk);
        assert!(text.contains("CASSYEQYF TRBV9 TRBJ2-7 49"), "{text}");
    }

    #[test]
    fn a_frequency_of_whole_numbers_is_a_count() {
        let table = "AAseq,NNseq,Vregion,Jregion,Frequency\n\
            CASSYEQYF,TGT,TRBV9*01,TRBJ2-7*01,8\nCASSLYEQYF,TGT,TRBV9*01,TRBJ2-7*01,1\n";
        assert_snapshot!(check(table), @r"
        tcrdb case: 2 of 2 rows
        CASSLYEQYF TRBV9 TRBJ2-7 1
        CASSYEQYF TRBV9 TRBJ2-7 8
        ");
        let share = table.replace(",8\n", ",0.8\n").replace(",1\n", ",0.2\n");
        assert!(check(&share).contains("noted: missing counts 2"));
    }

    #[test]
    fn counts_are_found_whatever_their_column_is_called() {
        for name in ["count", "Read.count", "copies", "counts", "n_umis", "Clone Size"] {
            let table = format!("junction_aa\tv_call\t{name}\nCASSYEQYF\tTRBV9\t5\n");
            let text = check(&table);
            assert!(text.ends_with("CASSYEQYF TRBV9 ? 5"), "{name}: {text}");
        }
    }

    #[test]
    fn all_counts_lost_beside_a_column_that_looks_like_them_is_an_error() {
        let table = "junction_aa\tv_call\tmy_read_number\nCASSYEQYF\tTRBV9\t5\n";
        assert_snapshot!(check(table), @"case.tsv:1: no row has a count, but columns `my_read_number` look as if they had, expected --count-column COLUMN to say which");
    }
}
