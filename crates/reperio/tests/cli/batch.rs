//! `reperio evaluate --batch`: a model of the other batches is tested on each one.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{done, folder, json, reperio, rows};

/// What a command that must fail says.
fn failure(dir: &TempDir, arguments: &[&str]) -> String {
    let output = reperio(dir, arguments).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("stderr is UTF-8")
}

/// A cohort with a planted motif, whose repertoires are of three laboratories in turn. Those of one person may be of two.
fn laboratories(dir: &Path, subject: impl Fn(usize) -> String) {
    let text =
        fs::read_to_string(dir.join("made/metadata.tsv")).expect("the labels of a simulation");
    let table = text.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line}\tlab\tpatient\n"),
        i => format!("{line}\tlab{}\t{}\n", i % 3, subject(i)),
    });
    fs::write(dir.join("labels.tsv"), table.collect::<String>()).expect("a table");
}

#[test]
fn every_batch_is_tested_by_a_model_of_the_others() {
    let dir = folder();
    let motif = ["--motif", "WNDR", "--witness-rate", "0.03"];
    let size = ["--repertoires", "45", "--clonotypes", "200"];
    done(&dir, &[&["simulate", "--out", "made"], &motif[..], &size].concat());
    laboratories(dir.path(), |i| format!("p{i}"));
    let cohort = ["--cohort", "made/repertoires", "--metadata", "labels.tsv", "--target", "label"];
    let evaluate = [&["evaluate"], &cohort[..], &["--parts", "kmers", "--batch"]].concat();
    let found = json(&dir, &[&evaluate[..], &["lab", "--out", "across"]].concat());
    assert_eq!(found["batches"], serde_json::json!(["lab0", "lab1", "lab2"]));
    assert!(found["auc"].as_f64().unwrap() > 0.9, "{found}");
    for row in rows(&dir.path().join("across/splits.tsv"), &["repertoire_id", "fold"]) {
        let of = rows(&dir.path().join("labels.tsv"), &["repertoire_id", "lab"]);
        let lab = of.into_iter().find(|own| own[0] == row[0]).unwrap().remove(1);
        assert_eq!(lab, format!("lab{}", row[1]), "{row:?}");
    }
    let said =
        done(&dir, &[&evaluate[..], &["lab", "--out", "permuted", "--permute-labels"]].concat());
    assert!(said.contains("Trained on the other batches, tested on\nlab0"), "{said}");

    let unknown = failure(&dir, &[&evaluate[..], &["site", "--out", "none"]].concat());
    assert!(
        unknown.contains("no column \"site\" in the metadata, expected one of: filename, label"),
        "{unknown}"
    );
    let confounded = failure(&dir, &[&evaluate[..], &["label", "--out", "none"]].concat());
    assert!(confounded.contains("batch and label are confounded"), "{confounded}");

    // A patient of lab0 and lab1 joins them.
    laboratories(dir.path(), |i| format!("p{}", if i == 3 { 1 } else { i }));
    let found =
        json(&dir, &[&evaluate[..], &["lab", "--group", "patient", "--out", "joined"]].concat());
    assert_eq!(found["batches"], serde_json::json!(["lab0, lab1", "lab2"]));
}
