//! What a table counts: cells, else molecules, else reads. All rows have the same unit.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::columns::Places;
use super::super::header::Header;
use super::super::value::{self, Count};
use super::sample::Sample;

/// The unit of a clonotype's count.
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
const CERTAIN: [&str; 34] = [
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
    "numcells",
    "uniquecellcount",
    "uniquetagcountcell",
    "uniquetagcountumi",
    "uniquemoleculecount",
    "uniqueumicount",
    "molecules",
    "nmolecules",
    "totalreads",
    "dupcount",
];

/// Names of columns that name cells where a format has none of its own, likewise.
const CELLS: [&str; 8] =
    ["cellid", "cellbarcode", "barcode", "cellname", "cell", "cb", "tagvaluecell", "cellids"];

/// The one cell of a table without cells.
const NO_CELLS: [&str; 6] = ["bulk", "false", "true", "no", "yes", "all"];

/// Names that mean a count if all values are whole, and a share otherwise.
const DOUBTFUL: [&str; 3] = ["frequency", "freq", "abundance"];

/// Where counts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) unit: CountUnit,
    pub(super) column: Option<usize>,
    /// The column that names cells.
    pub(super) cell: Option<usize>,
    /// A column that names them in too few rows to count them.
    pub(super) few_cells: Option<usize>,
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
        return Counted { unit: unit(at), column: Some(at), ..Counted::default() };
    }
    let named = |names: &[&str]| -> Vec<usize> {
        let columns = 0..header.names.len();
        columns.filter(|&at| names.contains(&letters(&header.names[at]).as_str())).collect()
    };
    let more = if only_named { vec![] } else { named(&CELLS) };
    let more = more.into_iter().filter(|&at| names_cells(sample, at));
    let cells: Vec<usize> = places.cell.iter().copied().chain(more).collect();
    if let Some(&at) = cells.iter().find(|&&at| 2 * with_cell(sample, at) > sample.rows.len()) {
        return Counted { unit: CountUnit::Cells, cell: Some(at), ..Counted::default() };
    }
    let few_cells = cells.into_iter().find(|&at| with_cell(sample, at) > 0);
    // A better unit may stand beside the format's own column.
    let mut counts = places.counts.clone();
    if !only_named {
        let is_new = |at: &usize| !places.counts.contains(at) && has_counts(sample, *at);
        counts.extend(named(&CERTAIN).into_iter().filter(is_new));
    }
    let mut column = best(sample, &counts, unit);
    if column.is_none() && !only_named {
        let doubtful: Vec<usize> = named(&DOUBTFUL);
        let doubtful: Vec<usize> =
            doubtful.into_iter().filter(|&at| is_whole(sample, at)).collect();
        column = best(sample, &doubtful, unit);
    }
    // A column that is empty so far is read all the same: its values may come later.
    let column = column.or_else(|| places.counts.first().copied());
    Counted { unit: column.map_or(CountUnit::Rows, unit), column, cell: None, few_cells }
}

/// Rows that name a cell; one name for everything names none.
fn with_cell(sample: &Sample, at: usize) -> usize {
    let is_none =
        |value: &[u8]| NO_CELLS.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    sample.values(at).filter(|value| !is_none(value)).count()
}

/// Whether a column that a format does not know holds names of cells: several, and no numbers.
fn names_cells(sample: &Sample, at: usize) -> bool {
    let is_name = |value: &[u8]| value.iter().any(u8::is_ascii_alphabetic);
    sample.texts(at).len() > 1 && sample.values(at).all(is_name)
}

/// Whether a column holds counts, or numbers that cannot be read and are reported. Shares are not counts.
fn has_counts(sample: &Sample, at: usize) -> bool {
    let counts: Vec<Option<Count>> = sample.values(at).map(value::count).collect();
    let is_share = |count: &Option<Count>| {
        matches!(count, Some(Count::Missing | Count::Whole(0 | 1) | Count::Rounded(1)))
    };
    let has_fraction = counts.iter().any(|count| matches!(count, Some(Count::Rounded(_))));
    sample.values(at).all(is_number) && !(has_fraction && counts.iter().all(is_share))
}

/// Whether a value is a number in some notation.
fn is_number(value: &[u8]) -> bool {
    let sign = |byte: &u8| byte.is_ascii_digit() || b".,' +-eE".contains(byte);
    value.first().is_some_and(u8::is_ascii_digit) && value.iter().all(sign)
}

/// A value of the count column that is thousands where a comma is the decimal sign, if the file may be from such a place
/// and nothing in the column says otherwise.
pub(super) fn thousands(sample: &Sample, header: &Header, at: usize) -> Option<String> {
    let mut dotted = sample.values(at).filter(|value| value.contains(&b'.')).peekable();
    let first = dotted.peek().map(|value| String::from_utf8_lossy(value).into_owned())?;
    (header.delimiter == b';' && dotted.all(is_grouped)).then_some(first)
}

/// Whether a number with points has three digits behind each of them.
pub(in super::super) fn is_grouped(value: &[u8]) -> bool {
    let mut groups = value.split(|&byte| byte == b'.');
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    let rest: Vec<&[u8]> = groups.collect();
    first && !rest.is_empty() && rest.iter().all(|group| group.len() == 3)
}

/// Of the columns that have values, the one of the best unit; one that lacks them in most rows only if
/// no other has more.
fn best(sample: &Sample, columns: &[usize], unit: impl Fn(usize) -> CountUnit) -> Option<usize> {
    let key = |&at: &usize| {
        let filled = sample.values(at).count();
        let sparse = if 2 * filled >= sample.rows.len() { 0 } else { sample.rows.len() - filled };
        let is_zero = sample.values(at).all(|value| value::count(value) == Some(Count::Whole(0)));
        (is_zero, sparse, unit(at).rank())
    };
    columns.iter().copied().filter(|&at| sample.has_values(at)).min_by_key(key)
}

/// A name without anything but its letters and digits, in lower case.
pub(super) fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
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
    fn the_best_unit_counts_whether_or_not_its_column_is_the_formats_own() {
        let row = |counts: &str| format!("CASSYEQYF\tTRBV9\tTRBJ2-7\t{counts}\n");
        let first = "junction_aa\tv_call\tj_call\tduplicate_count";
        let text = check(&format!("{first}\tn_umis\n{}", row("500\t5")));
        assert!(text.ends_with("CASSYEQYF TRBV9 TRBJ2-7 5"), "{text}");
        let text = check(&format!("{first}\tn_umis\n{}", row("500\t0")));
        assert!(text.ends_with("CASSYEQYF TRBV9 TRBJ2-7 500"), "no molecule is counted: {text}");
        let two = row("40\tAAACCTGA-1") + &row("30\tAAACCTGA-1") + &row("7\tAAACGGGT-1");
        for name in ["barcode", "CellID", "cell barcode", "CB", "tagValueCELL"] {
            let text = check(&format!("{first}\t{name}\n{two}"));
            assert!(text.contains("CASSYEQYF TRBV9 TRBJ2-7 2\n"), "{name}: {text}");
        }
        for cell in ["bulk", "FALSE"] {
            let text = check(&format!("{first}\tcell_id\n{}", row(&format!("30\t{cell}"))));
            assert!(text.ends_with("CASSYEQYF TRBV9 TRBJ2-7 30"), "{text}");
        }
    }

    #[test]
    fn counts_that_cannot_be_read_are_no_missing_counts() {
        let quoted = "junction_aa,v_call,count\nCASSYEQYF,TRBV9,\"1,234\"\nCASSLEQYF,TRBV9,12\n";
        assert_snapshot!(check(quoted), @r#"case.tsv:2: column `count` is "1,234", expected a number from 0 to 1e12"#);
        let dotted = "junction_aa;v_call;count\nCASSYEQYF;TRBV9;1.234\nCASSLEQYF;TRBV9;12\n";
        assert_snapshot!(check(dotted), @r#"case.tsv:1: column `count` holds "1.234", which can be read as thousands or as a fraction, expected counts without separators"#);
        let first = "CASSYEQYF;TRBV9;3\n".repeat(600);
        let late = |last: &str| check(&format!("junction_aa;v_call;count\n{first}{last}"));
        let text = late("CASSLEQYF;TRBV9;1.234\n");
        assert!(text.starts_with("case.tsv:1: column `count` holds \"1.234\", which"), "{text}");
        let text = late("CASSLEQYF;TRBV9;1.234\nCASSLEQYF;TRBV9;0.5\n");
        assert!(text.contains("noted: rounded counts 2"), "{text}");
        let shares = "junction_aa\tv_call\tcount\nCASSYEQYF\tTRBV9\t0.7\nCASSLEQYF\tTRBV9\t0.3\n";
        assert!(check(shares).contains("noted: missing counts 2"), "shares are no counts");
    }

    #[test]
    fn all_counts_lost_beside_a_column_that_looks_like_them_is_an_error() {
        let table = "junction_aa\tv_call\tmy_read_number\nCASSYEQYF\tTRBV9\t5\n";
        assert_snapshot!(check(table), @"case.tsv:1: no row has a count, but columns `my_read_number` look like one, expected --count-column COLUMN to say which");
    }
}
