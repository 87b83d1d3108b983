//! AIRR Rearrangement table, <https://docs.airr-community.org/en/stable/datarep/rearrangements.html>.
//!
//! If `junction_aa` is empty, the junction is translated from `junction`. If that is empty too, the
//! anchors are added to `cdr3_aa`. `productive` is true, false or empty; if it is empty, the
//! junction decides. If rows name their cell, cells are counted, as in the table of contigs:
//! there, `duplicate_count` is the number of UMIs of a contig and measures expression.

use super::Format;
use super::columns::{Check, Layout};
use crate::import_counts::DropReason;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Airr,
    signature: &[&["junction_aa", "cdr3_aa", "junction"]],
    junction_aa: &["junction_aa"],
    junction: &["junction"],
    cdr3_aa: &["cdr3_aa"],
    v_call: &["v_call"],
    j_call: &["j_call"],
    counts: &["umi_count", "duplicate_count", "consensus_count"],
    locus: &["locus", "c_call"],
    repertoire_id: &["repertoire_id", "sample_id"],
    cell: &["cell_id", "cell_barcode"],
    checks: &[
        ("is_cell", Check::Cell),
        ("vj_in_frame", Check::Said(DropReason::OutOfFrame)),
        ("stop_codon", Check::StopCodon),
        ("productive", Check::Said(DropReason::Unproductive)),
    ],
    short_rows: true,
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::ReadOptions;
    use super::super::testing::{check, check_with};
    use crate::gene::Locus;
    use insta::assert_snapshot;

    #[test]
    fn only_productive_rows_are_kept_and_equal_ones_collapse() {
        let table = "sequence_id\tproductive\tv_call\tj_call\tjunction_aa\tduplicate_count\n\
            a\tT\tTRBV9*01\tTRBJ2-3*01\tCASSLGTDTQYF\t3\n\
            b\tT\tTRBV9*02\tTRBJ2-3*01\tCASSLGTDTQYF\t2\n\
            c\tF\tTRBV9*01\tTRBJ2-3*01\tCASSLGTDTQYF\t7\n\
            d\t\tTRBV6-2*01,TRBV6-3*01\tTRBJ2-7*01\tCASSYEQYF\t\n\
            e\t\tTRBV9*01\tTRBJ2-3*01\tCASS*GTDTQYF\t1\n";
        assert_snapshot!(check(table), @r"
        airr case: 3 of 5 rows
        CASSLGTDTQYF TRBV9 TRBJ2-3 5
        CASSYEQYF TRBV6-2 TRBJ2-7 1
        dropped: stop codon 1
        dropped: unproductive 1
        noted: missing counts 1
        noted: gene ties 1
        ");
    }

    #[test]
    fn a_junction_is_translated_before_anchors_are_put_back_to_a_cdr3() {
        let table = "sequence_id\tv_call\tj_call\tjunction\tcdr3_aa\tjunction_aa\tumi_count\n\
            a\tTRBV9\tTRBJ2-7\tTGTGCCAGCAGCTATGAACAGTACTTC\tASSYEQY\t\t1\n\
            b\tTRBV9\tTRBJ2-7\t\tASSYEQY\t\t2\n\
            c\tTRAV1-2\tTRAJ33\t\tAVMDSNYQLI\t\t1\n\
            d\tIGHV3-23\tIGHJ4\t\tARDYFDY\t\t1\n\
            e\tTRBV9\tTRBJ2-7\t\t\t\t1\n";
        assert_snapshot!(check(table), @r"
        airr case: 4 of 5 rows
        CARDYFDYW IGHV3-23 IGHJ4 1
        CASSYEQYF TRBV9 TRBJ2-7 3
        CAVMDSNYQLIW TRAV1-2 TRAJ33 1
        dropped: missing junction 1
        noted: anchors restored 3
        noted: translated 1
        ");
    }

    #[test]
    fn many_repertoires_are_told_apart() {
        let table = "repertoire_id\tjunction_aa\tv_call\tj_call\tduplicate_count\n\
            p2\tCASSYEQYF\tTRBV9\tTRBJ2-7\t1\n\
            p1\tCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t2\n\
            p2\tCASSYEQYF\tTRBV9\tTRBJ2-7\t1\n";
        assert_snapshot!(check(table), @r"
        airr p1: 1 of 1 rows
        CASSLGTDTQYF TRBV9 TRBJ2-3 2
        airr p2: 2 of 2 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        ");
    }

    #[test]
    fn trailing_fields_may_be_left_off_but_not_those_that_are_read() {
        let table = "junction_aa\tv_call\tj_call\tnp1\tsequence\nCASSYEQYF\tTRBV9\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 1
        noted: missing counts 1
        noted: short rows 1
        ");
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\nCASSYEQYF\tTRBV9\tTRBJ2-7\n";
        assert_snapshot!(check(table), @"case.tsv:2: 3 fields, expected 4");
    }

    #[test]
    fn a_constant_gene_tells_the_locus() {
        let table = "sequence_id\tv_call\tj_call\tc_call\tjunction_aa\tduplicate_count\n\
            a\tTRBV9\tTRBJ2-7\tTRBC2\tCASSYEQYF\t1\nb\t\t\tTRAC\tCAVMDSNYQLIW\t1\n";
        let options = ReadOptions { loci: vec![Locus::Trb], ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        airr case: 1 of 2 rows
        CASSYEQYF TRBV9 TRBJ2-7 1
        dropped: other locus 1
        ");
    }
}
