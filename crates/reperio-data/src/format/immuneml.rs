//! immuneML's own columns. Its sequences are CDR3s without anchors unless `region_types` says
//! `IMGT_JUNCTION`. (What immuneML writes in AIRR columns is read as AIRR.)

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immuneml,
    signature: &[&["sequence_aas"]],
    junction_aa: &["junction_aa"],
    cdr3_aa: &["cdr3_aa", "sequence_aas"],
    v_call: &["v_call", "v_genes", "v_alleles"],
    j_call: &["j_call", "j_genes", "j_alleles"],
    counts: &["duplicate_count", "counts"],
    locus: &["locus", "chains"],
    region: &["region_types", "region_type"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn anchors_are_put_back_unless_the_region_has_them() {
        let table = "sequence_aas\tv_genes\tj_genes\tchains\tcounts\tregion_types\n\
            ASSYEQY\tTRBV9\tTRBJ2-7\tTRB\t2\tIMGT_CDR3\n\
            CASSLGYEQYF\tTRBV9\tTRBJ2-7\tTRB\t1\tIMGT_JUNCTION\n";
        assert_snapshot!(check(table), @r"
        immuneml case: 2 of 2 rows
        CASSLGYEQYF TRBV9 TRBJ2-7 1
        CASSYEQYF TRBV9 TRBJ2-7 2
        noted: anchors restored 1
        ");
    }

    #[test]
    fn its_airr_tables_may_have_only_a_cdr3() {
        let table = "cdr3_aa\tv_call\tj_call\tduplicate_count\nASSYEQY\tTRBV9*01\tTRBJ2-7*01\t2\n";
        assert_snapshot!(check(table), @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        noted: anchors restored 1
        ");
    }
}
