//! What a command may write over, and two commands on one output.

use std::fs;
use std::path::{Path, PathBuf};

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{HEADER, ROW, bytes, done, folder, json, reperio, rows, small_cohort, write};

/// A cohort in `files/` and a model of it in `run/`.
pub(crate) fn trained() -> TempDir {
    let dir = folder();
    small_cohort(&dir, 8, 20);
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--out", "run"];
    done(&dir, &[&train[..], &["--target", "label", "--epochs", "1"]].concat());
    dir
}

/// Every folder below `path`.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("a readable folder").flatten();
    let own = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut all: Vec<PathBuf> =
        own.flat_map(|own| [vec![own.clone()], folders(&own)].concat()).collect();
    all.sort();
    all
}

/// Runs a command that must fail and change nothing below the folder; returns its message.
fn refused(dir: &TempDir, arguments: &[&str]) -> String {
    let before = (bytes(dir.path()), folders(dir.path()));
    let output = reperio(dir, arguments).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(bytes(dir.path()) == before.0, "{arguments:?} changed something");
    assert_eq!(folders(dir.path()), before.1, "{arguments:?} left or removed a folder");
    String::from_utf8(output.stderr).expect("stderr is UTF-8")
}

#[test]
fn no_command_writes_over_what_it_reads() {
    let dir = trained();
    fs::create_dir(dir.path().join("out")).expect("a folder");
    write(&dir, "out/scores.tsv", "repertoire_id\tlabel\n");
    let score = ["score", "--model", "run", "files", "--metadata", "labels.tsv", "--out"];
    for out in ["files/r03.tsv", "files/../files/r03.tsv", "labels.tsv", "run/model.safetensors"] {
        for more in [&[][..], &["--overwrite"]] {
            let message = refused(&dir, &[&score[..], &[out], more].concat());
            assert!(message.contains(&format!("{out} is an input")), "{message}");
        }
    }
    let explain = ["explain", "--model", "run", "files", "--metadata", "out/scores.tsv"];
    let message = refused(&dir, &[&explain[..], &["--out", "out", "--overwrite"]].concat());
    assert!(message.contains("out/scores.tsv is an input"), "{message}");
    let fit = ["fit-generator", "files/r00.tsv", "files/r01.tsv", "--out", "files/r01.tsv"];
    assert!(refused(&dir, &fit).contains("files/r01.tsv is an input"));
    done(&dir, &["import", "files", "--metadata", "labels.tsv", "--out", "cohort"]);
    let import = ["import", "files", "--metadata", "cohort/import_report.tsv", "--out", "cohort"];
    assert!(refused(&dir, &import).contains("cohort/import_report.tsv is an input"));
}

#[test]
fn no_command_replaces_results_unasked() {
    let dir = trained();
    let score = ["score", "--model", "run", "files", "--out", "out/scores.tsv"];
    done(&dir, &score);
    assert_cmd_snapshot!(reperio(&dir, &score), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out/scores.tsv already exists: --overwrite replaces it, or choose another name
    ");
    let explain = ["explain", "--model", "run", "files", "--out", "out"];
    assert_cmd_snapshot!(reperio(&dir, &explain), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: out already holds scores.tsv: --overwrite replaces it, or choose a new folder
    ");
    let cohort = ["--cohort", "files", "--metadata", "labels.tsv"];
    let evaluate = [&["evaluate", "--model", "run", "--out", "run"], &cohort[..]].concat();
    assert!(refused(&dir, &evaluate).contains("run already holds config.toml"));
    assert!(refused(&dir, &[&evaluate[..], &["--resume"]].concat()).contains("run already holds"));
    done(&dir, &[&score[..], &["--overwrite"]].concat());
    done(&dir, &[&explain[..], &["--overwrite"]].concat());
    let columns = rows(&dir.path().join("out/scores.tsv"), &["output"]);
    assert_eq!(columns.len(), 8, "the sums of explain");
    let simulate = ["simulate", "--repertoires", "4", "--clonotypes", "50", "--out", "made"];
    done(&dir, &simulate);
    assert!(refused(&dir, &simulate).contains("made already holds simulation.toml"));
    let again = [&simulate[..], &["--overwrite", "--background", "made/repertoires"]].concat();
    assert!(refused(&dir, &again).contains("made/repertoires holds an input"));
    done(&dir, &[&simulate[..], &["--overwrite"]].concat());
}

#[test]
fn a_training_is_replaced_whole_if_asked() {
    let dir = trained();
    let first = bytes(&dir.path().join("run"));
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--out", "run"];
    let again = [&train[..], &["--target", "label", "--epochs", "1", "--overwrite"]].concat();
    done(&dir, &again);
    let second = bytes(&dir.path().join("run"));
    assert!(first["model.safetensors"] == second["model.safetensors"]);
    assert!(refused(&dir, &[&again[..], &["--resume"]].concat()).contains("exclude each other"));
}

#[test]
fn an_explanation_that_fails_leaves_nothing() {
    let dir = trained();
    // That both files hold the same repertoire is known only when both have been read.
    for name in ["a.tsv", "b.tsv"] {
        let header = HEADER.trim_end();
        let row = ROW.trim_end();
        write(&dir, name, format!("{header}\trepertoire_id\n{row}\tp1\n{row}\t{name}\n"));
    }
    let explain = ["explain", "--model", "run", "--out", "why", "a.tsv"];
    assert!(refused(&dir, &[&explain[..], &["b.tsv"]].concat()).contains("p1"));
    done(&dir, &explain);
}

#[test]
fn a_refused_command_leaves_no_empty_folder() {
    let dir = trained();
    write(&dir, "broken.tsv", format!("{HEADER}TRBV9\n"));
    write(&dir, "empty.toml", "[simulation]\nnothing = 1\n");
    let cohort = ["--cohort", "files", "--metadata", "labels.tsv", "--target"];
    let commands: [(&[&str], &str); 9] = [
        (&["explain", "--model", "run", "nowhere"], "nowhere"),
        (&["explain", "--model", "run", "files/r00.tsv", "broken.tsv"], "broken.tsv"),
        (&[&["train"], &cohort[..], &["colour"]].concat(), "colour"),
        (&[&["evaluate"], &cohort[..], &["colour"]].concat(), "colour"),
        (&[&["compare"], &cohort[..], &["colour"]].concat(), "colour"),
        (&["describe", "broken.tsv"], "broken.tsv"),
        (&["import", "nowhere"], "nowhere"),
        (&["import", "broken.tsv"], "broken.tsv"),
        (&["simulate", "--config", "empty.toml"], "empty.toml"),
    ];
    for (command, named) in commands {
        for out in ["out", "new/below/out"] {
            let message = refused(&dir, &[command, &["--out", out]].concat());
            assert!(message.contains(named), "{message}");
        }
    }
    let score = ["score", "--model", "run", "broken.tsv", "--out", "new/below/scores.tsv"];
    assert!(refused(&dir, &score).contains("broken.tsv"));
    let fit = ["fit-generator", "broken.tsv", "--out", "new/below/generator.json"];
    assert!(refused(&dir, &fit).contains("broken.tsv"));
    // A folder that was there stays, with what was in it.
    fs::create_dir_all(dir.path().join("mine/repertoires/r00")).expect("a folder");
    refused(&dir, &["explain", "--model", "run", "nowhere", "--out", "mine"]);
}

#[test]
fn one_output_has_one_writer() {
    let dir = trained();
    let lock = reperio_data::lock::Lock::folder(&dir.path().join("run")).expect("a lock");
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--out", "run"];
    assert_cmd_snapshot!(reperio(&dir, &[&train[..], &["--target", "label", "--resume"]].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: run: another process is writing there, expected one at a time: wait for it or choose another output
    ");
    drop(lock);
    let lock = reperio_data::lock::Lock::file(&dir.path().join("scores.tsv")).expect("a lock");
    let score = ["score", "--model", "run", "files", "--out", "scores.tsv"];
    assert!(refused(&dir, &score).contains("scores.tsv: another process is writing there"));
    drop(lock);
    done(&dir, &score);
    let hidden = |path: &Path| {
        let names = fs::read_dir(path).expect("a folder").flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with('.')).count()
    };
    assert_eq!((hidden(dir.path()), hidden(&dir.path().join("run"))), (0, 0), "no lock is left");
}

/// Two imports at once: one is done and the other is refused or done behind it; the store is whole.
#[test]
fn two_imports_at_once_leave_a_whole_store() {
    let dir = folder();
    small_cohort(&dir, 12, 30);
    let import = |from: &str, to: &str| {
        let files: Vec<String> = match from {
            "even" => (0..12).step_by(2).map(|i| format!("files/r{i:02}.tsv")).collect(),
            _ => (1..12).step_by(2).map(|i| format!("files/r{i:02}.tsv")).collect(),
        };
        let mut command = reperio(&dir, &["import", "--out", to]);
        command.args(files).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command
    };
    for round in 0..4 {
        let store = format!("store{round}");
        let mut first = import("even", &store).spawn().expect("the program starts");
        let second = import("odd", &store).status().expect("the program starts");
        let first = first.wait().expect("the program ends");
        let finished = [first, second].iter().filter(|status| status.success()).count();
        assert!(finished > 0, "round {round}: neither is done");
        let described = json(&dir, &["describe", &store]);
        let stored = described["repertoires"].as_array().expect("a list").len();
        assert_eq!(stored, 6 * finished, "round {round}: who is done is in the store");
        assert!(import("even", &store).status().expect("starts").success(), "round {round}");
        assert!(import("odd", &store).status().expect("starts").success(), "round {round}");
        assert_eq!(
            fs::read_dir(dir.path().join(&store).join("repertoires")).expect("a store").count(),
            12
        );
    }
}
