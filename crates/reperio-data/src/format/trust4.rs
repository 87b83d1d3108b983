//! TRUST4 report. `CDR3aa` includes the anchors, or says `out_of_frame`; `_` and `?` mark uncertain residues.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Trust4,
    signature: &[&["#count", "count", "read_count"], &["frequency"], &["cdr3aa"], &["cid", "c"]],
    junction_aa: &["cdr3aa"],
    v_call: &["v"],
    j_call: &["j"],
    counts: &["#count", "count", "read_count"],
    locus: &["c"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn only_sure_junctions_in_frame_are_kept() {
        let table = "#count\tfrequency\tCDR3nt\tCDR3aa\tV\tD\tJ\tC\tcid\tcid_full_length\n\
            8\t0.5\tTGT\tCARDYFDYW\tIGHV1-3*01\tIGHD1-26*01\tIGHJ4*02\t.\tassemble1\t0\n\
            6\t0.5\tTGT\tout_of_frame\tIGHV4-61*01\t.\tIGHJ3*02\t.\tassemble2\t0\n\
            5\t0.5\tTGT\tCAR_YFDYW\tIGHV4-61*01\t.\tIGHJ3*02\t.\tassemble3\t0\n\
            4\t0.5\tTGT\tpartial\tIGHV1-3*01\t.\t*\t.\tassemble5\t0\n\
            4\t0.5\tTGT\tCAR?YFDYW\t*\t.\tIGHJ3*02\t.\tassemble4\t0\n";
        assert_snapshot!(check(table), @r"
        trust4 case: 1 of 5 rows
        CARDYFDYW IGHV1-3 IGHJ4 8
        dropped: out of frame 1
        dropped: missing junction 1
        dropped: ambiguous residue 2
        ");
    }
}
