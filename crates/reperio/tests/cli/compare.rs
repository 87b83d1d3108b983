//! Methods on the same folds: what is written, what is gone on with, and what is refused.

use std::fs;

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{done, folder, json, on_cohort, reperio, rows, small_cohort, write};

/// A folder with a small cohort, and a short comparison with `more`.
fn with_cohort(more: &[&str]) -> (TempDir, Vec<String>) {
    let dir = folder();
    small_cohort(&dir, 16, 30);
    let short = ["--methods", "reperio", "--epochs", "1", "--folds", "3"];
    let arguments = on_cohort("compare", &[&short[..], more].concat());
    (dir, arguments.into_iter().map(str::to_owned).collect())
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// All predictions, of the same bytes if the comparison is the same.
fn predictions(dir: &TempDir, out: &str) -> Vec<u8> {
    fs::read(dir.path().join(out).join("predictions.tsv")).expect("predictions")
}

#[test]
fn a_comparison_writes_all_its_files() {
    let (dir, arguments) = with_cohort(&["--out", "out"]);
    let found = json(&dir, &words(&arguments));
    let names = found["methods"].as_array().unwrap().iter().map(|row| &row["method"]);
    assert_eq!(names.collect::<Vec<_>>(), ["reperio", "reperio-permuted"]);
    let out = dir.path().join("out");
    let read = |name: &str| fs::read_to_string(out.join(name)).expect(name);
    let kept: serde_json::Value = serde_json::from_str(&read("compare.json")).unwrap();
    assert_eq!(kept, found, "what is printed is what is kept");
    assert_eq!(rows(&out.join("compare.tsv"), &["method", "auc"]).len(), 2);
    assert!(read("compare.md").contains("| *reperio-permuted* |"));
    assert!(
        read("compare.html").contains("<th scope=\"row\"><a href=\"#method-reperio\">reperio</a>")
    );
    let held = rows(&out.join("predictions.tsv"), &["method", "repertoire_id"]);
    let own = |name: &str| held.iter().filter(|row| row[0] == name).count();
    assert_eq!((own("reperio"), own("reperio-permuted")), (16, 16), "each held out once");
    for fold in ["1-1", "1-2", "1-3"] {
        read(&format!("folds/reperio/{fold}.json"));
        read(&format!("folds/reperio-permuted/{fold}.json"));
    }
    read("config.toml");
    // Subjects are whole, and `evaluate` takes the same folds.
    assert_eq!(rows(&out.join("splits.tsv"), &["repertoire_id", "fold"]).len(), 16);
    let evaluate = ["evaluate", "--cohort", "files", "--metadata", "labels.tsv", "--epochs", "1"];
    let folds = ["--target", "label", "--splits", "out/splits.tsv", "--out", "evaluation"];
    done(&dir, &[&evaluate[..], &folds[..]].concat());
}

/// Of the same folds `evaluate` says what `compare` says, to the last digit, also of permuted labels.
#[test]
fn an_evaluation_of_the_same_folds_says_the_same() {
    let (dir, arguments) = with_cohort(&["--out", "out"]);
    done(&dir, &words(&arguments));
    let table = dir.path().join("out/predictions.tsv");
    let compared = rows(&table, &["method", "repertoire_id", "logit"]);
    let cases: [(&str, &[&str]); 2] =
        [("reperio", &[]), ("reperio-permuted", &["--permute-labels", "1"])];
    for (method, permuted) in cases {
        let same = ["--epochs", "1", "--splits", "out/splits.tsv", "--out", method];
        done(&dir, &on_cohort("evaluate", &[&same[..], permuted].concat()));
        let table = dir.path().join(method).join("predictions.tsv");
        let mut evaluated = rows(&table, &["repertoire_id", "logit"]);
        evaluated.sort();
        let own = compared.iter().filter(|row| row[0] == method);
        let mut own: Vec<Vec<String>> = own.map(|row| row[1..].to_vec()).collect();
        own.sort();
        assert_eq!(evaluated, own, "{method}");
    }
}

#[test]
fn splits_of_another_cohort_are_refused_in_the_same_words() {
    let dir = folder();
    small_cohort(&dir, 4, 20);
    write(&dir, "splits.tsv", "repertoire_id\tfold\nr00\t0\nr99\t1\n");
    let errors = ["evaluate", "compare"].map(|command| {
        let arguments = on_cohort(command, &["--splits", "splits.tsv", "--out", command]);
        let output = reperio(&dir, &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        stderr.lines().last().unwrap_or_default().to_owned()
    });
    let expected = "splits.tsv: the splits do not fit the cohort: not in the cohort: \"r99\"; ";
    assert!(errors[0].contains(expected), "{}", errors[0]);
    assert_eq!(errors[0], errors[1]);
}

#[test]
fn a_comparison_goes_on_to_the_same_bytes() {
    let (dir, arguments) = with_cohort(&["--out", "out"]);
    done(&dir, &words(&arguments));
    let whole = predictions(&dir, "out");
    let fold = dir.path().join("out/folds/reperio/1-2.json");
    let kept = dir.path().join("out/folds/reperio/1-1.json");
    let before = fs::metadata(&kept).unwrap().modified().unwrap();
    fs::remove_file(&fold).unwrap();
    fs::remove_file(dir.path().join("out/predictions.tsv")).unwrap();
    let again = [&words(&arguments)[..], &["--resume"]].concat();
    done(&dir, &again);
    assert!(fold.exists());
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), before, "not fitted again");
    assert!(predictions(&dir, "out") == whole);
    done(&dir, &[&words(&arguments)[..13], &["--out", "other", "--threads", "1"]].concat());
    assert!(predictions(&dir, "other") == whole, "on one thread");
}

#[test]
fn another_comparison_is_not_gone_on_with() {
    let (dir, arguments) = with_cohort(&["--out", "out"]);
    done(&dir, &words(&arguments));
    assert_cmd_snapshot!(reperio(&dir, &words(&arguments)), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out already holds config.toml: --resume goes on with it, --overwrite replaces it, or choose a new folder
    ");
    let resume = [&words(&arguments)[..], &["--resume"]].concat();
    small_cohort(&dir, 18, 30);
    assert_cmd_snapshot!(reperio(&dir, &resume), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out holds a comparison of other repertoires, labels, folds or settings, expected a new folder
    ");
    small_cohort(&dir, 16, 30);
    fs::remove_file(dir.path().join("files/r16.tsv")).unwrap();
    fs::remove_file(dir.path().join("files/r17.tsv")).unwrap();
    let other = [&resume[..], &["--seed", "1"]].concat();
    assert_cmd_snapshot!(reperio(&dir, &other), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out holds a comparison of other repertoires, labels, folds or settings, expected a new folder
    ");
    done(&dir, &resume);
    write(&dir, "out/folds/reperio/1-1.json", "{\"method\": ");
    assert_cmd_snapshot!(reperio(&dir, &resume), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out/folds/reperio/1-1.json is damaged: delete it: EOF while parsing a value at line 1 column 11
    ");
}

#[test]
fn an_unknown_method_shows_the_known_ones() {
    let dir = folder();
    small_cohort(&dir, 6, 20);
    for methods in ["reperio,svn", "reperio,reperio"] {
        let wrong = on_cohort("compare", &["--methods", methods, "--out", "out"]);
        let output = reperio(&dir, &wrong).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let name = methods.rsplit(',').next().unwrap();
        let expected = format!("error: method {name:?}, expected each at most once of: ");
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with(&expected) && stderr.contains("deeprc"), "{stderr}");
        assert!(!dir.path().join("out").exists(), "nothing is written");
    }
}

#[test]
fn targets_that_are_not_two_classes() {
    let dir = folder();
    small_cohort(&dir, 6, 20);
    let stages = ["early", "late", "none", "early", "late", "none"];
    let rows = stages.iter().enumerate().map(|(i, stage)| format!("r{i:02}\t{stage}"));
    let rows: Vec<String> = rows.collect();
    write(&dir, "stages.tsv", format!("repertoire_id\tstage\n{}\n", rows.join("\n")));
    let compare = ["compare", "--cohort", "files", "--methods", "reperio", "--out", "out"];
    let stages = [&compare[..], &["--metadata", "stages.tsv", "--target", "stage"]].concat();
    assert_cmd_snapshot!(reperio(&dir, &stages), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: column "stage" has more than two values, expected two classes: --positive VALUE compares one value with all others
    "#);
    let two = ["--metadata", "labels.tsv", "--target", "label", "--target", "subject_id"];
    assert_cmd_snapshot!(reperio(&dir, &[&compare[..], &two].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: 2 targets, expected exactly one to compare methods on
    ");
}

#[test]
fn a_folder_that_no_simulation_wrote() {
    let (dir, arguments) = with_cohort(&["--out", "out", "--simulated", "files"]);
    assert_cmd_snapshot!(reperio(&dir, &words(&arguments)), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot read files/simulation.toml, expected a folder that `simulate` wrote: No such file or directory (os error 2)
    ");
    assert!(!dir.path().join("out").exists());
}
