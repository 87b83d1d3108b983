//! Made-up exports in the forms of the three databases.

use std::io::Write as _;

use super::*;
use insta::assert_snapshot;

const SLIM: &str = "gene\tcdr3\tspecies\tantigen.epitope\tantigen.gene\tantigen.species\tcomplex.id\tv.segm\tj.segm\tv.end\tj.start\tmhc.a\tmhc.b\tmhc.class\treference.id\tvdjdb.score\n";
const WEB: &str = "complex.id\tGene\tCDR3\tV\tJ\tSpecies\tMHC A\tMHC B\tMHC class\tEpitope\tEpitope gene\tEpitope species\tReference\tMethod\tMeta\tCDR3fix\tScore\n";
const FULL: &str = "cdr3.alpha\tv.alpha\tj.alpha\tcdr3.beta\tv.beta\td.beta\tj.beta\tspecies\tmhc.a\tmhc.b\tmhc.class\tantigen.epitope\tantigen.gene\tantigen.species\treference.id\tmethod.singlecell\tmeta.donor.MHC\tcdr3fix.beta\tvdjdb.score\n";
const MCPAS: &str = "CDR3.alpha.aa,CDR3.beta.aa,Species,Category,Pathology,Pathology.Mesh.ID,Additional.study.details,Antigen.protein,Epitope.peptide,MHC,TRAV,TRAJ,TRBV,TRBD,TRBJ,Remarks\n";
/// Groups of columns, and the columns.
const IEDB: &str = "Receptor,Receptor,Reference,Epitope,Epitope,Epitope,Epitope,Assay,Chain 1,Chain 1,Chain 1,Chain 1,Chain 1,Chain 1,Chain 1,Chain 1,Chain 2,Chain 2,Chain 2,Chain 2,Chain 2,Chain 2,Chain 2,Chain 2\n\
Group IRI,Type,IEDB IRI,IEDB IRI,Name,Source Molecule,Source Organism,MHC Allele Names,Type,Organism IRI,Curated V Gene,Calculated V Gene,Curated J Gene,Calculated J Gene,CDR3 Curated,CDR3 Calculated,Type,Organism IRI,Curated V Gene,Calculated V Gene,Curated J Gene,Calculated J Gene,CDR3 Curated,CDR3 Calculated\n";
const OLD_IEDB: &str = "Group Receptor ID,Description,Antigen,Organism,MHC Allele Names,Receptor Type,Chain 1 Type,Chain 1 Species,Curated Chain 1 V Gene,Calculated Chain 1 V Gene,Curated Chain 1 J Gene,Chain 1 CDR3 Curated,Chain 1 CDR3 Calculated,Chain 2 Type,Chain 2 Species,Curated Chain 2 V Gene,Curated Chain 2 J Gene,Chain 2 CDR3 Curated\n";

/// What is read of a file with these bytes, or why it is not.
fn check(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    std::fs::write(&path, bytes).unwrap();
    match load(&[path]) {
        Ok(found) => shown(&found),
        Err(err) => err.to_string().replace(&folder.path().display().to_string(), ""),
    }
}

fn shown(found: &Antigens) -> String {
    let of = |own: &Entry| {
        let host = own.species.map_or_else(|| "?".to_owned(), |host| host.to_string());
        let score = own.score.map_or_else(String::new, |score| format!(" {score}"));
        let Entry { junction_aa, v_call, j_call, epitope, antigen, antigen_species, mhc, .. } = own;
        let antigen = format!("{epitope} | {antigen} | {antigen_species} | {mhc}");
        format!("{junction_aa} {v_call} {j_call}: {antigen} | {host}{score}")
    };
    let FileReport { database, rows, chains, used, anchors_restored, unused, .. } = &found.files[0];
    assert_eq!(*chains, used + unused.values().sum::<u64>(), "every chain is counted once");
    let mut lines = vec![format!("{database}: {used} of {chains} chains in {rows} rows")];
    lines.extend(found.index.entries().iter().map(of));
    lines.extend((*anchors_restored > 0).then(|| format!("anchors restored {anchors_restored}")));
    lines.extend(unused.iter().map(|(why, n)| format!("unused: {why} {n}")));
    lines.join("\n")
}

#[test]
fn vdjdb_has_a_chain_in_each_row() {
    let rows = "TRB\tCASSLGTDTQYF\tHomoSapiens\tAAAKAAAAV\tgag\tHIV-1\t0\tTRBV9*01\tTRBJ2-3*01\t3\t8\tHLA-B*08\tB2M\tMHCI\tPMID:1\t3\n\
        TRA\tCAVMDSNYQLIW\tMusMusculus\tAAAKAAAAV\tgag\tHIV-1\t0\tTRAV12-1*01\tTRAJ33*01\t3\t8\tH-2Kb\tB2M\tMHCI\tPMID:1\t0\n\
        TRB\tCASSLGTDTQYF\tHomoSapiens\tAAAKAAAAV\tgag\tHIV-1\t7\tTRBV9*02\tTRBJ2-3*01\t3\t8\tHLA-B*08\tB2M\tMHCI\tPMID:2\t3\n\
        TRB\tCASSLGTDTQYF\tMacacaMulatta\tAAAKAAAAV\tgag\tSIV\t0\tTRBV9*01\tTRBJ2-3*01\t3\t8\tx\t\tMHCI\tPMID:1\t0\n\
        TRB\tCASS*GTDTQYF\tHomoSapiens\tAAAKAAAAV\tgag\tHIV-1\t0\tTRBV9*01\tTRBJ2-3*01\t3\t8\tx\t\tMHCI\tPMID:1\t0\n\
        TRB\tCASSLGTDTQYF\tHomoSapiens\tAAAKAAAAV\tgag\tHIV-1\t0\t\tTRBJ2-3*01\t3\t8\tx\t\tMHCI\tPMID:1\t0\n\
        TRB\tCASSLGTDTQYF\tHomoSapiens\t\t\t\t0\tTRBV9\tTRBJ2-3*01\t3\t8\tx\t\tMHCI\tPMID:1\t0\n";
    assert_snapshot!(check(format!("{SLIM}{rows}").as_bytes()), @r"
    VDJdb: 3 of 7 chains in 7 rows
    CASSLGTDTQYF TRBV9 TRBJ2-3: AAAKAAAAV | gag | HIV-1 | HLA-B*08 | human 3
    CAVMDSNYQLIW TRAV12-1 TRAJ33: AAAKAAAAV | gag | HIV-1 | H-2Kb | mouse 0
    unused: not of the 20 amino acids 1
    unused: no V gene 1
    unused: other host 1
    unused: no antigen 1
    ");
}

#[test]
fn the_page_of_vdjdb_exports_other_names_and_quotes_in_fields() {
    let row = "1\tTRB\tCASSLGTDTQYF\tTRBV6\tTRBJ2-3*01\tHomoSapiens\tHLA-DRA*01:01\tHLA-DRB1*15:01\tMHCII\tAAAKAAAAV\t<b>gag</b>\tHIV-1\tPMID:1\t{\"frequency\": \"1/2\"}\t\"{\"\"a\"\": \"\"\"\"}\"\t{\"cdr3\": \"x\"}\t1\n";
    let expected = "VDJdb: 1 of 1 chains in 1 rows\n\
        CASSLGTDTQYF TRBV6 TRBJ2-3: AAAKAAAAV | <b>gag</b> | HIV-1 | HLA-DRA*01:01, HLA-DRB1*15:01 | human 1";
    assert_eq!(check(format!("{WEB}{row}").as_bytes()), expected);
    let windows = format!("\u{feff}{WEB}{row}").replace('\n', "\r\n");
    assert_eq!(check(windows.as_bytes()), expected);
    let utf16: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(check(&utf16), expected);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(windows.as_bytes()).unwrap();
    assert_eq!(check(&gzip.finish().unwrap()), expected);
}

#[test]
fn the_full_table_of_vdjdb_has_both_chains_in_a_row() {
    let rows = "CAVMDSNYQLIW\tTRAV1-2*01\tTRAJ33*01\tCASSLGTDTQYF\tTRBV9*01\t\tTRBJ2-3*01\tHomoSapiens\tHLA-A*02\tB2M\tMHCI\tAAAKAAAAV\tgag\tHIV-1\tPMID:1\tyes\t\t{}\t2\n\
        \t\t\tCASSLGTDTQYF\tTRAV1-2*01\t\tTRBJ2-3*01\tHomoSapiens\tHLA-A*02\tB2M\tMHCI\tAAAKAAAAV\tgag\tHIV-1\tPMID:1\tyes\t\t{}\t2\n\
        \t\t\t\t\t\t\tHomoSapiens\tHLA-A*02\tB2M\tMHCI\tAAAKAAAAV\tgag\tHIV-1\tPMID:1\tyes\t\t{}\t2\n";
    assert_snapshot!(check(format!("{FULL}{rows}").as_bytes()), @r"
    VDJdb: 2 of 4 chains in 3 rows
    CASSLGTDTQYF TRBV9 TRBJ2-3: AAAKAAAAV | gag | HIV-1 | HLA-A*02 | human 2
    CAVMDSNYQLIW TRAV1-2 TRAJ33: AAAKAAAAV | gag | HIV-1 | HLA-A*02 | human 2
    unused: no junction 1
    unused: no V gene 1
    ");
}

#[test]
fn mcpas_quotes_commas_and_line_breaks() {
    let rows = "NA,CASSLGTDTQYF,Human,Pathogens,\"Virus, \"\"new\"\" one\",NA,\"two\nlines\",gag,AAAKAAAAV,HLA-A2,NA,NA,TRBV6-2:01,NA,TRBJ2-3,\"the last\none, too\"\n\
        CAVMDSNYQLIW,CASSQF,Mouse,Autoimmune,NA,NA,NA,NA,NA,NA,TRAV12-1,TRAJ33,TCRBV01,,TRBJ2-3,NA\n";
    let text = format!("{MCPAS}{rows}");
    assert_snapshot!(check(text.as_bytes()), @r#"
    McPAS-TCR: 3 of 3 chains in 2 rows
    CASSLGTDTQYF TRBV6-2 TRBJ2-3: AAAKAAAAV | gag | Virus, "new" one | HLA-A2 | human
    CASSQF TRBV1 TRBJ2-3:  |  | Autoimmune |  | mouse
    CAVMDSNYQLIW TRAV12-1 TRAJ33:  |  | Autoimmune |  | mouse
    "#);
    // Not UTF-8: the letters of Latin-1 are their bytes.
    let letters = text.replace("gag", "g\u{e9}g");
    let latin: Vec<u8> = letters.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(check(&latin).contains("AAAKAAAAV | g\u{e9}g | Virus"));
}

#[test]
fn the_iedb_has_two_rows_of_names_and_leaves_the_anchors_off() {
    let taxon = "http://purl.obolibrary.org/obo/NCBITaxon_9606";
    let rows = format!(
        "1,alphabeta,x,y,AAAKAAAAV,gag,HIV-1,HLA-A*02:01,alpha,{taxon},TRAV1,TRAV1-2*01,,TRAJ33*01,,AVMDSNYQLI,beta,{taxon},TRBV9*01,,TRBJ2-3*01,,CASSLGTDTQYF,\n\
         2,gammadelta,x,y,lipid,,,CD1d,gamma,{taxon},TRGV9,,TRGJP,,ALWEVQELGKKIKV,,delta,,,,,,,\n\
         3,heavylight,x,y,A1; B2,gag,HIV-1,,heavy,,IGHV1-2,,IGHJ4,,ARDYFDY,,light,NCBITaxon_9544,IGKV1-5,,IGKJ1,,QQYNSYPWT,\n"
    );
    assert_snapshot!(check(format!("{IEDB}{rows}").as_bytes()), @r"
    IEDB: 4 of 5 chains in 3 rows
    CALWEVQELGKKIKVF TRGV9 TRGJP: lipid |  |  | CD1d | human
    CARDYFDYW IGHV1-2 IGHJ4: A1; B2 | gag | HIV-1 |  | ?
    CASSLGTDTQYF TRBV9 TRBJ2-3: AAAKAAAAV | gag | HIV-1 | HLA-A*02:01 | human
    CAVMDSNYQLIW TRAV1-2 TRAJ33: AAAKAAAAV | gag | HIV-1 | HLA-A*02:01 | human
    anchors restored 3
    unused: other host 1
    ");
}

#[test]
fn an_older_export_of_the_iedb_has_one_row_of_names() {
    let rows = "9,AAAKAAAAV,gag,HIV-1,HLA-A*02:01,alphabeta,alpha,10090,TRAV12-1,,TRAJ33,AVMDSNYQLI,,beta,10090,TRBV13-2,TRBJ2-3,ASSLGTDTQY\n";
    assert_snapshot!(check(format!("{OLD_IEDB}{rows}").as_bytes()), @r"
    IEDB: 2 of 2 chains in 1 rows
    CASSLGTDTQYF TRBV13-2 TRBJ2-3: AAAKAAAAV | gag | HIV-1 | HLA-A*02:01 | mouse
    CAVMDSNYQLIW TRAV12-1 TRAJ33: AAAKAAAAV | gag | HIV-1 | HLA-A*02:01 | mouse
    anchors restored 2
    ");
}

#[test]
fn what_is_no_export_says_what_was_expected() {
    assert_snapshot!(check(b"v_call\tj_call\tjunction_aa\nTRBV9\t\tCASSF\n"), @r#"/db:1: no export of a known database, expected the columns of VDJdb (cdr3, v.segm, antigen.epitope or CDR3, V, Epitope, or cdr3.beta, v.beta, antigen.epitope), McPAS-TCR (CDR3.beta.aa, TRBV, Pathology) or the IEDB (Chain 1 CDR3 Curated, Epitope Name): found "v_call", "j_call", "junction_aa""#);
    assert_snapshot!(check(b"\n \n"), @"/db: empty file, expected a table with a header line");
    assert_snapshot!(check(MCPAS.as_bytes()), @"/db:1: no rows below the header, expected at least one");
    assert_snapshot!(check(format!("{SLIM}TRB\tCASSF\n").as_bytes()), @"/db:2: 2 fields, expected 16");
    let open = format!("{MCPAS}NA,CASSF,Human,\"never\nclosed\n");
    assert_snapshot!(check(open.as_bytes()), @"/db:2: column `Category` begins with a quotation mark that is never closed, expected fields that end on their line");
    assert_snapshot!(check(b"PK\x03\x04rest"), @"/db: damaged or encrypted zip archive, expected a zip archive of one table");
    let missing = load(&["/nowhere/db.tsv".into()]).unwrap_err().to_string();
    assert_eq!(missing, "/nowhere/db.tsv: cannot read");
}

#[test]
fn several_files_are_one_index() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.tsv", "b.csv"].map(|name| folder.path().join(name));
    let row = "TRB\tCASSLGTDTQYF\tHomoSapiens\tAAAKAAAAV\tgag\tHIV-1\t0\tTRBV9*01\tTRBJ2-3*01\t3\t8\tHLA-B*08\tB2M\tMHCI\tPMID:1\t3\n";
    std::fs::write(&a, format!("{SLIM}{row}")).unwrap();
    let row = "NA,CASSLGTDTQYF,Human,Pathogens,HIV,NA,NA,gag,AAAKAAAAV,HLA-A2,NA,NA,TRBV9,NA,TRBJ2-3,NA\n";
    std::fs::write(&b, format!("{MCPAS}{row}")).unwrap();
    let found = load(&[a.clone(), b, a]).unwrap();
    let from: Vec<String> =
        found.index.entries().iter().map(|own| own.database.to_string()).collect();
    assert_eq!(from, ["McPAS-TCR", "VDJdb"], "rows of the same receptor are kept once");
    assert_eq!(found.files.len(), 3);
}
