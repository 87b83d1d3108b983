//! `MiXCR` clone tables, versions 1 to 4. `CDR3` columns include the anchors; `_` is a frame shift,
//! `*` a stop; imputed residues are in lower case and are read like the others. Molecules are
//! preferred to reads as counts.

use super::Format;
use super::columns::Layout;

const JUNCTION_AA: &[&str] = &["aaseqcdr3", "aaseqimputedcdr3", "aa. seq. cdr3", "aa seq cdr3"];

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Mixcr,
    signature: &[&[
        "aaseqcdr3",
        "aaseqimputedcdr3",
        "aa. seq. cdr3",
        "aa seq cdr3",
        "nseqcdr3",
        "n. seq. cdr3",
    ]],
    junction_aa: JUNCTION_AA,
    junction: &["nseqcdr3", "nseqimputedcdr3", "n. seq. cdr3", "n seq cdr3"],
    v_call: &[
        "allvhitswithscore",
        "allvhits",
        "bestvgene",
        "bestvhit",
        "vgene",
        "vhit",
        "all v hits",
        "all v hits with score",
        "best v gene",
        "best v hit",
    ],
    j_call: &[
        "alljhitswithscore",
        "alljhits",
        "bestjgene",
        "bestjhit",
        "jgene",
        "jhit",
        "all j hits",
        "all j hits with score",
        "best j gene",
        "best j hit",
    ],
    counts: &[
        "uniquemoleculecount",
        "uniquetagcountumi",
        "uniqueumicount",
        "clonecount",
        "readcount",
        "clone count",
        "read count",
    ],
    locus: &["chains", "topchains"],
    cell: &["tagvaluecell", "cellid"],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn version_1_has_spaces_in_its_names() {
        let table = "Clone count\tAll V hits\tAll J hits\tN. Seq. CDR3\tAA. Seq. CDR3\n\
            294.0\tTRBV13*00(401.5),TRBV14*00(300)\tTRBJ2-7*00(120)\tTGT\tCASSYEQYF\n";
        assert_snapshot!(check(table), @r"
        mixcr case: 1 of 1 rows
        CASSYEQYF TRBV13 TRBJ2-7 294
        ");
    }

    #[test]
    fn several_chains_frame_shifts_and_stops_share_one_file() {
        let table = "cloneId\treadCount\tuniqueMoleculeCount\tallVHitsWithScore\tallJHitsWithScore\tnSeqCDR3\taaSeqCDR3\n\
            0\t900\t12\tTRBV9*00(500)\tTRBJ2-7*00(100)\tACGT\tCASSYEQYF\n\
            1\t80\t3\tTRAV1-2*00(500)\tTRAJ33*00(100)\tACGT\tCAvmDSNYQLIW\n\
            2\t70\t2\tTRBV9*00(500)\tTRBJ2-7*00(100)\tACGT\tCASS_EQYF\n\
            3\t60\t1\tTRBV9*00(500)\tTRBJ2-7*00(100)\tACGT\tCASS*EQYF\n\
            4\t50\t1\tTRBV9*00(500)\tTRBJ2-7*00(100)\tACGT\tregion_not_covered\n";
        assert_snapshot!(check(table), @r"
        mixcr case: 2 of 5 rows
        CASSYEQYF TRBV9 TRBJ2-7 12
        CAVMDSNYQLIW TRAV1-2 TRAJ33 3
        dropped: stop codon 1
        dropped: missing junction 1
        dropped: ambiguous residue 1
        ");
    }

    #[test]
    fn base_qualities_may_begin_with_a_quotation_mark() {
        let table = "cloneId\treadCount\ttargetQualities\tallVHitsWithScore\tallJHitsWithScore\taaSeqCDR3\n\
            0\t90\t\"]]]\tTRBV9*00(500)\tTRBJ2-7*00(100)\tCASSYEQYF\n\
            1\t80\t]]]]\tTRBV9*00(500)\tTRBJ2-7*00(100)\tCASSLYEQYF\n\
            2\t70\t\"]]!\tTRBV9*00(500)\tTRBJ2-7*00(100)\tCASSGYEQYF\n";
        assert_snapshot!(check(table), @r"
        mixcr case: 3 of 3 rows
        CASSGYEQYF TRBV9 TRBJ2-7 70
        CASSLYEQYF TRBV9 TRBJ2-7 80
        CASSYEQYF TRBV9 TRBJ2-7 90
        ");
    }
}
