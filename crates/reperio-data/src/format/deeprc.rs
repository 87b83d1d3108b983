//! `DeepRC` repertoires: `amino_acid` (with anchors) and `templates`, no genes.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Deeprc,
    signature: &[&["amino_acid"], &["templates"]],
    junction_aa: &["amino_acid"],
    counts: &["templates"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn there_are_no_genes() {
        let table = "amino_acid\ttemplates\nCASSYEQYF\t3\nCASSYXQYF\t1\n";
        assert_snapshot!(check(table), @r"
        deeprc case: 1 of 2 rows
        CASSYEQYF ? ? 3
        dropped: ambiguous residue 1
        ");
    }
}
