//! `VDJtools` tables and the variants that other tools made of them. An unnamed first column is an
//! index and is ignored. CDR3 columns include the anchors.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Vdjtools,
    signature: &[
        &["cdr3aa", "cdr3_beta", "aa sequence", "cdr3 amino acid sequence"],
        &["count", "#count", "#seq. count", "seq. count"],
    ],
    junction_aa: &["cdr3aa", "cdr3_beta", "aa sequence", "cdr3 amino acid sequence"],
    junction: &["cdr3nt", "n sequence", "cdr3 nucleotide sequence"],
    v_call: &["v", "trbv_gene", "v segments", "v segment"],
    j_call: &["j", "trbj_gene", "j segments", "j segment"],
    counts: &["count", "#count", "#seq. count", "seq. count"],
    ..Layout::NONE
};

/// The variant of alpha chains. If both chains are in a row, the format is [`Format::Paired`].
pub(super) const ALPHA: Layout = Layout {
    signature: &[&["cdr3_alpha"], &["count", "#count", "#seq. count", "seq. count"]],
    junction_aa: &["cdr3_alpha"],
    v_call: &["trav_gene", "v"],
    j_call: &["traj_gene", "j"],
    ..LAYOUT
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn the_table_of_vdjtools_itself_is_read() {
        let table = "#count\tfreq\tcdr3nt\tcdr3aa\tv\td\tj\n\
            7\t0.7\tTGT\tCASSYEQYF\tTRBV12-4, TRBV12-3\t.\tTRBJ2-7\n\
            3\t0.3\tTGT\tCASS~EQYF\tTRBV9\t.\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        vdjtools case: 1 of 2 rows
        CASSYEQYF TRBV12-4 TRBJ2-7 7
        dropped: ambiguous residue 1
        noted: gene ties 1
        ");
    }

    #[test]
    fn variants_are_read_and_an_unnamed_first_column_is_an_index() {
        let table = "\tcount\tfreq\tcdr3nt\tCDR3_beta\tTRBV_gene\td\tTRBJ_gene\n\
            0\t5\t0.5\tTGT\tCASSYEQYF\tTRBV9\t.\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        vdjtools case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 5
        ");
        let table = "#Seq. Count\tPercent\tN Sequence\tAA Sequence\tV segments\tJ segments\tD segment\n\
            5\t0.5\tTGT\tCASSYEQYF\tTRBV9\tTRBJ2-7\tTRBD1\n";
        assert_snapshot!(check(table), @r"
        vdjtools case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 5
        ");
    }
}
