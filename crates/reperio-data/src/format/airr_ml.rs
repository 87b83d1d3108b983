//! Repertoires of the AIRR-ML-25 challenge: AIRR names, few columns, counts in `templates` or nowhere.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::AirrMl,
    signature: &[&["junction_aa"], &["v_call"], &["j_call"]],
    not: &[
        "sequence_id",
        "sequence",
        "productive",
        "locus",
        "duplicate_count",
        "umi_count",
        "consensus_count",
    ],
    junction_aa: &["junction_aa"],
    v_call: &["v_call"],
    j_call: &["j_call"],
    counts: &["templates", "duplicate_count"],
    repertoire_id: &["repertoire_id"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn templates_are_the_counts() {
        let table = "junction_aa\tv_call\tj_call\td_call\ttemplates\n\
            CASSYEQYF\tTRBV9*01\tTRBJ2-7*01\tTRBD1\t12\n";
        assert_snapshot!(check(table), @r"
        airr-ml-25 case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 12
        ");
    }

    #[test]
    fn there_may_be_no_counts() {
        let table = "junction_aa,v_call,j_call\nCASSYEQYF,TRBV9,TRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        airr-ml-25 case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 1
        noted: missing counts 1
        ");
    }
}
