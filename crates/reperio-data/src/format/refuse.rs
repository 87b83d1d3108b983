//! Tables that only look like repertoires, and tables of something else.

use super::error::Refusal;
use super::header::Header;

/// What a table is that is known and cannot be read.
pub(super) fn refusal(header: &Header) -> Option<Refusal> {
    let exactly = |name: &str| header.names.iter().any(|candidate| candidate == name);
    let has = |name: &str| header.find(name).is_some();
    let ends = |end: &str| header.names.iter().any(|name| name.ends_with(end));
    if exactly("SEQUENCE_ID") && exactly("V_CALL") {
        Some(Refusal::ChangeO)
    } else if exactly("Cell_Index") && exactly("CDR3_Translation") {
        Some(Refusal::BdRhapsody)
    } else if exactly("Cell_Index") && ends("_CDR3_Translation_Dominant") {
        Some(Refusal::BdDominant)
    } else if (has("#barcode") || has("barcode")) && has("chain1") && has("chain2") {
        Some(Refusal::Trust4Barcode)
    } else if has("cdr3s_aa") {
        Some(Refusal::TenXClonotypes)
    } else if has("ctaa") || (has("cdr3_aa1") && has("cdr3_aa2")) {
        Some(Refusal::ScRepertoire)
    } else {
        None
    }
}

/// Whether the text of a JSON file looks like that of 10x.
pub(super) fn is_tenx_json(head: &[u8]) -> bool {
    let contains = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    contains(b"contig") || contains(b"\"aa_sequence\"")
}

/// Columns that tables of samples have.
const OF_SAMPLES: [&str; 14] = [
    "repertoire_id",
    "sample_id",
    "sampleid",
    "sample",
    "sample_name",
    "id",
    "file",
    "filename",
    "file_name",
    "file.name",
    "subject_id",
    "subject",
    "patient",
    "donor",
];

/// Parts of the names of columns that only tables of receptors have.
const OF_RECEPTORS: [&str; 7] =
    ["cdr3", "junction", "v_gene", "v_call", "vgene", "clonotype", "rearrangement"];

/// Whether a table is about samples, and none of its columns about receptors.
pub(super) fn is_metadata(header: &Header) -> bool {
    let of_receptors = |name: &String| {
        let name = name.to_ascii_lowercase();
        OF_RECEPTORS.iter().any(|part| name.contains(part))
    };
    OF_SAMPLES.iter().any(|name| header.find(name).is_some())
        && !header.names.iter().any(of_receptors)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn tables_of_something_else_are_refused() {
        assert_snapshot!(check("filename,subject_id,label\na.tsv,s1,1\n"), @"case.tsv:1: this is a metadata table: columns about samples, none with receptor sequences, expected a table of receptors (give this one as the metadata)");
        assert_snapshot!(check("SEQUENCE_ID\tV_CALL\tJUNCTION\n"), @"case.tsv:1: this is a Change-O table, expected an AIRR table (Change-O 1.0 and later write one with `--format airr`)");
        assert_snapshot!(check("## BD Rhapsody\nCell_Index,V_gene,CDR3_Translation\n"), @"case.tsv:2: this is a BD Rhapsody contig table, expected the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it");
    }

    #[test]
    fn tables_of_cells_and_of_pairs_say_so() {
        assert_snapshot!(check("#barcode\tcell_type\tchain1\tchain2\nA\tabT\t*\t*\n"), @"case.tsv:1: this is a TRUST4 barcode report, a row a cell, expected the `*_barcode_airr.tsv` or `*_report.tsv` that TRUST4 writes beside it");
        assert_snapshot!(check("Cell_Index,TCR_Alpha_Gamma_CDR3_Translation_Dominant\n1,C\n"), @"case.tsv:1: this is a BD Rhapsody table of dominant contigs, a row a cell, expected the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it");
        assert_snapshot!(check("barcode,sample,CTgene,CTaa\nA,S,g,C_C\n"), @"case.tsv:1: this is a scRepertoire table with two chains a row (`CTaa`, `cdr3_aa1`, `cdr3_aa2`), expected the contig table that it was made from, or --column for the columns of one chain");
        assert_snapshot!(check("clonotype_id,frequency,cdr3s_aa\nc1,2,TRA:CAF;TRB:CAF\n"), @"case.tsv:1: this is a 10x clonotype table, all chains of a clonotype in one field, expected the `*_contig_annotations.csv` that Cell Ranger writes beside it");
        assert_snapshot!(check("sample\tmy_cdr3\nS\tC\n"), @"case.tsv:1: columns `sample`, `my_cdr3`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, paired, custom, fasta) or columns that you name");
    }
}
