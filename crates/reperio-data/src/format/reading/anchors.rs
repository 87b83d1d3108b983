//! Whether sequences include their anchors. The content of a column decides, not its name.
//!
//! In real exports, 94 to 100 of 100 junctions begin with C and end in F or W, and fewer than 2 lack
//! both. A CDR3 without anchors almost never begins with C. So a few junctions without one anchor or both
//! are plausible (a real read, or an allele of a J gene). More of them are cut sequences or CDR3s. Nucleotide letters
//! are amino-acid letters too, but a column of only A, C, G and T is not a column of amino acids.

/// Whether a sequence begins with C and ends in F or W.
pub(in super::super) fn is_anchored(residues: &[u8]) -> bool {
    residues.first() == Some(&b'C') && matches!(residues.last(), Some(b'F' | b'W'))
}

/// Whether residues are nucleotides: no junction is of nothing but A, C, G, T and N.
pub(in super::super) fn is_nucleotides(residues: &[u8]) -> bool {
    residues.len() >= 9 && residues.iter().all(|letter| b"ACGTN".contains(letter))
}

/// What a column of sequences holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnContent {
    Junctions,
    Cdr3s,
    Nucleotides,
    /// Amino acids and nucleotides.
    BothLetters,
    Mixture,
    /// One anchor, and the other not.
    OneAnchor,
    Unclear,
}

/// What the sequences of a column begin and end with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(in super::super) rows: u64,
    /// With C in front and F or W behind.
    pub(in super::super) anchored: u64,
    /// With C in front alone.
    pub(in super::super) front: u64,
    /// With F or W behind alone: many CDR3s proper end so, but not nearly all.
    pub(in super::super) behind: u64,
    /// With neither anchor.
    pub(in super::super) bare: u64,
    /// Of nothing but A, C, G, T and N; they are none of the above but `rows`.
    nucleotides: u64,
    /// Amino acids in a column of nucleotides; they are no `rows`.
    pub(in super::super) amino_acids: u64,
}

impl Tally {
    /// Takes one sequence in upper case.
    pub(in super::super) fn add(&mut self, residues: &[u8]) {
        let front = residues.first() == Some(&b'C');
        let behind = matches!(residues.last(), Some(b'F' | b'W'));
        self.rows += 1;
        // They have no anchors to lack.
        if !behind && is_nucleotides(residues) {
            self.nucleotides += 1;
            return;
        }
        self.anchored += u64::from(front && behind);
        self.front += u64::from(front && !behind);
        self.behind += u64::from(!front && behind);
        self.bare += u64::from(!front && !behind);
    }

    /// Sequences of other letters than those of the column, and all.
    pub(in super::super) fn of_both_letters(self) -> Option<(u64, u64)> {
        let (others, all) = (self.nucleotides + self.amino_acids, self.rows + self.amino_acids);
        (10 * others > all).then_some((others, all))
    }

    pub(super) fn mostly_begins_with_c(self) -> bool {
        self.rows > 1 && 2 * (self.anchored + self.front) > self.rows
    }

    /// Whether `some` are more than one in `many`; one row says nothing.
    fn are_more(self, some: u64, many: u64) -> bool {
        some > 1 && many * some > self.rows
    }

    /// Whether many have one anchor and not the other. CDR3s may end in F or W, but hardly any
    /// begins with C.
    fn has_many_of_one_anchor(self) -> bool {
        let Self { rows, anchored, front, behind, .. } = self;
        if 10 * anchored > rows {
            self.are_more(front + behind, 10)
        } else {
            self.are_more(front, 10) || rows > 2 && 10 * behind >= 9 * (rows - anchored)
        }
    }

    pub(super) fn content(self) -> ColumnContent {
        let Self { rows, anchored, behind, bare, nucleotides, .. } = self;
        let no_cysteine = behind + bare;
        if rows == 0 {
            ColumnContent::Unclear
        } else if 10 * nucleotides >= 9 * rows {
            ColumnContent::Nucleotides
        } else if self.of_both_letters().is_some() {
            ColumnContent::BothLetters
        } else if 10 * anchored.min(bare) > rows || anchored > bare && self.are_more(bare, 20) {
            ColumnContent::Mixture
        } else if self.has_many_of_one_anchor() {
            ColumnContent::OneAnchor
        } else if 10 * anchored >= 8 * rows {
            ColumnContent::Junctions
        } else if 10 * no_cysteine >= 8 * rows && 10 * anchored <= rows && rows + bare > 1 {
            ColumnContent::Cdr3s
        } else {
            ColumnContent::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{check, check_with, read_bytes};
    use super::super::super::{Columns, ReadOptions};
    use super::*;
    use insta::assert_snapshot;

    fn content(sequences: &[&str]) -> ColumnContent {
        let mut tally = Tally::default();
        for sequence in sequences {
            tally.add(sequence.as_bytes());
        }
        tally.content()
    }

    #[test]
    fn content_tells_what_sequences_are() {
        assert_eq!(content(&["CASSYEQYF"]), ColumnContent::Junctions);
        assert_eq!(content(&["CASSYEQYF", "CARDYFDYW", "CAVMDSNYQLI"]), ColumnContent::Unclear);
        assert_eq!(content(&["ASSYEQY", "ARDYFDY"]), ColumnContent::Cdr3s);
        assert_eq!(content(&["ASSYEAF", "ASSYEQF"]), ColumnContent::Cdr3s);
        assert_eq!(content(&["SARDPF"]), ColumnContent::Unclear);
        assert_eq!(content(&["CASSYEQYF", "ASSYEQY"]), ColumnContent::Mixture);
        assert_eq!(content(&["CASSYEQY", "CASSLYEQY"]), ColumnContent::OneAnchor);
        assert_eq!(content(&["CASSYEQYFGPG", "CASSLYEQYFGPG"]), ColumnContent::OneAnchor);
        assert_eq!(content(&["ASSYEQYF", "ASSLYEQYF", "ASSGYEQYF"]), ColumnContent::OneAnchor);
        assert_eq!(content(&["ASSYEAF", "ASSYEQF", "ASSYEQY"]), ColumnContent::Cdr3s);
        assert_eq!(content(&["TGTGCCAGCTTC", "TGTGCCAGCTTT"]), ColumnContent::Nucleotides);
        assert_eq!(content(&["CASSYEQYF", "TGTGCCAGCTTT"]), ColumnContent::BothLetters);
        assert_eq!(content(&["ASSYEQY", "ASSLEQY", "GCCAGCTTT"]), ColumnContent::BothLetters);
        assert_eq!(content(&[]), ColumnContent::Unclear);
    }

    #[test]
    fn a_column_of_cdr3s_may_hold_junctions() {
        let table = "cdr3_aa\tv_call\tj_call\tduplicate_count\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t2\nCAVMDSNYQLIW\tTRAV1-2\tTRAJ33\t1\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        CAVMDSNYQLIW TRAV1-2 TRAJ33 1
        said: `cdr3_aa` holds junctions, 2 of 2 begin with C and end in F or W: no anchors added
        ");
    }

    #[test]
    fn a_column_of_junctions_may_hold_cdr3s() {
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\n\
            ASSYEQY\tTRBV9\tTRBJ2-7\t2\nAVMDSNYQLI\tTRAV1-2\tTRAJ33\t1\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        CAVMDSNYQLIW TRAV1-2 TRAJ33 1
        noted: anchors restored 2
        said: `junction_aa` holds CDR3s, 0 of 2 begin with C and end in F or W: anchors added
        ");
    }

    /// The first 500 rows of a sorted column can be unlike the others.
    #[test]
    fn the_whole_column_decides() {
        let header = "junction_aa\tv_call\tj_call\tduplicate_count\n".to_owned();
        let first = (0..600).map(|n| format!("ASS{}EQY\tTRBV9\tTRBJ2-7\t1\n", "G".repeat(n % 9)));
        let others =
            (0..18_000).map(|n| format!("CASS{}EQYF\tTRBV9\tTRBJ2-7\t1\n", "G".repeat(n % 9)));
        let table = header + &first.chain(others).collect::<String>();
        let text = check(&table);
        assert!(text.contains("\nASSEQY TRBV9 TRBJ2-7 67\n"), "{text}");
        assert!(!text.contains("said:") && !text.contains("CCASS"), "{text}");
    }

    #[test]
    fn a_mixture_is_refused_unless_a_person_named_the_column() {
        let table = "junction_aa\tv_call\nCASSYEQYF\tTRBV9\nASSLYEQY\tTRBV9\nASSGYEQY\tTRBV9\n";
        assert_snapshot!(check(table), @"case.tsv:1: column `junction_aa` has 1 sequences of 3 with both anchors and 2 with none, expected junctions or CDR3s: say which with --column junction_aa=`junction_aa` or --column cdr3_aa=`junction_aa`");
        let columns = Columns { junction_aa: Some("junction_aa".to_owned()), ..Columns::default() };
        let options = ReadOptions { columns: Some(columns), ..ReadOptions::default() };
        let text = check_with(table.as_bytes(), &options);
        assert!(text.contains("\nASSLYEQY ? ? 1\n"), "{text}");
    }

    #[test]
    fn sequences_with_one_anchor_are_refused() {
        let table = |column: &str, sequences: [&str; 4]| {
            let rows = sequences.map(|own| format!("{own}\tTRBV9\tTRBJ2-7\t1\n")).concat();
            check(&format!("{column}\tv_call\tj_call\tduplicate_count\n{rows}"))
        };
        let front = ["CASSYEQY", "CASSLYEQY", "CASSGYEQY", "CASSAYEQY"];
        assert_snapshot!(table("cdr3_aa", front), @"case.tsv:1: column `cdr3_aa` has 4 sequences of 4 with only the leading C and 0 with only the trailing F or W, expected both anchors (junctions) or none (CDR3s): say which with --column junction_aa=`cdr3_aa` or --column cdr3_aa=`cdr3_aa`");
        assert!(table("junction_aa", front).contains("4 sequences of 4 with only the leading C"));
        let behind = ["ASSYEQYF", "ASSLYEQYF", "ASSGYEQYF", "ASSAYEQYF"];
        for column in ["cdr3_aa", "junction_aa"] {
            let text = table(column, behind);
            assert!(text.contains("and 4 with only the trailing F or W"), "{text}");
        }
        let half = ["CASSYEQYF", "CASSLYEQYF", "CASSGYEQY", "CASSAYEQY"];
        assert!(table("cdr3_aa", half).contains("2 sequences of 4 with only the leading C"));
        assert!(table("junction_aa", half).contains("2 sequences of 4 with only the leading C"));
    }

    #[test]
    fn many_junctions_without_one_anchor_are_refused() {
        let check = |column: &str, whole: usize, sequence: &str, cut: usize| {
            let rows = "CASSYEQYF\tTRBV9\n".repeat(whole);
            let others = format!("{sequence}\tTRBV9\n").repeat(cut);
            check(&format!("{column}\tv_call\n{rows}{others}"))
        };
        for column in ["junction_aa", "cdr3_aa"] {
            for (whole, cut) in [(5, 95), (20, 80), (40, 60), (80, 20), (88, 12)] {
                let text = check(column, whole, "ASSLYEQYF", cut);
                let expected = format!(
                    "0 sequences of 100 with only the leading C and {cut} with only the trailing F"
                );
                assert!(text.contains(&expected), "{column}, {cut}: {text}");
                let text = check(column, whole, "CASSLYEQY", cut);
                let expected = format!(
                    "{cut} sequences of 100 with only the leading C and 0 with only the trailing F"
                );
                assert!(text.contains(&expected), "{column}, {cut}: {text}");
            }
        }
    }

    #[test]
    fn a_few_junctions_without_one_anchor_are_counted() {
        for sequence in ["CASSYEQYV", "ASSLYEQYF"] {
            for (whole, cut) in [(3, 1), (90, 10)] {
                let rows = "CASSYEQYF\tTRBV9\n".repeat(whole);
                let others = format!("{sequence}\tTRBV9\n").repeat(cut);
                let table = format!("junction_aa\tv_call\n{rows}{others}");
                let read = read_bytes(table.as_bytes(), &ReadOptions::default()).unwrap();
                let counts = (read[0].counts.kept, read[0].counts.without_anchors);
                assert_eq!(counts, ((whole + cut) as u64, cut as u64), "{sequence}");
            }
        }
    }

    /// A junction without anchors may be one of a pseudogene: a few are counted, more are refused.
    #[test]
    fn sequences_without_anchors_among_junctions_are_counted() {
        let table = |bare: usize| {
            let junctions = (0..30).map(|n| format!("CASS{}YEQYF\tTRBV9\n", "G".repeat(n)));
            let others = (0..bare).map(|n| format!("ASS{}YEQY\tTRBV9\n", "L".repeat(n)));
            format!("junction_aa\tv_call\n{}", junctions.chain(others).collect::<String>())
        };
        let read = read_bytes(table(1).as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!((read[0].counts.kept, read[0].counts.without_anchors), (31, 1));
        let read = read_bytes(table(0).as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!((read[0].counts.kept, read[0].counts.without_anchors), (30, 0));
        // Sorted, a large table begins with them.
        let bare = (0..60).map(|n| format!("ASS{}YEQY\tTRBV9\n", "L".repeat(n % 9)));
        let junctions = (0..3000).map(|n| format!("CASS{}YEQYF\tTRBV9\n", "G".repeat(n % 9)));
        let sorted = bare.chain(junctions).collect::<String>();
        let read = read_bytes(
            format!("junction_aa\tv_call\n{sorted}").as_bytes(),
            &ReadOptions::default(),
        );
        assert_eq!(read.unwrap()[0].counts.without_anchors, 60);
        let text = check(&table(2));
        assert!(text.contains("30 sequences of 32 with both anchors and 2 with none"), "{text}");
    }

    #[test]
    fn a_few_sequences_of_other_letters_are_dropped_and_more_refused() {
        let table = |column: &str, many: &str, one: &str, n: usize| {
            let rows = format!("{many}\tTRBV9\tTRBJ2-7\t1\n").repeat(20);
            let others = format!("{one}\tTRBV9\tTRBJ2-7\t1\n").repeat(n);
            check(&format!("{column}\tv_call\tj_call\tduplicate_count\n{rows}{others}"))
        };
        let (residues, bases) = ("CASSYEQYF", "TGTGCCAGCAGCTATGAACAGTACTTC");
        for (column, many, one) in [
            ("junction_aa", residues, bases),
            ("cdr3_aa", "ASSYEQY", bases),
            ("junction", bases, residues),
        ] {
            let text = table(column, many, one, 1);
            assert!(text.contains(" 20 of 21 rows\nCASSYEQYF TRBV9 TRBJ2-7 20\n"), "{text}");
            assert!(
                text.contains("dropped: nucleotides or amino acids unlike the others 1"),
                "{text}"
            );
            let text = table(column, many, one, 5);
            let expected = format!(
                "case.tsv:1: column `{column}` has nucleotides in some rows and amino acids in others (5 of 25)"
            );
            assert!(text.starts_with(&expected), "{text}");
        }
    }

    #[test]
    fn a_few_nucleotides_do_not_count_as_sequences_without_anchors() {
        let junctions = "CASSYEQYF\tTRBV9\n".repeat(93);
        for bases in ["TGTGCCAGCAGCTATGAACAGTACTTC", "CGTGCCAGCAGCTATGAACAGTACTTC"] {
            let others = format!("{bases}\tTRBV9\n").repeat(7);
            for column in ["junction_aa", "cdr3_aa"] {
                let text = check(&format!("{column}\tv_call\n{junctions}{others}"));
                assert!(text.contains(" 93 of 100 rows\n"), "{text}");
                let dropped = "dropped: nucleotides or amino acids unlike the others 7";
                assert!(text.contains(dropped), "{text}");
            }
        }
    }

    #[test]
    fn a_junction_among_cdr3s_keeps_its_anchors() {
        let cdr3s = (0..20).map(|n| format!("ASS{}YEQY\tTRBV9\n", "G".repeat(n)));
        let table: String = cdr3s.chain(["CASSAYEQYF\tTRBV9\n".to_owned()]).collect();
        let text = check(&format!("cdr3_aa\tv_call\n{table}"));
        assert!(text.contains("CASSAYEQYF TRBV9") && !text.contains("CCASS"), "{text}");
        assert!(text.contains("anchors restored 20"), "{text}");
    }

    #[test]
    fn nucleotides_are_translated_whatever_their_column_is_called() {
        let table = "junction_aa\tv_call\nTGTGCCAGCAGCTATGAACAGTACTTC\tTRBV9\n\
            TGTGCCAGCAGCCTCGAACAGTACTTC\tTRBV9\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSLEQYF TRBV9 ? 1
        CASSYEQYF TRBV9 ? 1
        noted: missing counts 2
        noted: translated 2
        said: `junction_aa` holds nucleotides: translated
        ");
        let table = "junction_aa\tv_call\nACGACGACGACG\tTRBV9\nACGACGACCACG\tTRBV9\n";
        assert_snapshot!(check(table), @"case.tsv:1: column `junction_aa` holds nucleotides that do not translate to junctions, expected amino acids or the nucleotides from the codon of C104 to that of F118 or W118");
    }
}
