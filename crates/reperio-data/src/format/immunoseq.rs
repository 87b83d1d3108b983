//! Adaptive immunoSEQ exports: the old (`aminoAcid`), the new (`amino_acid`) and those with
//! `bio_identity` (`CASSF+TCRBV06-02+TCRBJ01-05`). Amino-acid columns include the anchors.
//!
//! A gene comes from the first column that resolves it, ties last. If no column does, the family is used.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immunoseq,
    signature: &[
        &["aminoacid", "amino_acid", "bio_identity"],
        &[
            "nucleotide",
            "rearrangement",
            "frame_type",
            "sequencestatus",
            "vgenename",
            "v_gene",
            "v_resolved",
        ],
    ],
    junction_aa: &["amino_acid", "aminoacid", "bio_identity"],
    v_call: &[
        "v_gene",
        "vgenename",
        "v_resolved",
        "vmaxresolved",
        "v_gene_ties",
        "vgenenameties",
        "v_family",
        "vfamilyname",
        "bio_identity",
    ],
    j_call: &[
        "j_gene",
        "jgenename",
        "j_resolved",
        "jmaxresolved",
        "j_gene_ties",
        "jgenenameties",
        "j_family",
        "jfamilyname",
        "bio_identity",
    ],
    counts: &[
        "templates",
        "count (templates/reads)",
        "count (templates)",
        "copy", // The first version.
        "estimatednumbergenomes",
        "count (reads)",
        "seq_reads",
        "reads",
        "count",
    ],
    locus: &["locus"],
    repertoire_id: &["sample_name"],
    checks: &[("frame_type", Check::FrameType), ("sequencestatus", Check::FrameType)],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn the_old_export_is_read() {
        let table = "nucleotide\taminoAcid\tcount (templates/reads)\tvMaxResolved\tvGeneName\tjGeneName\tsequenceStatus\n\
            ACGT\tCASSYEQYF\t5\tTCRBV28-01*01\tTCRBV28-01\tTCRBJ02-07\tIn\n\
            ACGT\t\t9\tTCRBV28-01*01\tTCRBV28-01\tTCRBJ02-07\tOut\n\
            ACGT\tCASS*EQYF\t9\tTCRBV28-01*01\tTCRBV28-01\tTCRBJ02-07\tStop\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 1 of 3 rows
        CASSYEQYF TRBV28 TRBJ2-7 5
        dropped: out of frame 1
        dropped: stop codon 1
        ");
    }

    #[test]
    fn the_new_export_falls_back_on_ties_and_counts_templates() {
        let table = "rearrangement\tamino_acid\tframe_type\ttemplates\treads\tv_family\tv_gene\tj_gene\tv_gene_ties\n\
            ACGT\tCASSYEQYF\tIn\tnull\t8\tTCRBV06\tunresolved\tTCRBJ02-07\tTCRBV06-02,TCRBV06-03\n\
            ACGT\tCASSLGYEQYF\tIn\t3\t40\tTCRBV20\tunresolved\tTCRBJ02-07\tno data\n\
            ACGT\tCASSFGYEQYF\tIn\t3\t40\tTCRBV06\tunresolved\tTCRBJ02-07\tno data\n\
            ACGT\tna\tOut\t3\t40\tTCRBV20\tunresolved\tTCRBJ02-07\tno data\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 3 of 4 rows
        CASSFGYEQYF TRBV6 TRBJ2-7 3
        CASSLGYEQYF TRBV20-1 TRBJ2-7 3
        CASSYEQYF TRBV6-2 TRBJ2-7 1
        dropped: out of frame 1
        noted: missing counts 1
        noted: gene ties 1
        noted: V families 1
        ");
    }

    #[test]
    fn reads_are_counted_where_there_are_no_templates() {
        let table = "rearrangement\tamino_acid\tframe_type\ttemplates\treads\tv_gene\n\
            ACGT\tCASSYEQYF\tIn\tnull\t8\tTCRBV06-02\nACGT\tCASSLYEQYF\tIn\tnull\t2\tTCRBV06-02\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 2 of 2 rows
        CASSLYEQYF TRBV6-2 ? 2
        CASSYEQYF TRBV6-2 ? 8
        ");
    }

    #[test]
    fn families_are_taken_where_no_column_has_a_gene() {
        let table = "amino_acid\tv_family\tj_family\tv_gene\tv_resolved\tv_gene_ties\tframe_type\n\
            CASSYEQYF\tTCRBV06\tTCRBJ02\tunresolved\tTCRBV06\t\tIn\n\
            CASSAYEQYF\tTCRBV06\tTCRBJ02\tTCRBV06-X\tTCRBV06\tTCRBV06-02,TCRBV06-03\tIn\n\
            CASSCYEQYF\tTCRBV18\tTCRBJ01\t\t\t\tIn\n\
            CASSDYEQYF\tTCRBV29\tunresolved\t\t\t\tIn\n\
            CASSEYEQYF\t\tTCRBJ02\t\t\t\tIn\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 5 of 5 rows
        CASSAYEQYF TRBV6-2 TRBJ2 1
        CASSCYEQYF TRBV18 TRBJ1 1
        CASSDYEQYF TRBV29-1 ? 1
        CASSEYEQYF ? TRBJ2 1
        CASSYEQYF TRBV6 TRBJ2 1
        noted: missing counts 5
        noted: gene ties 1
        noted: V families 1
        noted: J families 4
        ");
    }

    #[test]
    fn a_bio_identity_is_taken_apart() {
        let table = "rearrangement\tbio_identity\ttemplates\tframe_type\n\
            ACGT\tCASSYEQYF+TCRBV06-02+TCRBJ02-07\t4\tIn\n\
            ACGT\tCASSGYEQYF+TCRBV06-X+TCRBJ02-07\t2\tIn\n\
            ACGT\tX+TCRBV28-01+TCRBJ02-07\t4\tOut\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 2 of 3 rows
        CASSGYEQYF TRBV6 TRBJ2-7 2
        CASSYEQYF TRBV6-2 TRBJ2-7 4
        dropped: out of frame 1
        noted: V families 1
        ");
    }

    #[test]
    fn another_frame_type_is_an_error() {
        let table = "rearrangement\tamino_acid\tframe_type\nACGT\tCASSYEQYF\tperhaps\n";
        assert_snapshot!(check(table), @r#"case.tsv:2: column `frame_type` is "perhaps", expected In, Out, Stop or nothing"#);
    }
}
