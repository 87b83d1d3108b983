//! Killed at any moment, then run again: the same final bytes, nothing half-written.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{bytes, done, folder, on_cohort, reperio, small_cohort};

/// Starts `command`, waits until `ready` (or until it is done), and kills it as `kill -9` does.
pub(crate) fn kill_when(command: &mut Command, ready: impl Fn() -> bool) {
    let mut child = command.stderr(Stdio::null()).spawn().expect("the program starts");
    while !ready() && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    child.kill().expect("a child that can be killed");
    child.wait().expect("a child that ends");
}

pub(crate) fn entries(path: &Path) -> usize {
    fs::read_dir(path).map_or(0, Iterator::count)
}

/// Messages of a kind that the log of the run `out` has so far.
fn logged(dir: &TempDir, out: &str, message: &str) -> usize {
    let log = fs::read_to_string(dir.path().join(out).join("log.jsonl")).unwrap_or_default();
    log.lines().filter(|line| line.contains(&format!("\"message\":\"{message}\""))).count()
}

fn import(dir: &TempDir, out: &str) -> Command {
    reperio(dir, &["import", "files", "--metadata", "labels.tsv", "--out", out])
}

#[test]
fn a_killed_import_run_again_gives_the_same_store() {
    let dir = folder();
    small_cohort(&dir, 12, 300);
    assert!(import(&dir, "whole").output().unwrap().status.success());
    for wanted in [0, 1, 4, 9] {
        let out = format!("killed{wanted}");
        let path = dir.path().join(&out);
        kill_when(&mut import(&dir, &out), || entries(&path.join("repertoires")) >= wanted);
        let described = reperio(&dir, &["describe", &out]).output().unwrap();
        let finished = path.join("manifest.json").exists();
        assert!(!described.status.success() || finished, "a half-finished import looks finished");
        assert!(import(&dir, &out).output().unwrap().status.success());
        assert_eq!(bytes(&path), bytes(&dir.path().join("whole")), "killed at {wanted} entries");
    }
}

fn train(dir: &TempDir, out: &str, more: &[&str]) -> Command {
    let mut command = reperio(dir, &on_cohort("train", &["--epochs", "6", "--out", out]));
    command.args(more);
    command
}

/// The files of a run without `config.toml` and the page, which name the command line, and the checkpoint.
pub(crate) fn run_bytes(dir: &TempDir, out: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = bytes(&dir.path().join(out));
    files.retain(|name, _| {
        !["config.toml", "report.html"].contains(&name.as_str()) && !name.starts_with("checkpoint")
    });
    files
}

/// Kills trainings of `parts` when their log has so many messages of a kind, and goes on with them.
fn killed_and_resumed(dir: &TempDir, parts: &[&str], (message, moments): (&str, &[usize])) {
    small_cohort(dir, 20, 400);
    let whole = train(dir, "whole", parts).output().expect("the program starts");
    assert!(whole.status.success());
    let expected = run_bytes(dir, "whole");
    assert!(expected.contains_key("model.safetensors"));
    for &moment in moments {
        let out = format!("killed{moment}");
        kill_when(&mut train(dir, &out, parts), || logged(dir, &out, message) >= moment);
        assert!(!dir.path().join(&out).join("model.safetensors").exists(), "killed too late");
        let more = [parts, &["--resume"]].concat();
        let output = train(dir, &out, &more).output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let resumed = run_bytes(dir, &out);
        assert_eq!(resumed.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, content) in &resumed {
            assert!(content == &expected[name], "{name} differs, killed at {message} {moment}");
        }
        // What was logged and not yet saved is done again; all of it would be a training from the start.
        let again = logged(dir, &out, "epoch").saturating_sub(logged(dir, "whole", "epoch"));
        assert!(again <= 3, "{again} epochs trained again, killed at {message} {moment}");
    }
}

/// The network alone, in the middle of its members: with all parts it may train no epoch.
#[test]
fn a_killed_training_resumes_to_the_same_bytes() {
    killed_and_resumed(&folder(), &["--parts", "network"], ("epoch", &[1, 5, 16]));
}

#[test]
fn a_training_killed_while_its_parts_are_learned_resumes_to_the_same_bytes() {
    killed_and_resumed(&folder(), &[], ("learning", &[0, 1, 4]));
}

#[test]
fn a_killed_score_leaves_no_table_or_a_whole_one() {
    let dir = folder();
    small_cohort(&dir, 12, 400);
    assert!(train(&dir, "run", &[]).output().unwrap().status.success());
    let score = ["score", "--model", "run", "files", "--out"];
    done(&dir, &[&score[..], &["whole.tsv"]].concat());
    let expected = fs::read(dir.path().join("whole.tsv")).unwrap();
    for wanted in [0, 1] {
        let out = format!("killed{wanted}/scores.tsv");
        let path = dir.path().join(&out);
        let mut command = reperio(&dir, &[&score[..], &[&out]].concat());
        kill_when(&mut command, || entries(path.parent().unwrap()) >= wanted);
        assert!(!path.exists() || fs::read(&path).unwrap() == expected);
        done(&dir, &[&score[..], &[&out]].concat());
        assert_eq!(fs::read(&path).unwrap(), expected);
    }
}

#[test]
fn ctrl_c_saves_and_says_how_to_resume() {
    let dir = folder();
    small_cohort(&dir, 20, 400);
    let network = ["--parts", "network"];
    assert!(train(&dir, "whole", &network).output().unwrap().status.success());
    let mut command = train(&dir, "stopped", &network);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    while logged(&dir, "stopped", "epoch") < 3 {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("error: interrupted; ") && stderr.contains("--resume"), "{stderr}");
    assert!(!dir.path().join("stopped/model.safetensors").exists());
    let resumed = train(&dir, "stopped", &[&network[..], &["--resume"]].concat()).output().unwrap();
    assert!(resumed.status.success());
    assert!(run_bytes(&dir, "stopped") == run_bytes(&dir, "whole"));
    assert_eq!(logged(&dir, "stopped", "epoch"), logged(&dir, "whole", "epoch"), "none twice");
}
