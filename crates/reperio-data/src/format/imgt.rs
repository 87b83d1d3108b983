//! IMGT/HighV-QUEST `1_Summary`: a row is a read, so counts are rows. Gene columns read
//! `Homsap IGHV2-26*01 F`. Rows without a result leave off their trailing fields.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Imgt,
    signature: &[&["aa junction", "junction"], &["v-gene and allele"]],
    // `JUNCTION` is amino acids in `5_AA-sequences`; elsewhere its content says that it is nucleotides.
    junction_aa: &["aa junction", "junction"],
    junction: &["junction"],
    v_call: &["v-gene and allele"],
    j_call: &["j-gene and allele"],
    checks: &[
        ("v-domain functionality", Check::Functionality),
        ("functionality", Check::Functionality),
    ],
    short_rows: true,
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn reads_are_counted_and_failed_ones_dropped() {
        let table = "Sequence number\tSequence ID\tV-DOMAIN Functionality\tV-GENE and allele\tJ-GENE and allele\tAA JUNCTION\tJUNCTION frame\n\
            1\ta\tproductive\tHomsap IGHV2-26*01 F\tHomsap IGHJ4*02 F\tCARDYFDYW\tin-frame\n\
            2\tb\tproductive (see comment)\tHomsap IGHV2-26*01 F\tHomsap IGHJ4*02 F\tCARDYFDYW\tin-frame\n\
            3\tc\tunproductive\tHomsap IGHV2-26*01 F\tHomsap IGHJ4*02 F\tCAR#YFDYW\tout-of-frame\n\
            4\td\tNo results\t\t\t\n";
        assert_snapshot!(check(table), @r"
        imgt case: 2 of 4 rows
        CARDYFDYW IGHV2-26 IGHJ4 2
        dropped: unproductive 1
        dropped: missing junction 1
        noted: missing counts 2
        ");
    }
}
