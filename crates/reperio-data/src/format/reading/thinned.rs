//! A sample of rows from the whole table, for questions that its first rows leave open.
//!
//! A column without values in the first rows may have values further below: a sample, a cell, a status.
//! So while rows are read, a thinned sample of all of them is kept. It is used to decide again.

use super::super::columns::is_missing;
use super::super::record::Record;
use super::sample::Sample;

/// Rows at equal distances, and the first with a value of each column.
#[derive(Debug, Default)]
pub(in super::super) struct Thinned {
    /// Columns without a value in the sample that decided.
    open: Vec<usize>,
    /// Columns without a value so far.
    empty: Vec<usize>,
    /// Whether one of `open` has a value.
    found: bool,
    kept: Vec<Kept>,
    /// Bytes of the rows kept.
    bytes: usize,
    /// Rows seen.
    rows: u64,
    /// A row of so many is kept, 2 to the power of this.
    step: u32,
}

#[derive(Debug)]
struct Kept {
    row: u64,
    is_first: bool,
    record: Record,
}

impl Thinned {
    /// Nothing so far, of a table of `width` columns about which `decided` has decided.
    pub(in super::super) fn new(decided: &Sample, width: usize) -> Self {
        let columns = if decided.is_whole { 0..0 } else { 0..width };
        let open = columns.filter(|&at| !decided.has_values(at)).collect();
        Self { open, empty: (0..width).collect(), ..Self::default() }
    }

    /// Takes the next row.
    pub(in super::super) fn push(&mut self, record: &Record) {
        if self.open.is_empty() {
            return;
        }
        let before = self.empty.len();
        let (open, found) = (&self.open, &mut self.found);
        self.empty.retain(|at| {
            let is_empty = is_missing(record.field(*at));
            *found |= !is_empty && open.contains(at);
            is_empty
        });
        // Rows may be huge: so many of them say enough.
        let is_first = self.empty.len() < before && self.bytes < 8 * Sample::BYTES;
        if is_first || self.is_kept(self.rows) {
            self.bytes += record.text.len();
            self.kept.push(Kept { row: self.rows, is_first, record: record.clone() });
        }
        self.rows += 1;
        if self.is_much() && self.step < u64::BITS - 1 {
            self.step += 1;
            self.thin();
        }
    }

    fn is_kept(&self, row: u64) -> bool {
        row.trailing_zeros() >= self.step
    }

    fn is_much(&self) -> bool {
        self.kept.len() > 2 * Sample::ROWS || self.bytes > 2 * Sample::BYTES
    }

    fn thin(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        self.kept = kept.into_iter().filter(|own| own.is_first || self.is_kept(own.row)).collect();
        self.bytes = self.kept.iter().map(|own| own.record.text.len()).sum();
    }

    /// The rows kept, if they have values in a column that had none before.
    pub(in super::super) fn sample(&self) -> Option<Sample> {
        if !self.found {
            return None;
        }
        let rows = self.kept.iter().map(|own| own.record.clone()).collect();
        Some(Sample { rows, is_whole: true })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use super::*;

    /// A table of 600 rows that end in `early` and 1,200 that end in `late`, below a header that ends in `name`.
    fn table(name: &str, early: &str, late: &str) -> String {
        let row = |n: usize, end: &str| {
            format!("CASS{}YEQYF\tTRBV9\tTRBJ2-7\t3{end}\n", "G".repeat(n % 9))
        };
        let early = (0..600).map(|n| row(n, early));
        let rows: String = early.chain((0..1200).map(|n| row(n, late))).collect();
        format!("junction_aa\tv_call\tj_call\tduplicate_count{name}\n{rows}")
    }

    #[test]
    fn a_column_that_is_filled_further_below_is_read() {
        let read = check(&table("\tfunctional", "\t", "\tFALSE"));
        assert!(read.starts_with("airr case: 600 of 1800 rows"), "{read}");
        assert!(read.contains("dropped: unproductive 1200"), "{read}");
        let read = check(&table("\tumi_count", "\t", "\t2"));
        assert!(read.contains("noted: missing counts 600"), "{read}");
        let read = check(&table("\tcell_id", "\t", "\tAC-1"));
        assert!(read.contains("dropped: not a cell 600"), "{read}");
        let read = check(&table("\tchain", "\t", "\tTRA"));
        assert!(read.starts_with("airr case: 1800 of 1800 rows"), "{read}");
    }

    #[test]
    fn genes_that_begin_further_below_are_found() {
        let whole = table("", "", "").replace("v_call", "Vgen");
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        for line in &mut lines[1..601] {
            *line = line.replace("TRBV9", "");
        }
        let read = check(&(lines.join("\n") + "\n"));
        assert!(read.contains(" TRBV9 TRBJ2-7 ") && read.contains(" ? TRBJ2-7 "), "{read}");
    }

    #[test]
    fn samples_that_begin_further_below_leave_no_row_without_one() {
        for name in ["sample", "donor"] {
            let read = check(&table(&format!("\t{name}"), "\t", "\tB"));
            let expected = format!("case.tsv:602: column `{name}` is \"B\" here and \"\" before");
            assert!(read.starts_with(&expected), "{read}");
        }
        // Long rows: fewer of them are looked at.
        let long = format!("\t{}", "A".repeat(20_000));
        let rows = |id: &str| format!("CASSYEQYF\tTRBV9\tTRBJ2-7\t3\t{id}{long}\n").repeat(100);
        let header = "junction_aa\tv_call\tj_call\tduplicate_count\tsample\tx\n";
        let read = check(&(header.to_owned() + &rows("") + &rows("B")));
        assert_eq!(
            read,
            "case.tsv:2: column `sample` is \"\", expected the id of a repertoire in every row"
        );
        let read = check(&table("\tsample", "\t", "\t"));
        assert!(read.starts_with("airr case: 1800 of 1800 rows"), "{read}");
    }

    #[test]
    fn cells_of_few_rows_are_noted() {
        let few = table("\tcell_id", "\t", "\t") + "CASSYEQYF\tTRBV9\tTRBJ2-7\t3\tAC-1\n";
        let read = check(&few);
        assert!(read.starts_with("airr case: 1801 of 1801 rows"), "{read}");
        assert!(read.contains("said: `cell_id` names a cell in few rows"), "{read}");
    }

    #[test]
    fn rows_are_kept_at_equal_distances() {
        let first = Sample { rows: vec![Record::of_one(b"")], is_whole: false };
        let mut thinned = Thinned::new(&first, 1);
        for row in 0..10_000 {
            let value = if row == 7_777 { "x1" } else { "" };
            thinned.push(&Record::of_one(value.as_bytes()));
        }
        let sample = thinned.sample().unwrap();
        assert!((300..=2 * Sample::ROWS + 1).contains(&sample.rows.len()), "{}", sample.rows.len());
        assert_eq!(sample.values(0).count(), 1);
        assert!(Thinned::new(&sample, 1).open.is_empty(), "once is enough");
    }
}
