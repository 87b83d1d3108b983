//! Tables whose rows have one field more than the header has names, or one less.
//!
//! R writes row names below a header that has no name for them. Other programs end each row, or only the
//! header, with a separator. The sequence columns show which of the two an extra field is.

use std::collections::{BTreeSet, VecDeque};

use super::columns::{Places, is_missing};
use super::header::Header;
use super::lines::Lines;
use super::reading::{Sample, is_nucleotides};
use super::record::Record;
use crate::alphabet::AMINO_ACIDS;

/// Lines by which it is seen that a table is as it should be.
const FEW: usize = 10;

/// Residues that a sequence has at least.
const SHORTEST: usize = 5;

/// What the names of rows are called where the header has no name for them.
const ROW_NAMES: &str = "row names";

/// Each row has a field too many, and it is not plain which.
pub(super) struct Unnamed;

/// The header with as many names as the rows have fields, where it has not, and it is plain which name is missing or
/// is none.
pub(super) fn mended(
    header: &Header,
    places: &Places,
    lines: &mut Lines,
) -> Result<Option<Header>, Unnamed> {
    let Header { names, delimiter, .. } = header;
    let (width, delimiter) = (names.len(), *delimiter);
    if rows(lines.look_ahead(FEW, Sample::BYTES), delimiter, width).is_some() {
        return Ok(None);
    }
    let ahead = lines.look_ahead(Sample::ROWS, Sample::BYTES);
    let mut names = names.clone();
    if let Some(rows) = rows(ahead, delimiter, width + 1) {
        match extra(&rows, places).ok_or(Unnamed)? {
            Extra::First => names.insert(0, ROW_NAMES.to_owned()),
            Extra::Last => names.push(String::new()),
        }
        return Ok(Some(header.with_names(names)));
    }
    let is_ended = names.pop().is_some_and(|last| last.is_empty())
        && rows(ahead, delimiter, names.len()).is_some();
    Ok(is_ended.then(|| header.with_names(names)))
}

/// The rows, if there are some and each has as many fields as `expected`.
fn rows(lines: &VecDeque<Vec<u8>>, delimiter: u8, expected: usize) -> Option<Vec<Record>> {
    let mut rows = Vec::new();
    for line in lines {
        let mut record = Record::of_line(line.clone());
        if !record.is_blank(delimiter) {
            record.split(delimiter, &(expected..=expected)).ok()?;
            rows.push(record);
        }
    }
    (!rows.is_empty()).then_some(rows)
}

/// Which field of each row has no name.
enum Extra {
    /// The name of the row.
    First,
    /// The empty text behind a separator that ends the row.
    Last,
}

fn extra(rows: &[Record], places: &Places) -> Option<Extra> {
    let mut names = BTreeSet::new();
    let are_names = rows.iter().all(|row| !row.field(0).is_empty() && names.insert(row.field(0)));
    let are_numbers =
        are_names && rows.iter().all(|row| row.field(0).iter().all(u8::is_ascii_digit));
    let are_ended = rows.iter().all(|row| row.field(row.len() - 1).is_empty());
    let fits =
        |is_strict| (Fit::of(rows, places, 0, is_strict), Fit::of(rows, places, 1, is_strict));
    // Neighbouring columns of sequences differ in the kind of their letters, if at all.
    let (strict, loose) = (fits(true), fits(false));
    for (own, moved) in [&strict, &loose] {
        if own.is_better(moved) {
            return are_ended.then_some(Extra::Last);
        }
        if moved.is_better(own) {
            return are_names.then_some(Extra::First);
        }
    }
    if !loose.0.is_most() || !loose.1.is_most() || are_ended == are_numbers {
        return None;
    }
    Some(if are_ended { Extra::Last } else { Extra::First })
}

/// How well the columns of sequences hold sequences.
struct Fit {
    sequences: usize,
    values: usize,
}

impl Fit {
    /// With each column `shift` fields further on; strictly, only nucleotides are sequences of a column of nucleotides,
    /// and only what has other letters is one of another column.
    fn of(rows: &[Record], places: &Places, shift: usize, is_strict: bool) -> Self {
        let mut fit = Self { sequences: 0, values: 0 };
        for own in &places.chains {
            let residues = own.junction_aa.iter().chain(&own.cdr3_aa).map(|&at| (at, false));
            let bases = own.junction.iter().map(|&at| (at, true));
            for (at, of_bases) in residues.chain(bases) {
                let values = rows.iter().map(|row| row.field(at + shift));
                for value in values.filter(|value| !is_missing(value)) {
                    let is_kind =
                        !is_strict || is_nucleotides(&value.to_ascii_uppercase()) == of_bases;
                    fit.values += 1;
                    fit.sequences += usize::from(is_kind && is_sequence(value));
                }
            }
        }
        fit
    }

    fn is_most(&self) -> bool {
        2 * self.sequences > self.values
    }

    /// Whether most values are sequences, and a larger share than of `other`.
    fn is_better(&self, other: &Self) -> bool {
        self.is_most() && self.sequences * other.values.max(1) > other.sequences * self.values
    }
}

/// Whether a field looks like a sequence; that of a `bio_identity` ends at its `+`.
fn is_sequence(field: &[u8]) -> bool {
    let sequence = field.split(|&byte| byte == b'+').next().unwrap_or_default();
    let is_residue =
        |byte: &u8| AMINO_ACIDS.contains(&byte.to_ascii_uppercase()) || b"X*_~?".contains(byte);
    sequence.len() >= SHORTEST && sequence.iter().all(is_residue)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn names_of_rows_are_not_read() {
        let table = "\"Clones\"\t\"CDR3.aa\"\t\"V.name\"\t\"J.name\"\n\
            \"1\"\t3\t\"CASSYEQYF\"\t\"TRBV9\"\t\"TRBJ2-7\"\n\"7\"\t2\t\"CASSLEQYF\"\t\"TRBV9\"\tNA\n";
        assert_snapshot!(check(table), @r"
        immunarch case: 2 of 2 rows
        CASSLEQYF TRBV9 ? 2
        CASSYEQYF TRBV9 TRBJ2-7 3
        ");
        let table = "sequence_id,junction_aa,v_call,duplicate_count\n1,a,CASSYEQYF,TRBV9,3\n";
        assert_snapshot!(check(table), @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV9 ? 3
        ");
        let named = table.replace("sequence_id", "\"\",sequence_id");
        assert_eq!(check(&named), check(table));
    }

    #[test]
    fn a_separator_at_the_end_is_no_field() {
        let table = "junction_aa\tv_call\tcount\nCASSYEQYF\tTRBV9\t3\nCASSLEQYF\tTRBV9\t2\n";
        let read = check(table);
        assert!(read.starts_with("airr case: 2 of 2 rows"), "{read}");
        let (header, rows) = table.split_once('\n').unwrap();
        let rows_end = rows.replace('\n', "\t\n");
        assert_eq!(check(&format!("{header}\n{rows_end}")), read);
        assert_eq!(check(&format!("{header}\t\n{rows}")), read);
        assert_eq!(check(&format!("{header}\t\n{rows_end}")), read);
        let paired = "count,CDR3_alpha,TRAV_gene,CDR3_beta,TRBV_gene,\n";
        let row = "3,CAVMDSNYQLIW,TRAV1-2,CASSYEQYF,TRBV9\n";
        let text = check(&format!("{paired}{row}"));
        assert!(text.contains("CASSYEQYF TRBV9 ? 3"), "{text}");
    }

    /// `header` and two rows below it, the first and the second.
    fn with_rows(header: &str, rows: [&str; 2]) -> String {
        format!("{header}\n{}\n{}\n", rows[0], rows[1])
    }

    const JUNCTIONS: [&str; 2] = ["TGTGCTAGCAGCTACGAACAGTACTTC", "TGTGCTAGCAGCCTGGAACAGTACTTC"];
    const SEQUENCE: &str = "GGAGTGACCCAGACCCCTAAATTCCAG";

    #[test]
    fn neighbouring_columns_of_sequences_differ_in_their_letters() {
        let header = "sequence\tjunction\tjunction_aa\tv_call\tnote";
        let rows = [(JUNCTIONS[0], "CASSYEQYF"), (JUNCTIONS[1], "CASSLEQYF")]
            .map(|(junction, aa)| format!("{SEQUENCE}\t{junction}\t{aa}\tTRBV9\t"));
        let rows = [&rows[0][..], &rows[1][..]];
        let read = check(&with_rows(header, rows));
        assert!(read.starts_with("airr case: 2 of 2 rows"), "{read}");
        // The last column is empty: only the letters tell that the field too many is the first, or the last.
        let named = [format!("x\t{}", rows[0]), format!("y\t{}", rows[1])];
        assert_eq!(check(&with_rows(header, [&named[0], &named[1]])), read);
        let ended = rows.map(|row| format!("{row}\t"));
        assert_eq!(check(&with_rows(header, [&ended[0], &ended[1]])), read);
    }

    #[test]
    fn where_letters_are_alike_rows_are_numbered_or_ended() {
        let after = JUNCTIONS.map(|junction| format!("{SEQUENCE}\t{junction}\tTRBV9"));
        let header = "sequence\tjunction\tv_call";
        let read = check(&with_rows(header, [&after[0], &after[1]]));
        assert!(read.starts_with("airr case: 2 of 2 rows"), "{read}");
        let named = |names: [&str; 2]| {
            let rows = [0, 1].map(|at| format!("{}\t{}", names[at], after[at]));
            check(&with_rows(header, [&rows[0], &rows[1]]))
        };
        assert_eq!(named(["1", "2"]), read);
        let expected = "case.tsv:1: each row has one field more than the header has names";
        assert!(named(["x", "y"]).starts_with(expected), "{}", named(["x", "y"]));
        let before = JUNCTIONS.map(|junction| format!("{junction}\t{SEQUENCE}\tTRBV9\t"));
        let header = "junction\tsequence\tv_call";
        assert_eq!(check(&with_rows(header, [&before[0], &before[1]])), read);
    }

    #[test]
    fn a_field_too_many_that_is_neither_is_an_error() {
        let header = "junction_aa\tv_call\tduplicate_count\n";
        for rows in [
            "CASSYEQYF\tTRBV9\t3\tx\n",
            "CASSYEQYF\tTRBV9\t3\t\nCASSLEQYF\tTRBV9\t3\tx\n",
            "1\tCASSYEQYF\tTRBV9\t3\n1\tCASSLEQYF\tTRBV9\t3\n",
        ] {
            let text = check(&format!("{header}{rows}"));
            let expected = "case.tsv:1: each row has one field more than the header has names";
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn rows_of_separators_are_blank() {
        let table = "junction_aa,v_call,duplicate_count,sample\nCASSYEQYF,TRBV9,3,A\n,,,\n , ,,\n";
        assert_snapshot!(check(table), @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV9 ? 3
        ");
    }
}
