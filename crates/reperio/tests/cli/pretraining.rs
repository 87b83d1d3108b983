//! A base from unlabelled repertoires, and models that start from it.

use std::fs;

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{bytes, done, folder, json, on_cohort, reperio, rows, small_cohort, write};

/// Pre-trains on the files of a [`small_cohort`], of 8 people with two repertoires each.
fn pretrained(dir: &TempDir, out: &str, more: &[&str]) -> serde_json::Value {
    let command = ["pretrain", "files", "--metadata", "labels.tsv", "--epochs", "3", "--out", out];
    json(dir, &[&command, more].concat())
}

fn cohort() -> TempDir {
    let dir = folder();
    small_cohort(&dir, 16, 120);
    dir
}

#[test]
fn a_model_from_a_base_scores_alone_and_names_it() {
    let dir = cohort();
    let base = pretrained(&dir, "base", &[]);
    assert_eq!(base["report"]["views"], "visits", "{base}");
    assert_eq!((&base["report"]["fitted"], &base["report"]["held_out"]), (&6.into(), &2.into()));
    let losses = rows(&dir.path().join("base/losses.tsv"), &["epoch", "held_out_loss"]);
    assert_eq!(losses.len(), 4);
    assert!(losses.iter().all(|row| row[1].parse::<f64>().is_ok()), "{losses:?}");
    let config = fs::read_to_string(dir.path().join("base/config.toml")).unwrap();
    assert!(config.contains("[pretraining]") && config.contains("[run]"), "{config}");
    let more = ["--parts", "network", "--epochs", "2", "--from", "base", "--out", "run"];
    let trained = json(&dir, &on_cohort("train", &more));
    let used = &trained["report"]["base"];
    assert_eq!((&used["sha256"], &used["seen"]), (&base["sha256"], &16.into()), "{trained}");
    fs::rename(dir.path().join("base"), dir.path().join("gone")).unwrap();
    done(&dir, &["score", "--model", "run", "files", "--out", "scores.tsv"]);
    assert_eq!(
        rows(&dir.path().join("scores.tsv"), &["logit"]),
        rows(&dir.path().join("run/predictions.tsv"), &["logit"])
    );
    let text =
        done(&dir, &on_cohort("train", &["--from", "gone", "--epochs", "1", "--out", "whole"]));
    let named = format!("from base {}", &base["sha256"].as_str().unwrap()[..12]);
    assert!(text.contains(&named) && text.contains("transductive"), "{text}");
}

#[test]
fn an_evaluation_says_what_its_base_has_seen() {
    let dir = cohort();
    pretrained(&dir, "base", &["--views", "halves"]);
    let evaluate =
        ["--parts", "network", "--epochs", "1", "--folds", "2", "--from", "base", "--out"];
    let command = on_cohort("evaluate", &evaluate);
    let found = json(&dir, &[&command[..], &["own"]].concat());
    assert_eq!((&found["base"]["seen"], &found["base"]["here"]), (&16.into(), &16.into()));
    let metrics = fs::read_to_string(dir.path().join("own/metrics.json")).unwrap();
    assert!(metrics.contains("\"seen\": 16"), "{metrics}");
    let text = done(&dir, &[&command[..], &["small", "--rarefy", "50"]].concat());
    assert!(text.contains("The base has seen 16 of these 16 repertoires"), "{text}");
    // Others than those that it was made of.
    fs::remove_dir_all(dir.path().join("files")).unwrap();
    small_cohort(&dir, 16, 100);
    let text = done(&dir, &[&command[..], &["others"]].concat());
    assert!(text.contains("from base") && !text.contains("transductive"), "{text}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_so_does_a_resumed_run() {
    let dir = cohort();
    let base = |out: &str| fs::read(dir.path().join(out).join("base.safetensors")).unwrap();
    pretrained(&dir, "one", &["--threads", "1"]);
    pretrained(&dir, "two", &["--threads", "3"]);
    assert!(base("one") == base("two"));
    pretrained(&dir, "other", &["--seed", "1"]);
    assert!(base("one") != base("other"));
    // As if killed between the last checkpoint and the base.
    fs::remove_file(dir.path().join("two/base.safetensors")).unwrap();
    pretrained(&dir, "two", &["--resume"]);
    let all = |out: &str| {
        let mut files = bytes(&dir.path().join(out));
        files.remove("config.toml"); // It names the command line.
        files
    };
    assert!(all("one") == all("two"));
    assert!(
        !reperio(&dir, &["pretrain", "files", "--out", "one"]).output().unwrap().status.success()
    );
}

#[test]
fn what_cannot_work_is_said() {
    let dir = cohort();
    pretrained(&dir, "base", &[]);
    write(&dir, "other.toml", "[model]\ngene_dim = 8\nheads = 4\n");
    write(&dir, "same.toml", "[model]\ngene_dim = 16\nbeta = 1\n[training]\nmembers = 2\n");
    write(&dir, "one/a.tsv", fs::read(dir.path().join("files/r00.tsv")).unwrap());
    let train =
        |more: &[&str]| reperio(&dir, &on_cohort("train", &[more, &["--out", "run"]].concat()));
    assert_cmd_snapshot!(train(&["--from", "missing"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot read base missing: No such file or directory (os error 2)
    ");
    assert_cmd_snapshot!(train(&["--from", "labels.tsv"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: base labels.tsv is damaged or not a base: not a whole safetensors file: header too large
    ");
    assert_cmd_snapshot!(train(&["--from", "base", "--config", "other.toml"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: other.toml: `model.gene_dim` is 8, and 16 in the base: leave it out, or pre-train with it
    ");
    assert_cmd_snapshot!(train(&["--from", "base", "--parts", "kmers"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: --from is where the network starts, and there is none in --parts kmers: leave out one of them
    ");
    assert_cmd_snapshot!(reperio(&dir, &["score", "--model", "base", "files", "--out", "s.tsv"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: base/base.safetensors is a pre-trained base without a classifier: train one from it with `reperio train --from`
    ");
    assert_cmd_snapshot!(reperio(&dir, &["pretrain", "one", "--out", "new"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: subjects with two views: 1, expected at least 4, because each is told apart from others (a repertoire has two halves if it has two clonotypes)
    ");
    assert_cmd_snapshot!(reperio(&dir, &["pretrain", "files", "--views", "subjects", "--out", "new"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: no subject has two repertoires: expected a column of people whose values repeat (--group COLUMN), or --views halves
    ");
    let more = [
        "--from",
        "base",
        "--config",
        "same.toml",
        "--epochs",
        "1",
        "--parts",
        "network",
        "--out",
        "run",
    ];
    done(&dir, &on_cohort("train", &more));
    assert_cmd_snapshot!(reperio(&dir, &on_cohort("train", &["--from", "run", "--out", "run2"])), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: run/base.safetensors is missing in a folder that holds a trained model, expected the base that `reperio pretrain` writes
    ");
    assert!(!dir.path().join("new").exists(), "a refused command leaves no folder");
}
