//! Tables that only look like repertoires, and other kinds of tables.

use super::header::Header;
use super::refusal::Refusal;
use crate::alphabet::AMINO_ACIDS;
use crate::table::plain;

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

/// Parts of the names of columns that only tables of receptors have, without separators.
const OF_RECEPTORS: [&str; 17] = [
    "cdr3",
    "junction",
    "clonotype",
    "rearrangement",
    "aaseq",
    "aminoacid",
    "vgene",
    "jgene",
    "vcall",
    "jcall",
    "trav",
    "trbv",
    "trgv",
    "trdv",
    "ighv",
    "igkv",
    "iglv",
];

/// Names of columns that hold the sequence of a chain.
const CHAINS: [&str; 7] = ["tra", "trb", "trg", "trd", "igh", "igk", "igl"];

/// Whether a table is about samples, and none of its columns about receptors.
pub(super) fn is_metadata(header: &Header) -> bool {
    let of_receptors = |name: &String| {
        let name = plain(name);
        CHAINS.contains(&name.as_str()) || OF_RECEPTORS.iter().any(|part| name.contains(part))
    };
    OF_SAMPLES.iter().any(|name| header.find(name).is_some())
        && !header.names.iter().any(of_receptors)
}

/// Whether a text that is not a known table holds receptors: at least half of the lines below the first have a word
/// like a junction, or a gene beside a word of residues. Of one line, that line.
pub(super) fn holds_receptors(text: &[u8]) -> bool {
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines: Vec<&[u8]> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    let rows = if lines.len() > 1 { &lines[1..] } else { &lines[..] };
    let receptors = rows.iter().filter(|row| is_receptor(row)).count();
    receptors > 0 && 2 * receptors >= rows.len()
}

/// Whether a line looks like the row of a receptor.
fn is_receptor(line: &[u8]) -> bool {
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'*' | b'_');
    let (mut gene, mut residues) = (false, false);
    for word in line.split(|byte| !is_part(byte)) {
        let is_residues = word.len() > 5
            && word.iter().all(|letter| AMINO_ACIDS.contains(letter))
            && !word.iter().all(|letter| b"ACGT".contains(letter));
        let anchored = word.starts_with(b"C") && (word.ends_with(b"F") || word.ends_with(b"W"));
        if is_residues && anchored && word.len() > 7 {
            return true;
        }
        residues |= is_residues;
        gene |= is_gene(word);
    }
    gene && residues
}

/// Whether a word begins like a V or J gene of IMGT or Adaptive.
fn is_gene(word: &[u8]) -> bool {
    let Some(rest) = word
        .strip_prefix(b"TCR")
        .or_else(|| word.strip_prefix(b"TR"))
        .or_else(|| word.strip_prefix(b"IG"))
    else {
        return false;
    };
    matches!(rest, [b'A' | b'B' | b'G' | b'D' | b'H' | b'K' | b'L', b'V' | b'J', b'0'..=b'9', ..])
}

/// Whether the lines below those that begin with `>` are residues or nucleotides, as in a FASTA file; in a quotation
/// they are not.
pub(super) fn is_fasta(head: &[u8]) -> bool {
    let lines = head.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> =
        lines.filter(|line| !line.is_empty() && !line.starts_with(b">")).collect();
    let is_symbol = |byte: &u8| byte.is_ascii_alphabetic() || b"*-._?".contains(byte);
    let is_sequence = |line: &&&[u8]| line.iter().all(is_symbol);
    let sequences = lines.iter().filter(is_sequence).count();
    sequences > 0 && 2 * sequences >= lines.len()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn tables_of_something_else_are_refused() {
        assert_snapshot!(check("filename,subject_id,label\na.tsv,s1,1\n"), @"case.tsv:1: this is a metadata table: columns about samples, none with receptor sequences, expected a table of receptors (give this one with --metadata)");
        assert_snapshot!(check("SEQUENCE_ID\tV_CALL\tJUNCTION\n"), @"case.tsv:1: this is a Change-O table, expected an AIRR table (Change-O 1.0 and later write one with `--format airr`)");
        assert_snapshot!(check("## BD Rhapsody\nCell_Index,V_gene,CDR3_Translation\n"), @"case.tsv:2: this is a BD Rhapsody contig table, expected the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it");
    }

    #[test]
    fn tables_of_cells_and_of_pairs_say_so() {
        assert_snapshot!(check("#barcode\tcell_type\tchain1\tchain2\nA\tabT\t*\t*\n"), @"case.tsv:1: this is a TRUST4 barcode report, one row per cell, expected the `*_barcode_airr.tsv` or `*_report.tsv` that TRUST4 writes beside it");
        assert_snapshot!(check("Cell_Index,TCR_Alpha_Gamma_CDR3_Translation_Dominant\n1,C\n"), @"case.tsv:1: this is a BD Rhapsody table of dominant contigs, one row per cell, expected the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it");
        assert_snapshot!(check("barcode,sample,CTgene,CTaa\nA,S,g,C_C\n"), @"case.tsv:1: this is a scRepertoire table with two chains per row (`CTaa`, `cdr3_aa1`, `cdr3_aa2`), expected the contig table that it was made from, or --column for the columns of one chain");
        assert_snapshot!(check("clonotype_id,frequency,cdr3s_aa\nc1,2,TRA:CAF;TRB:CAF\n"), @"case.tsv:1: this is a 10x clonotype table, all chains of a clonotype in one field, expected the `*_contig_annotations.csv` that Cell Ranger writes beside it");
        assert_snapshot!(check("sample\tmy_cdr3\nS\tC\n"), @"case.tsv:1: columns `sample`, `my_cdr3`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, paired, custom, fasta) or columns that you name");
    }

    #[test]
    fn tables_of_receptors_are_no_tables_of_samples() {
        for header in
            ["sample,TRA,TRB,TRAV,TRAJ,TRBV,TRBJ,count", "sample\tAASequence\tTRBV\tTRBJ\tcount"]
        {
            let text = check(&format!("{header}\n"));
            assert!(!text.contains("metadata"), "{text}");
        }
    }

    #[test]
    fn receptors_are_seen_whatever_the_table() {
        for text in [
            "CDR3\tV\tJ\tcount\nCASSLGQAYEQYF\tTRBV7-9\tTRBJ2-7\t3\n",
            "sep=;\ncdr3_b_aa;v\nASSLGQAYEQY;TRBV7-9\nASSPGQAYEQY;TCRBV07-09\n",
            "\"cdr3\" \"v\"\n\"1\" \"CASSLGQAYEQYF\" \"TRBV7-9\"\n",
            "TGTGCC\tCASSLGQAYEQYF\tTRBV7-9\tTRBJ2-7\n",
            "{\"Run\": 1}\nsequence,junction_aa\nACGT,CASSLGQAYEQYF\nACGT,CASSPGQAYEQYF\n",
        ] {
            assert!(super::holds_receptors(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "Notes\n\nWe read TRBV7-9 often.\nCASSLGQAYEQYF is public.\nNothing else.\nThe end.\n",
            "gene,reads\nTRBV7-9,120\nTRBV9,77\n",
            "x\ty\n1\t2\n",
        ] {
            assert!(!super::holds_receptors(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_quotation_is_no_fasta() {
        assert!(super::is_fasta(b">a\nCASSYE\nQYF\n>b\ncass*\n"));
        assert!(!super::is_fasta(b"> as they said\n\nThis was written by hand.\n"));
        assert!(!super::is_fasta(b"> alone\n"));
        let text = check("> as they said\n\nThis was written by hand.\n");
        assert!(text.starts_with("case.tsv:1: columns `> as they said`, expected"), "{text}");
    }
}
