//! Labels, targets and options that do not fit the cohort.

use std::process::Command;

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{HEADER, ROW, done, folder, reperio, small_cohort, write};

/// Six repertoires with labels, and a command that learns from them once it is told what.
fn on_labels(command: &str) -> (TempDir, Command) {
    let dir = folder();
    small_cohort(&dir, 6, 20);
    let arguments = [command, "--cohort", "files", "--metadata", "labels.tsv", "--out", "run"];
    let command = reperio(&dir, &arguments);
    (dir, command)
}

#[test]
fn an_unknown_target() {
    let (_dir, mut command) = on_labels("train");
    assert_cmd_snapshot!(command.args(["--target", "lable"]), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: no column "lable" in the metadata, expected one of: subject_id, label, one_class
    "#);
}

#[test]
fn one_class_only() {
    let (_dir, mut command) = on_labels("train");
    assert_cmd_snapshot!(command.args(["--target", "one_class"]), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: column "one_class" has one class only ("same"), expected at least two different values
    "#);
}

#[test]
fn a_positive_value_that_no_repertoire_has() {
    let (_dir, mut command) = on_labels("train");
    assert_cmd_snapshot!(command.args(["--target", "label", "--positive", "ill"]), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: column "label" never has the value "ill", it has: sick, well
    "#);
}

#[test]
fn one_class_in_two_spellings() {
    let (dir, mut command) = on_labels("train");
    let labels = std::fs::read_to_string(dir.path().join("labels.tsv")).expect("the labels");
    write(&dir, "labels.tsv", labels.replacen("sick", "Sick", 1));
    assert_cmd_snapshot!(command.args(["--target", "label", "--positive", "sick"]), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: column "label" writes one value in several ways: "Sick" and "sick", expected one spelling for each class
    "#);
}

#[test]
fn fewer_repertoires_than_folds() {
    let (_dir, mut command) = on_labels("evaluate");
    assert_cmd_snapshot!(command.args(["--target", "label", "--folds", "7"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: 6 repertoires in 3 groups, expected at least 7 groups: one for each fold or part
    ");
}

#[test]
fn an_unknown_config_key() {
    let (dir, mut command) = on_labels("train");
    write(&dir, "my.toml", "[training]\nepoch = 3\n");
    assert_cmd_snapshot!(command.args(["--target", "label", "--config", "my.toml"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: my.toml is not a valid config file: TOML parse error at line 2, column 1
      |
    2 | epoch = 3
      | ^^^^^
    unknown field `epoch`, expected one of `seed`, `members`, `epochs`, `batch_size`, `sequences_per_repertoire`, `with_replacement`, `learning_rate`, `warm_up`, `final_rate`, `beta1`, `beta2`, `epsilon`, `weight_decay`, `l1`, `l2`, `clip_norm`, `validation_fraction`, `patience`, `refit`, `label_smoothing`, `balance_classes`
    ");
}

#[test]
fn a_target_twice() {
    let (_dir, mut command) = on_labels("train");
    assert_cmd_snapshot!(command.args(["--target", "label", "--target", "label"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: --target label is given twice, expected different columns
    ");
}

#[test]
fn no_labels_at_all() {
    let dir = folder();
    write(&dir, "a.tsv", format!("{HEADER}{ROW}"));
    let train = ["train", "--cohort", "a.tsv", "--out", "run", "--target", "label"];
    assert_cmd_snapshot!(reperio(&dir, &train), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: the repertoires have no labels: give the table of labels with --metadata (for a cohort store, to `import`)
    ");
}

#[test]
fn options_for_reading_files_that_were_read_long_ago() {
    let dir = folder();
    small_cohort(&dir, 6, 20);
    done(&dir, &["import", "files", "--metadata", "labels.tsv", "--out", "cohort"]);
    assert_cmd_snapshot!(reperio(&dir, &["describe", "cohort", "--locus", "TRA"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cohort is a cohort: options for reading files (species, loci, lengths, columns) were fixed when it was imported; give them to `import`
    ");
}

#[test]
fn shares_that_are_none() {
    let dir = folder();
    let evaluate = ["evaluate", "--cohort", "cohort", "--out", "out", "--target", "label"];
    assert_cmd_snapshot!(reperio(&dir, &[&evaluate[..], &["--split", "80/20"]].concat()), @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value '80/20' for '--split <60/20/20>': expected three positive shares such as 60/20/20

    For more information, try '--help'.
    ");
}
