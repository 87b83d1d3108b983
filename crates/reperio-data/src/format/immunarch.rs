//! immunarch tables, which start with a comment line, and those of its predecessor tcR. CDR3 columns include
//! the anchors.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immunarch,
    signature: &[
        &["cdr3.aa", "cdr3.nt", "cdr3.amino.acid.sequence"],
        &["clones", "v.name", "v.gene", "read.count", "umi.count"],
    ],
    junction_aa: &["cdr3.aa", "cdr3.amino.acid.sequence"],
    junction: &["cdr3.nt", "cdr3.nucleotide.sequence"],
    v_call: &["v.name", "v.gene"],
    j_call: &["j.name", "j.gene"],
    counts: &["umi.count", "clones", "read.count"],
    locus: &["chain"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn a_comment_stands_before_the_header() {
        let table = "# Exported from immunarch 0.5.6 https://immunarch.com\n\
            Clones\tProportion\tCDR3.nt\tCDR3.aa\tV.name\tD.name\tJ.name\n\
            206\t0.02\tTGC\tCASSQEGYEQYF\tTRBV4-1\tTRBD1\tTRBJ2-7\n\
            2\t0.01\tTGTGCC\tNA\tTRBV4-1\tTRBD1\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        immunarch case: 1 of 2 rows
        CASSQEGYEQYF TRBV4-1 TRBJ2-7 206
        dropped: too short 1
        ");
    }

    #[test]
    fn tables_of_tcr_are_read() {
        let table = "Umi.count\tRead.count\tCDR3.nucleotide.sequence\tCDR3.amino.acid.sequence\tV.gene\tJ.gene\n\
            NA\t206\tTGC\tCASSQEGYEQYF\tTRBV4-1\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        immunarch case: 1 of 1 rows
        CASSQEGYEQYF TRBV4-1 TRBJ2-7 206
        ");
    }
}
