//! A page of every command, looked at from outside: how it is laid out, and where its numbers come from.

mod chromium;
mod layout;
mod numbers;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::{done, on_cohort, small_cohort, write};

/// Names from outside that mean something in HTML.
const ID: &str = "r01 <b>'1'&amp;\"";
const LABEL: &str = "<i>sick & \"ill\"</i>\u{1b}[31m";

/// A [`small_cohort`] with names that a page must show as they are.
fn cohort_with_odd_names(dir: &TempDir) {
    small_cohort(dir, 20, 60);
    fs::rename(dir.path().join("files/r01.tsv"), dir.path().join(format!("files/{ID}.tsv")))
        .expect("a file of this name");
    let labels = fs::read_to_string(dir.path().join("labels.tsv")).expect("labels");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let labels = labels.replace("r01\t", &format!("{}\t", quoted(ID)));
    write(dir, "labels.tsv", labels.replace("sick", &quoted(LABEL)));
}

/// A page of every command.
fn pages(dir: &TempDir) -> Vec<PathBuf> {
    let quick = ["--epochs", "4", "--positive", LABEL];
    let command = |name: &str, more: &[&str]| {
        done(dir, &on_cohort(name, &[&quick[..], more].concat()));
    };
    command("train", &["--out", "run"]);
    command("evaluate", &["--parts", "kmers,genes", "--folds", "2", "--out", "test"]);
    done(dir, &["score", "--model", "run", "files", "--out", "scores.tsv"]);
    done(dir, &["explain", "--model", "run", "files", "--metadata", "labels.tsv", "--out", "why"]);
    let described = ["files", "--metadata", "labels.tsv", "--target", "label", "--out", "cohort"];
    done(dir, &[&["describe"][..], &described].concat());
    let methods = ["--methods", "reperio,depth-diversity,kmer3-logistic", "--out", "comparison"];
    done(dir, &on_cohort("compare", &[&methods[..], &["--folds", "2"]].concat()));
    let known = [
        "run/report.html",
        "test/report.html",
        "scores.html",
        "why/report.html",
        "cohort/report.html",
        "comparison/compare.html",
    ];
    let mut all: Vec<PathBuf> = known.iter().map(|name| dir.path().join(name)).collect();
    let patients = fs::read_dir(dir.path().join("why/repertoires")).expect("a folder each");
    let of = patients.map(|entry| entry.expect("an entry").path());
    all.extend(
        of.filter(|own| own.to_string_lossy().contains("r01")).map(|own| own.join("report.html")),
    );
    all
}
