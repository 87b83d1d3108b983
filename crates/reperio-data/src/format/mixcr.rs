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
    ..Layout::NONE
};
