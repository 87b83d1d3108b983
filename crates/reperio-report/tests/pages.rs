//! Pages of made-up runs.

use std::fs;
use std::path::Path;

use reperio_model::evaluate::{Metrics, TargetSummary};
use reperio_model::labels::TargetKind;
use reperio_report::well_formed::problems;
use reperio_report::{NAME, write};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Names from outside that a page must show as they are.
const SICK: &str = "<b>sick & \"ill\"</b>\u{1b}";

const CONFIG: &str = "[run]\nversion = \"1.2.3\"\ncommit = \"\"\ncommand = [\"/opt/bin/reperio\", \"evaluate\", \"--target\", \"the label\"]\nthreads = 1\ncohort_sha256 = \"\"\n";

fn summary(column: &str, kind: &TargetKind, outputs: &[Vec<f64>], labels: &[f64]) -> TargetSummary {
    let labels: Vec<Option<f64>> = labels.iter().copied().map(Some).collect();
    let pooled = Metrics::of(kind, outputs, &labels);
    TargetSummary {
        column: column.to_owned(),
        auc: pooled.auc(),
        auc_ci: pooled.auc().map(|auc| [auc - 0.1, auc]),
        balanced_accuracy_ci: Some([0.6, 0.8]),
        r2_ci: None,
        fold_auc: vec![Some(0.5), None],
        mean_fold_auc: Some(0.5),
        fold_r2: vec![],
        coverage: Some(0.9),
        decided: Some(0.8),
        control: Some(0.6),
        p_value: Some(0.001),
        pooled,
    }
}

fn run(metrics: &Value, predictions: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a file");
    write("config.toml", CONFIG);
    write("metrics.json", &metrics.to_string());
    write("predictions.tsv", predictions);
    dir
}

/// The page of the folder, which must be the same when it is made again.
fn page(folder: &Path) -> String {
    let read = || fs::read_to_string(write(folder).expect("a page")).expect("text");
    let page = read();
    assert_eq!(problems(&page), [""; 0]);
    assert_eq!(read(), page);
    page
}

/// An evaluation of two classes.
fn binary() -> TempDir {
    let kind = TargetKind::Binary { positive: SICK.to_owned(), negative: "well".to_owned() };
    let logits: Vec<f64> = (0..20).map(|i| f64::from(i) / 4.0 - 2.5).collect();
    let labels: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i > 8 || i == 3))).collect();
    let rows: Vec<Vec<f64>> = logits.iter().map(|&own| vec![own]).collect();
    let counts = json!({ "column": "the label", "kind": "binary", "values": [[SICK, 12], ["well", 8]],
        "labelled": 20, "unlabelled": 1, "positive_because": null });
    let metrics = json!({ "targets": [summary("the label", &kind, &rows, &labels)], "labels": [counts],
        "training": [] });
    let mut table = "repertoire_id\tfold\tlabel\tlogit\tprediction_set\n".to_owned();
    for (i, (logit, label)) in logits.iter().zip(&labels).enumerate() {
        let label = if *label > 0.5 { SICK.replace('"', "\"\"") } else { "well".to_owned() };
        table.extend([format!("r{i}\t0\t\"{label}\"\t{logit}\twell\n")]);
    }
    run(&metrics, &(table + "unlabelled\t0\t\t0.5\twell\n"))
}

#[test]
fn an_evaluation_of_two_classes_has_every_section() {
    let dir = binary();
    let page = page(dir.path());
    for id in ["target-1", "curves", "scores", "decisions", "sets"] {
        assert!(page.contains(&format!("{id}\"")), "{id}");
    }
    assert!(page.contains("21 repertoires (&lt;b&gt;sick &amp; &quot;ill&quot;&lt;/b&gt;␛: 12, well: 8, no label: 1)"), "{page}");
    assert!(
        page.contains("reperio evaluate --target &#39;the label&#39;"),
        "the program's folder is left out"
    );
}

#[test]
fn classes_and_numbers_have_pages_too() {
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<f64>> =
        (0..9).map(|i| (0..3).map(|c| f64::from((i + c) % 3)).collect()).collect();
    let labels: Vec<f64> = (0..9).map(|i| f64::from(i % 3)).collect();
    let mut table =
        "repertoire_id\tx.label\tx.logit_a\tx.logit_b\tx.logit_c\ty.label\ty.value\n".to_owned();
    for (i, row) in rows.iter().enumerate() {
        let [a, b, c] = row[..] else { unreachable!("three classes") };
        let label = ["a", "b", "c"][i % 3];
        table.extend([format!("r{i}\t{label}\t{a}\t{b}\t{c}\t{i}\t{i}.5\n")]);
    }
    let counts = |column: &str, kind: &str, values: Value| {
        json!({ "column": column, "kind": kind,
        "values": values, "labelled": 9, "unlabelled": 0, "positive_because": null })
    };
    let number = TargetKind::Regression { mean: 0.0, sd: 1.0 };
    let targets = [
        summary("x", &TargetKind::Classes { classes }, &rows, &labels),
        summary("y", &number, &rows, &labels),
    ];
    let labels = [
        counts("x", "classes", json!([["a", 3], ["b", 3], ["c", 3]])),
        counts("y", "regression", json!([])),
    ];
    let dir = run(&json!({ "targets": targets, "labels": labels, "training": [] }), &table);
    let page = page(dir.path());
    assert!(page.contains("x: curves") && page.contains("rank correlation"));
}

#[test]
fn what_is_missing_or_damaged_is_named() {
    let dir = binary();
    let problem = |name: &str, text: Option<&str>| {
        let path = dir.path().join(name);
        let old = fs::read(&path).unwrap();
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let err = write(dir.path()).unwrap_err().to_string();
        fs::write(&path, old).unwrap();
        assert!(!dir.path().join(NAME).exists(), "no page of a damaged run");
        err.replace(&dir.path().display().to_string(), "run")
    };
    insta::assert_snapshot!(problem("config.toml", None), @"run is not a folder that `train`, `evaluate`, `explain` or `describe` finished: no config.toml");
    insta::assert_snapshot!(problem("config.toml", Some("")), @"run is not a folder that `train`, `evaluate`, `explain` or `describe` finished: no [run]");
    insta::assert_snapshot!(problem("metrics.json", Some("{}")), @"run/metrics.json: no `targets`: Reperio 1.2.3 did not write it, or the file is damaged: run the command again");
    insta::assert_snapshot!(problem("predictions.tsv", Some("repertoire_id\tlabel\nr1\twell\n")), @"run/predictions.tsv: no column `logit`");
    insta::assert_snapshot!(problem("predictions.tsv", Some("label\tlogit\nwell\tx\n")), @"run/predictions.tsv: line 2: `logit` is \"x\", expected a number");
    insta::assert_snapshot!(problem("predictions.tsv", Some("label\tlogit\nwell\n")), @"run/predictions.tsv: CSV error: record 1 (line: 2, byte: 12): found record with 1 fields, but the previous record has 2 fields");
    let broken =
        fs::read_to_string(dir.path().join("metrics.json")).unwrap().replace(",[\"well\",8]", "");
    insta::assert_snapshot!(problem("metrics.json", Some(&broken)), @r#"run/metrics.json: "the label" has 1 values, expected two of a binary target"#);
}
