//! Wrong files, wrong labels, wrong options: each says what is wrong, and none panics.

use std::process::Command;

use insta_cmd::{assert_cmd_snapshot, get_cargo_bin};

use crate::outputs::trained;
use crate::support::{HEADER, ROW, done, folder, reperio, small_cohort, write};

/// Gzip of `HEADER` and many rows, cut in the middle.
fn truncated_gzip() -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(HEADER.as_bytes()).expect("memory takes everything");
    for i in 0..5000 {
        let (a, b) = (b'A' + (i % 3) as u8 * 2, b"DEFGHIK"[i % 7]);
        writeln!(encoder, "TRBV9\tTRBJ2-3\tCASS{}{}TQYF\t{i}", a as char, b as char)
            .expect("memory takes everything");
    }
    let whole = encoder.finish().expect("memory takes everything");
    whole[..whole.len() / 2].to_vec()
}

#[test]
fn a_missing_file() {
    let dir = folder();
    assert_cmd_snapshot!(reperio(&dir, &["describe", "absent.tsv"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: no such file or folder: absent.tsv
    ");
}

#[test]
fn an_empty_file() {
    let dir = folder();
    write(&dir, "a.tsv", "");
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv: empty file, expected a table with a header line
    ");
    assert!(!dir.path().join("cohort/cohort.parquet").exists());
}

#[test]
fn a_header_without_rows() {
    let dir = folder();
    write(&dir, "a.tsv", HEADER);
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv:1: no rows below the header, expected at least one
    ");
}

#[test]
fn wrong_columns() {
    let dir = folder();
    write(&dir, "a.tsv", "gene\tvalue\nA\t1\n");
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv:1: columns `gene`, `value`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, paired, custom, fasta) or columns that you name
    ");
}

#[test]
fn a_binary_file() {
    let dir = folder();
    write(&dir, "a.tsv", [0_u8, 159, 146, 150, 10, 13, 0, 255].repeat(50));
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv: binary data (a zero byte at position 0), expected a text table, plain or compressed with gzip, zstd, bzip2, xz or zip
    ");
}

#[test]
fn a_truncated_gzip() {
    let dir = folder();
    write(&dir, "a.tsv.gz", truncated_gzip());
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv.gz", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv.gz:2478: the gzip data ends here, expected more: the file is truncated
    ");
}

#[test]
fn a_ragged_row_names_its_line() {
    let dir = folder();
    write(&dir, "a.tsv", format!("{HEADER}{ROW}TRBV9\tTRBJ2-3\tCASSLGF\n"));
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: a.tsv:3: 3 fields, expected 4
    ");
}

#[test]
fn unmatched_ids_are_listed_all_at_once() {
    let dir = folder();
    for name in ["files/a.tsv", "files/b.tsv", "files/c.tsv"] {
        write(&dir, name, format!("{HEADER}{ROW}"));
    }
    write(&dir, "labels.tsv", "repertoire_id\tlabel\na\t1\nx\t0\ny\t1\n");
    let arguments = ["import", "files", "--metadata", "labels.tsv", "--out", "cohort"];
    assert_cmd_snapshot!(reperio(&dir, &arguments), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: labels.tsv does not match the repertoires
      id without a repertoire: "x"
      id without a repertoire: "y"
      repertoire without a row: "b" (b.tsv)
      repertoire without a row: "c" (c.tsv)
    "#);
}

#[test]
fn duplicate_ids() {
    let dir = folder();
    write(&dir, "a.tsv", format!("{HEADER}{ROW}"));
    write(&dir, "labels.tsv", "repertoire_id\tlabel\na\t1\na\t0\n");
    let arguments = ["import", "a.tsv", "--metadata", "labels.tsv", "--out", "cohort"];
    assert_cmd_snapshot!(reperio(&dir, &arguments), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: labels.tsv: `repertoire_id` "a" on more than one row, expected distinct ids
    "#);
    write(&dir, "other/a.tsv", format!("{HEADER}{ROW}"));
    let arguments = ["import", "a.tsv", "other/a.tsv", "--out", "cohort"];
    assert_cmd_snapshot!(reperio(&dir, &arguments), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: repertoire ids occur more than once
      "a" in a.tsv, a.tsv
    "#);
}

/// Trains a model and returns its folder and bytes.
fn model() -> (tempfile::TempDir, Vec<u8>) {
    let dir = trained();
    let bytes = std::fs::read(dir.path().join("run/model.safetensors")).expect("a model");
    (dir, bytes)
}

const SCORE: [&str; 6] = ["score", "--model", "m.safetensors", "files", "--out", "scores.tsv"];

#[test]
fn an_unknown_or_repeated_part() {
    let dir = folder();
    small_cohort(&dir, 12, 60);
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--target", "label"];
    let parts = |parts| [&train[..], &["--out", "run", "--parts", parts]].concat();
    assert_cmd_snapshot!(reperio(&dir, &parts("kmers,motifs")), @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'motifs' for '--parts <PARTS>': expected one of: network, kmers, clones, genes, depth

    For more information, try '--help'.
    ");
    assert_cmd_snapshot!(reperio(&dir, &parts("kmers,kmers")), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: `parts.include` is ["kmers", "kmers"], expected at least one part, each once, and covariates by `covariates.include`
    "#);
}

#[test]
fn a_model_of_another_version() {
    let (dir, bytes) = model();
    let known = b",\\\"format\\\":2,";
    let at = bytes.windows(known.len()).position(|window| window == known).expect("a version");
    let mut other = bytes;
    other[at + known.len() - 2] = b'9';
    write(&dir, "m.safetensors", other);
    assert_cmd_snapshot!(reperio(&dir, &SCORE), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: model m.safetensors has format version 9, this program reads versions 1 and 2
    ");
}

#[test]
fn a_corrupted_model() {
    let (dir, bytes) = model();
    write(&dir, "m.safetensors", &bytes[..bytes.len() - 7]);
    assert_cmd_snapshot!(reperio(&dir, &SCORE), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: model m.safetensors is damaged or not a model: not a whole safetensors file: incomplete metadata, file not fully covered
    ");
    write(&dir, "m.safetensors", "nothing of the kind");
    assert_cmd_snapshot!(reperio(&dir, &SCORE), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: model m.safetensors is damaged or not a model: not a whole safetensors file: header too large
    ");
    let mut not_a_number = bytes;
    let end = not_a_number.len();
    not_a_number[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    write(&dir, "m.safetensors", not_a_number);
    assert_cmd_snapshot!(reperio(&dir, &SCORE), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: model m.safetensors is damaged or not a model: tensor target.0.term.3.output.0.weights holds a value that is not finite
    ");
    assert!(!dir.path().join("scores.tsv").exists());
}

#[test]
fn a_score_table_does_not_replace_the_model() {
    let (dir, bytes) = model();
    write(&dir, "m.safetensors", &bytes);
    let arguments = ["score", "--model", "m.safetensors", "files", "--out", "m.safetensors"];
    assert_cmd_snapshot!(reperio(&dir, &arguments), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: m.safetensors is an input, expected another output
    ");
    assert!(std::fs::read(dir.path().join("m.safetensors")).unwrap() == bytes);
}

#[test]
fn a_run_folder_is_not_overwritten() {
    let (dir, _) = model();
    let arguments = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--out", "run"];
    let mut command = reperio(&dir, &arguments);
    assert_cmd_snapshot!(command.args(["--target", "label"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: run already holds model.safetensors: --resume goes on with it, --overwrite replaces it, or choose a new folder
    ");
}

#[test]
fn a_demo_replaces_nothing_but_a_demo() {
    let dir = folder();
    write(&dir, "mine/thesis.txt", "all of it");
    assert_cmd_snapshot!(reperio(&dir, &["demo", "--out", "mine"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: mine holds other files, expected a new folder or an earlier demo
    ");
}

#[test]
fn an_output_path_below_a_file() {
    let dir = folder();
    write(&dir, "a.tsv", format!("{HEADER}{ROW}"));
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--out", "a.tsv/cohort"]), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot write a.tsv/cohort: a.tsv is a file, expected a folder
    ");
}

#[test]
fn wrong_usage_exits_with_2() {
    let dir = folder();
    assert_cmd_snapshot!(reperio(&dir, &["import", "a.tsv", "--ot", "cohort"]), @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unexpected argument '--ot' found

      tip: a similar argument exists: '--count-column'

    Usage: reperio import --out <COHORT> --count-column <COLUMN> <INPUT>...

    For more information, try '--help'.
    ");
}

/// A shell whose children may write files of at most 512 bytes: as good as a full disk.
#[test]
fn a_full_disk() {
    let dir = folder();
    small_cohort(&dir, 2, 2000);
    let mut command = Command::new("sh");
    let script = "ulimit -f 1; exec \"$0\" import files --metadata labels.tsv --out cohort";
    command.current_dir(dir.path()).args(["-c", script]).arg(get_cargo_bin("reperio"));
    assert_cmd_snapshot!(command, @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot write cohort/repertoires/.r00.parquet.new: File too large (os error 27)
    ");
    done(&dir, &["import", "files", "--metadata", "labels.tsv", "--out", "cohort"]);
    done(&dir, &["describe", "cohort"]);
    let mut command = Command::new("sh");
    let script = "ulimit -f 1; exec \"$0\" train --cohort cohort --target label --out run";
    command.current_dir(dir.path()).args(["-c", script]).arg(get_cargo_bin("reperio"));
    assert_cmd_snapshot!(command, @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot write run/config.toml: File too large (os error 27)
    ");
    assert!(!dir.path().join("run/model.safetensors").exists());
}

#[test]
fn a_device_that_is_not_there() {
    let dir = folder();
    small_cohort(&dir, 4, 20);
    let train = ["train", "--cohort", "files", "--metadata", "labels.tsv", "--target", "label"];
    let absent = [&train[..], &["--out", "run", "--device", "cuda:99"]].concat();
    let output = reperio(&dir, &absent).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("error: --device cuda:99: no "), "{stderr}");
    assert_cmd_snapshot!(reperio(&dir, &["score", "--device", "gpu"]), @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'gpu' for '--device <DEVICE>': expected auto, cpu or cuda:N

    For more information, try '--help'.
    ");
}
