//! What predicts labels without any sequence: called out where it does, and quiet where it does not.

use std::fs;

use tempfile::TempDir;

use crate::support::{done, folder, json, reperio, rows};

/// Simulates a small cohort of a committed kind into `made`.
fn simulated(kind: &str) -> TempDir {
    let dir = folder();
    let config = format!("{}/../../configs/simulate/{kind}.toml", env!("CARGO_MANIFEST_DIR"));
    let size = ["--repertoires", "100", "--clonotypes", "200", "--out", "made"];
    done(&dir, &[&["simulate", "--config", &config], &size[..]].concat());
    dir
}

/// The arguments of a `command` on the simulated cohort.
fn on_made<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let cohort = ["--cohort", "made/repertoires", "--metadata", "made/metadata.tsv"];
    [&[command], &cohort[..], &["--target", "label", "--parts", "genes"], more].concat()
}

const CALLED_OUT: &str = "label can be predicted from V/J usage alone (AUC 0.725) and from batch alone (AUC 0.759): check whether the classes were sequenced alike.";
const QUIET: &str = "No source without sequences predicts label well.";

#[test]
fn simulated_confounders_are_called_out_and_no_others() {
    let expected: [(&str, &[&str]); 4] = [
        ("depth-confounded", &["depth"]),
        ("batch-confounded", &["V/J usage", "batch"]),
        ("null", &[]),
        ("ldr-1", &[]),
    ];
    for (kind, named) in expected {
        let dir = simulated(kind);
        let cohort = ["made/repertoires", "--metadata", "made/metadata.tsv", "--target", "label"];
        let found = json(&dir, &[&["describe"], &cohort[..]].concat());
        let sources = found["confounders"][0]["sources"].as_array().expect("sources");
        let strong = sources.iter().filter(|own| own["confounds"] == true);
        let strong: Vec<&str> = strong.map(|own| own["name"].as_str().expect("a name")).collect();
        assert_eq!(strong, named, "{kind}");
        assert_eq!(found["confounding"][0] == QUIET, named.is_empty(), "{kind}: {found}");
        // The other direction: the batch can be read from the genes that it has of its own.
        let of_batch = found["batch_effects"].as_array().cloned().unwrap_or_default();
        let read = of_batch.iter().flat_map(|own| own["sources"].as_array().expect("sources"));
        let read = read.filter(|own| own["confounds"] == true).count();
        assert_eq!(read > 0, kind == "batch-confounded", "{kind}: {of_batch:?}");
    }
}

#[test]
fn training_and_evaluation_warn_and_say_it_on_their_pages() {
    let dir = simulated("batch-confounded");
    for command in ["train", "evaluate"] {
        let folds: &[&str] = if command == "evaluate" { &["--folds", "2"] } else { &[] };
        let more = [&["--json", "--out", command][..], folds].concat();
        let output = reperio(&dir, &on_made(command, &more)).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("WARN") && stderr.contains(CALLED_OUT), "{command}: {stderr}");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["confounding"], serde_json::json!([CALLED_OUT]));
        let table = dir.path().join(command).join("confounders.tsv");
        let called = rows(&table, &["source", "confounds"]);
        let called: Vec<&str> =
            called.iter().filter(|row| row[1] == "true").map(|row| row[0].as_str()).collect();
        assert_eq!(called, ["V/J usage", "batch"]);
        let read = |name: &str| fs::read_to_string(dir.path().join(command).join(name)).unwrap();
        let page = read("report.html");
        assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
        assert!(page.contains(CALLED_OUT) && page.contains("id=\"confounders-1\""));
        let card = read("model_card.md");
        assert!(card.contains("## Confounders") && card.contains("| V/J usage | 100 | 0.725 |"));
        // A folder of before has no such table, and a page all the same.
        fs::remove_file(table).unwrap();
        done(&dir, &["report", command]);
        let page = read("report.html");
        assert!(!page.contains("confounders-1") && !page.contains(CALLED_OUT));
    }
    let shown = done(
        &dir,
        &[
            "evaluate",
            "--model",
            "train",
            "--cohort",
            "made/repertoires",
            "--metadata",
            "made/metadata.tsv",
            "--out",
            "test",
        ],
    );
    assert!(shown.contains(CALLED_OUT), "{shown}");
}

#[test]
fn permuted_labels_are_looked_at_as_they_are() {
    let dir = simulated("depth-confounded");
    let quick = ["--folds", "2", "--permute-labels", "--out", "control"];
    let output = reperio(&dir, &on_made("evaluate", &quick)).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("can be predicted"), "depth goes with true labels alone: {stderr}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(QUIET), "{shown}");
}
