//! Numbers that must not be believed: damaged models, absurd sizes, repertoires about which nothing is known.

use std::fs;

use insta_cmd::assert_cmd_snapshot;

use crate::outputs::trained;
use crate::support::{HEADER, ROW, done, folder, json, reperio, rows, small_cohort, write};

/// What `score` says with a model of these bytes.
fn score(dir: &tempfile::TempDir, model: &[u8]) -> Result<(), String> {
    write(dir, "m.safetensors", model);
    let arguments =
        ["score", "--model", "m.safetensors", "files/r00.tsv", "--out", "s.tsv", "--overwrite"];
    let output = reperio(dir, &arguments).output().expect("the program starts");
    assert!(matches!(output.status.code(), Some(0 | 1)), "a crash: {:?}", output.status);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(message) }
}

#[test]
fn a_flipped_bit_in_a_model_is_an_error_wherever_it_is() {
    let dir = trained();
    let bytes = fs::read(dir.path().join("run/model.safetensors")).expect("a model");
    score(&dir, &bytes).expect("undamaged");
    // Odd steps, so that all parts of numbers and texts are met.
    for at in (0..bytes.len()).step_by(bytes.len() / 31) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let result = score(&dir, &damaged);
        assert!(result.is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn a_flipped_bit_in_a_checkpoint_is_an_error_wherever_it_is() {
    let dir = trained();
    let path = |name: &str| dir.path().join("run").join(name);
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--target", "label"];
    let resume = [&train[..], &["--epochs", "1", "--out", "run", "--resume"]].concat();
    let expected = fs::read(path("model.safetensors")).expect("a model");
    let bytes = fs::read(path("checkpoint/state.safetensors")).expect("a checkpoint");
    for at in (0..bytes.len()).step_by(bytes.len() / 7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        write(&dir, "run/checkpoint/state.safetensors", damaged);
        fs::remove_file(path("model.safetensors")).expect("a model");
        let output = reperio(&dir, &resume).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "byte {at} of {}", bytes.len());
        write(&dir, "run/checkpoint/state.safetensors", &bytes);
        done(&dir, &resume);
        assert!(fs::read(path("model.safetensors")).expect("a model") == expected);
    }
}

#[test]
fn a_model_of_before_checksums_is_read_with_a_warning() {
    let dir = trained();
    let bytes = fs::read(dir.path().join("run/model.safetensors")).expect("a model");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).expect("JSON");
    let start = header.find("\\\"sha256\\\"").expect("a checksum");
    let end = start + header[start..].find(',').expect("another key") + 1;
    // Blanks keep the length of the header.
    let without = format!("{}{}{}", &header[..start], &header[end..], " ".repeat(end - start));
    let old = [&bytes[..8], without.as_bytes(), &bytes[8 + length..]].concat();
    write(&dir, "m.safetensors", old);
    let arguments = ["score", "--model", "m.safetensors", "files/r00.tsv", "--out", "s.tsv"];
    assert_cmd_snapshot!(reperio(&dir, &arguments).stdout(std::process::Stdio::null()), @"
    success: true
    exit_code: 0
    ----- stdout -----

    ----- stderr -----
     WARN m.safetensors was written before models had a checksum: damage to its numbers cannot be detected
     WARN training found no signal for label: its probabilities are close to the class shares
    ");
}

#[test]
fn a_repertoire_without_clonotypes_gets_no_score_and_harms_no_other() {
    let dir = trained();
    let none = format!("{HEADER}TRBV9\tTRBJ2-3\tCAS*F\t3\n");
    write(&dir, "files/empty.tsv", none);
    let scores = json(&dir, &["score", "--model", "run", "files", "--out", "scores.tsv"]);
    assert_eq!(scores["repertoires"].as_array().expect("a list").len(), 9);
    let columns = ["repertoire_id", "logit", "probability", "class", "prediction_set", "warnings"];
    let table = rows(&dir.path().join("scores.tsv"), &columns);
    assert_eq!(table[0], ["empty", "", "", "", "", "no clonotypes: no score"]);
    assert!(table[1..].iter().all(|row| !row[1].is_empty() && !row[3].is_empty()));
    let why = json(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    assert_eq!((&why["repertoires"], &why["empty"][0]), (&8.into(), &"empty".into()));
    let cohort = ["--cohort", "files", "--metadata", "all.tsv", "--target", "label"];
    let labels = fs::read_to_string(dir.path().join("labels.tsv")).expect("labels");
    write(&dir, "all.tsv", format!("{labels}empty\ts9\tsick\tsame\n"));
    let train = [&["train", "--epochs", "1", "--out", "again"], &cohort[..]].concat();
    done(&dir, &train);
    let parts = rows(&dir.path().join("again/predictions.tsv"), &["repertoire_id"]);
    assert_eq!(parts.len(), 8, "nothing is learned from the empty one");
}

#[test]
fn labels_that_the_model_does_not_know_are_an_error() {
    let dir = trained();
    let labels = fs::read_to_string(dir.path().join("labels.tsv")).expect("labels");
    let evaluate = |table: &str| {
        write(&dir, "test.tsv", table);
        let cohort = ["--cohort", "files", "--metadata", "test.tsv", "--overwrite"];
        reperio(&dir, &[&["evaluate", "--model", "run", "--out", "test"], &cohort[..]].concat())
    };
    assert_cmd_snapshot!(evaluate(&labels.replace("\tsick", "\tSick").replacen("\twell", "\t1", 1)), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: column "label" has the values "1", "Sick", the model knows: well, sick
    "#);
    let unknown = labels.replacen("\tsick", "\tUnknown", 1).replacen("\twell", "\tn/a", 1);
    assert!(evaluate(&unknown).output().expect("the program starts").status.success());
    let column = rows(&dir.path().join("test/predictions.tsv"), &["label"]);
    assert_eq!(column.iter().filter(|row| row[0].is_empty()).count(), 2, "missing, not negative");
}

#[test]
fn absurd_sizes_are_errors() {
    let dir = folder();
    small_cohort(&dir, 8, 20);
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--target", "label"];
    for (key, value) in [
        ("training", "members = 1000000000"),
        ("training", "sequences_per_repertoire = 9223372036854775807"),
        ("training", "batch_size = 9223372036854775807"),
        ("training", "weight_decay = 1e300"),
        ("model.position.bins", "from_start = 9223372036854775807\nfrom_end = 9223372036854775807"),
        ("model", "beta = 1e300"),
        ("discovery", "k = []"),
        ("discovery", "max_seeds = 9223372036854775807"),
    ] {
        write(&dir, "c.toml", format!("[{key}]\n{value}\n"));
        let output = reperio(&dir, &[&train[..], &["--config", "c.toml", "--out", "run"]].concat());
        let output = { output }.output().expect("the program starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{value}: {message}");
        assert!(message.contains("expected"), "{value}: {message}");
    }
    for value in ["clonotypes = 9223372036854775807", "repertoires = 9223372036854775807"] {
        write(&dir, "s.toml", value);
        let output = reperio(&dir, &["simulate", "--config", "s.toml", "--out", "made"]).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = reperio(&dir, &["describe", "files", "--threads", "20000"]).output();
    let message = String::from_utf8(output.expect("the program starts").stderr).expect("UTF-8");
    assert!(message.starts_with("error: --threads 20000, expected at most"), "{message}");
}

/// A pipe in a folder is left out at once; a named one that nobody writes to stops with SIGTERM.
#[cfg(unix)]
#[test]
fn nothing_waits_for_a_pipe() {
    let dir = folder();
    write(&dir, "q/a.tsv", format!("{HEADER}{ROW}"));
    for name in ["q/pipe.tsv", "labels.tsv"] {
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(name)).status();
        assert!(made.expect("mkfifo starts").success());
    }
    let output = reperio(&dir, &["describe", "q"]).output().expect("the program starts");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("a pipe or a device"));
    let mut waiting = reperio(&dir, &["describe", "q", "--metadata", "labels.tsv"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    // A signal before the program listens would end it too, with another code.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let kill = std::process::Command::new("kill").arg(waiting.id().to_string()).status();
    assert!(kill.expect("kill starts").success());
    assert_eq!(waiting.wait().expect("the program ends").code(), Some(130));
}
