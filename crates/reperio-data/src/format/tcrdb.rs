//! `TCRdb` tables: many runs per file, separated by `RunId`, with columns in any order. `AASeq` includes the anchors.
//! There is only a fraction, not a count.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Tcrdb,
    signature: &[&["aaseq"], &["clonefraction", "vregion", "runid"]],
    junction_aa: &["aaseq"],
    v_call: &["vregion"],
    j_call: &["jregion"],
    repertoire_id: &["runid"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn runs_are_told_apart_whatever_the_order_of_columns() {
        let table = "RunId\tAASeq\tVregion\tJregion\tDregion\tcloneFraction\n\
            SRR2\tCASSYEQYF\tTRBV9\tTRBJ2-7\tUnknown\t0.5\n\
            SRR1\tCASSLGYEQYF\tUnknown\tTRBJ2-7\tUnknown\t0.5\n";
        assert_snapshot!(check(table), @r"
        tcrdb SRR1: 1 of 1 rows
        CASSLGYEQYF ? TRBJ2-7 1
        noted: missing counts 1
        tcrdb SRR2: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 1
        noted: missing counts 1
        ");
    }

    #[test]
    fn a_row_without_a_run_among_others_is_an_error() {
        let table = "AASeq\tcloneFraction\tVregion\tRunId\n\
            CASSYEQYF\t0.5\tTRBV9\tSRR1\n\
            CASSLGYEQYF\t0.5\tTRBV9\t\n";
        assert_snapshot!(check(table), @r#"case.tsv:3: column `RunId` is "", expected the id of a repertoire in every row"#);
    }
}
