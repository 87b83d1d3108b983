//! Known antigens beside the clonotypes that `explain` ranks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{bytes, done, folder, json, on_cohort, reperio, rows, small_cohort, write};

const HEADER: &str = "gene\tcdr3\tspecies\tantigen.epitope\tantigen.gene\tantigen.species\tv.segm\tj.segm\tmhc.a\tmhc.b\tvdjdb.score\n";
const REPERTOIRES: usize = 12;

fn receptor(junction: &str, v_call: &str, species: &str) -> String {
    format!(
        "TRB\t{junction}\tHomoSapiens\tAAAKAAAAV\tgag\t{species}\t{v_call}*01\t\tHLA-A*02\tB2M\t1\n"
    )
}

/// The junction with another residue at its fifth place.
fn substituted(junction: &str) -> String {
    let other = if junction.as_bytes()[4] == b'A' { "C" } else { "A" };
    format!("{}{other}{}", &junction[..4], &junction[5..])
}

/// A trained model, and an export with receptors like the first three of its ranking: one the same, one with another
/// residue, one with another V gene.
fn case() -> TempDir {
    let dir = folder();
    small_cohort(&dir, REPERTOIRES, 60);
    done(&dir, &on_cohort("train", &["--epochs", "1", "--parts", "kmers", "--out", "run"]));
    let plain = json(&dir, &["explain", "--model", "run", "files", "--out", "plain"]);
    assert!(plain.get("known_antigens").is_none());
    let leader =
        |i: usize, name: &str| plain["sequences"][i][name].as_str().expect("a text").to_owned();
    let of = |i| (leader(i, "junction_aa"), leader(i, "v_call"));
    let [(first, v1), (second, v2), (third, _)] = [0, 1, 2].map(of);
    let receptors = [
        receptor(&first, &v1, "<i>CMV</i>"),
        receptor(&substituted(&second), &v2, "EBV"),
        receptor(&third, "TRBV28", "another V"),
    ];
    write(&dir, "vdjdb.txt", HEADER.to_owned() + &receptors.concat());
    dir
}

const EXPLAIN: [&str; 8] =
    ["explain", "--model", "run", "files", "--annotate", "vdjdb.txt", "--out", "why"];

/// How far two junctions are apart, if they have the same length.
fn distance(a: &str, b: &str) -> Option<usize> {
    (a.len() == b.len()).then(|| a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count())
}

/// For each repertoire its distinct clonotypes and those that match a receptor of the export.
fn counted(dir: &TempDir) -> BTreeMap<String, (usize, usize)> {
    let receptors = rows(&dir.path().join("vdjdb.txt"), &["cdr3", "v.segm"]);
    let of = |r: usize| {
        let id = format!("r{r:02}");
        let path = dir.path().join(format!("files/{id}.tsv"));
        let all: BTreeSet<Vec<String>> =
            rows(&path, &["junction_aa", "v_call", "j_call"]).into_iter().collect();
        let is_known = |own: &&Vec<String>| {
            receptors.iter().any(|receptor| {
                distance(&own[0], &receptor[0]).is_some_and(|differ| differ < 2)
                    && format!("{}*01", own[1]) == receptor[1]
            })
        };
        (id, (all.len(), all.iter().filter(is_known).count()))
    };
    (0..REPERTOIRES).map(of).collect()
}

#[test]
fn matches_stand_beside_the_leading_clonotypes() {
    let dir = case();
    let found = json(&dir, &EXPLAIN);
    let outputs = found["known_antigens"]["outputs"].as_array().unwrap();
    assert_eq!((outputs.len(), &outputs[0]["output"]), (1, &"sick".into()));
    assert_eq!(found["known_antigens"]["receptors"], 3);
    let columns = ["rank", "match", "junction_aa", "v_call", "database_junction_aa"];
    let more = ["database_v_call", "antigen_species", "database", "host_species", "score", "mhc"];
    let columns = [&columns[..], &more].concat();
    let all = rows(&dir.path().join("why/annotations.tsv"), &columns);
    for row in &all {
        let differ = usize::from(row[1] != "exact");
        assert_eq!(distance(&row[2], &row[4]), Some(differ), "{row:?}");
        assert_eq!(row[3], row[5]);
        assert_eq!(row[7..], ["VDJdb", "human", "1", "HLA-A*02"]);
        assert_ne!(row[6], "another V", "{row:?}");
    }
    let has = |rank: &str, kind: &str, species: &str| {
        all.iter().any(|row| row[0] == rank && row[1] == kind && row[6] == species)
    };
    assert!(has("1", "exact", "<i>CMV</i>") && has("2", "substitution", "EBV"), "{all:?}");
    let ranks: BTreeSet<&String> = all.iter().map(|row| &row[0]).collect();
    assert_eq!(outputs[0]["found"], ranks.len());
    let text = done(&dir, &[&EXPLAIN[..], &["--overwrite"]].concat());
    assert!(text.contains("vdjdb.txt: 3 of 3 chains of VDJdb are used"), "{text}");
    assert!(text.contains("known antigens, sick: "), "{text}");
}

#[test]
fn chance_is_that_of_every_clonotype_of_the_repertoires() {
    let dir = case();
    done(&dir, &[&EXPLAIN[..], &["--top", "20"]].concat());
    let counted = counted(&dir);
    let table = dir.path().join("why/annotation_chance.tsv");
    let columns = ["repertoire_id", "antigen_species", "leading", "expected", "p_value"];
    let columns = [&columns[..], &["clonotypes", "matching", "without_v", "found"]].concat();
    let any: Vec<Vec<String>> =
        rows(&table, &columns).into_iter().filter(|row| row[1].is_empty()).collect();
    assert_eq!(any.len(), 1 + REPERTOIRES, "a row for all, and for each");
    let number = |text: &String| text.parse::<f64>().unwrap();
    for row in &any[1..] {
        let (clonotypes, matching) = counted[&row[0]];
        assert_eq!(row[5..8], [clonotypes.to_string(), matching.to_string(), "0".to_owned()]);
        assert_eq!(row[2], "20");
        let expected = 20.0 * matching as f64 / clonotypes as f64;
        assert!((number(&row[3]) - expected).abs() < 1e-9, "{row:?}");
        assert!((0.0..=1.0).contains(&number(&row[4])), "{row:?}");
    }
    // A leader of all is drawn from the repertoire in which its evidence is highest.
    let leaders = rows(&dir.path().join("why/sequences.tsv.gz"), &["repertoire_id"]);
    let share = |row: &Vec<String>| {
        let (clonotypes, matching) = counted[&row[0]];
        matching as f64 / clonotypes as f64
    };
    let expected: f64 = leaders.iter().map(share).sum();
    assert!((number(&any[0][3]) - expected).abs() < 1e-9, "{:?} {expected}", any[0]);
    assert!(number(&any[0][8]) >= 2.0, "{:?}", any[0]);
}

#[test]
fn pages_show_matches_only_where_databases_were_given() {
    let dir = case();
    done(&dir, &EXPLAIN);
    let read = |path: &str| fs::read_to_string(dir.path().join(path)).expect(path);
    let pages = ["why/report.html", "why/repertoires/r01/report.html"];
    for page in pages.map(read) {
        assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
        assert!(page.contains("Known antigens") && page.contains("would by chance"), "{page}");
    }
    let page = read(pages[0]);
    assert!(page.contains("&lt;i&gt;CMV&lt;/i&gt;") && !page.contains("<i>CMV"), "{page}");
    assert!(page.contains("3 chains of VDJdb (vdjdb.txt)"), "{page}");
    for page in ["plain/report.html", "plain/repertoires/r01/report.html"].map(read) {
        assert!(!page.contains("Known antigens"));
    }
    let before = bytes(&dir.path().join("why"));
    done(&dir, &["report", "why"]);
    assert!(bytes(&dir.path().join("why")) == before, "the same page from the tables alone");
    done(&dir, &[&EXPLAIN[..], &["--threads", "1", "--overwrite"]].concat());
    let tables = |all: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        all.into_iter().filter(|(name, _)| name.contains("annotation")).collect()
    };
    assert!(tables(bytes(&dir.path().join("why"))) == tables(before), "on any number of threads");
    done(&dir, &["explain", "--model", "run", "files", "--out", "why", "--overwrite"]);
    assert!(tables(bytes(&dir.path().join("why"))).is_empty(), "nothing is left of them");
}

#[test]
fn exports_that_cannot_be_used_are_errors() {
    let dir = case();
    write(&dir, "ragged.txt", format!("{HEADER}TRB\tCASSF\n"));
    write(&dir, "other.tsv", "v_call\tjunction_aa\nTRBV9\tCASSF\n");
    let explain = ["explain", "--model", "run", "files", "--out", "why", "--annotate"];
    assert_cmd_snapshot!(reperio(&dir, &[&explain[..], &["ragged.txt"]].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: ragged.txt:2: 2 fields, expected 11
    ");
    assert_cmd_snapshot!(reperio(&dir, &[&explain[..], &["other.tsv"]].concat()), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: other.tsv:1: no export of a known database, expected the columns of VDJdb (cdr3, v.segm, antigen.epitope or CDR3, V, Epitope, or cdr3.beta, v.beta, antigen.epitope), McPAS-TCR (CDR3.beta.aa, TRBV, Pathology) or the IEDB (Chain 1 CDR3 Curated, Epitope Name): found "v_call", "junction_aa"
    "#);
    assert_cmd_snapshot!(reperio(&dir, &[&explain[..], &["absent.txt"]].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: absent.txt: cannot read: No such file or directory (os error 2)
    ");
    write(&dir, "why/annotations.tsv", HEADER.to_owned() + &receptor("CASSF", "TRBV9", "x"));
    let own = [&explain[..], &["why/annotations.tsv", "--overwrite"]].concat();
    assert_cmd_snapshot!(reperio(&dir, &own), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: why/annotations.tsv is an input, expected another output
    ");
}
