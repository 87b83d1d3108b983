//! 10x Cell Ranger `*_contig_annotations.csv`: a row is a contig of one cell. `cdr3` includes the
//! anchors. A clonotype's count is the number of distinct barcodes with that junction and genes:
//! UMIs of a contig measure expression, not clone size.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::TenX,
    signature: &[&["barcode"], &["chain"], &["v_gene"], &["cdr3"]],
    junction_aa: &["cdr3"],
    junction: &["cdr3_nt"],
    v_call: &["v_gene"],
    j_call: &["j_gene"],
    locus: &["chain", "c_gene"],
    cell: &["barcode"],
    checks: &[
        ("is_cell", Check::Cell),
        ("high_confidence", Check::Confident),
        ("chain", Check::OneChain),
        ("productive", Check::SurelyProductive),
    ],
    ..Layout::NONE
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    const HEADER: &str = "barcode,is_cell,contig_id,high_confidence,chain,v_gene,d_gene,j_gene,c_gene,productive,cdr3,cdr3_nt,umis";

    #[test]
    fn cells_are_counted_not_molecules() {
        let table = format!(
            "{HEADER}\n\
            A-1,True,A-1_contig_1,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,True,CASSYEQYF,TGT,40\n\
            A-1,True,A-1_contig_2,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,True,CASSYEQYF,TGC,2\n\
            A-1,True,A-1_contig_3,True,TRA,TRAV29DV5,None,TRAJ33,TRAC,True,CAVMDSNYQLIW,TGT,5\n\
            B-1,True,B-1_contig_1,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,true,CASSYEQYF,TGT,7\n"
        );
        assert_snapshot!(check(&table), @r"
        10x case: 3 of 4 rows
        CASSYEQYF TRBV9 TRBJ2-7 2
        CAVMDSNYQLIW TRAV29/DV5 TRAJ33 1
        dropped: same cell again 1
        ");
    }

    #[test]
    fn samples_that_aggr_joins_are_noticed() {
        let row = "True,c,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,True,CASSYEQYF,TGT,40";
        let table = format!("{HEADER}\nA-1,{row}\nA-2,{row}\nB-2,{row}\n");
        assert_snapshot!(check(&table), @r"
        10x case: 3 of 3 rows
        CASSYEQYF TRBV9 TRBJ2-7 3
        noted: samples joined 2
        ");
    }

    #[test]
    fn contigs_that_cell_ranger_doubts_are_dropped() {
        let table = format!(
            "{HEADER}\n\
            A-1,False,c,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,True,CASSYEQYF,TGT,40\n\
            B-1,TRUE,c,FALSE,TRB,TRBV9,,TRBJ2-7,TRBC2,TRUE,CASSYEQYF,TGT,40\n\
            C-1,True,c,True,Multi,TRBV9,None,TRAJ10,TRBC2,True,CASSYEQYF,TGT,40\n\
            D-1,True,c,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,None,CASSYEQYF,TGT,40\n\
            E-1,True,c,True,TRB,TRBV9,None,TRBJ2-7,TRBC2,True,None,None,40\n"
        );
        assert_snapshot!(check(&table), @r"
        10x case: 0 of 5 rows
        dropped: mixed chains 1
        dropped: not a cell 1
        dropped: low confidence 1
        dropped: unproductive 1
        dropped: missing junction 1
        ");
    }
}
