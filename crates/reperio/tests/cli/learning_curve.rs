//! `reperio evaluate --learning-curve`: how many repertoires are needed, and how deep.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::crash::{entries, kill_when, run_bytes};
use crate::support::{
    HEADER, bytes, done, folder, json, on_cohort, reperio, rows, small_cohort, write,
};

const COLUMNS: [&str; 12] = [
    "target",
    "figure",
    "kind",
    "share",
    "training_repertoires",
    "by_label",
    "clonotypes",
    "value",
    "low",
    "high",
    "repeats",
    "power_law",
];

/// Rows of a kind.
fn of_kind(dir: &TempDir, out: &str, kind: &str) -> Vec<Vec<String>> {
    let table = dir.path().join(out).join("learning_curve.tsv");
    let all = rows(&table, &COLUMNS);
    all.into_iter().filter(|row| row[2] == kind).collect()
}

fn number(field: &str) -> f64 {
    field.parse().expect("a number")
}

/// Two repertoires each of 30 people, one sick and one well, in three folds.
#[test]
fn the_last_point_is_the_evaluation_and_a_second_run_gives_the_same_bytes() {
    let dir = folder();
    small_cohort(&dir, 60, 40);
    let quick = ["--parts", "network,genes", "--epochs", "1", "--folds", "3"];
    let curve = [&quick[..], &["--learning-curve", "--out", "curve"]].concat();
    let found = json(&dir, &on_cohort("evaluate", &curve));
    let plain = json(&dir, &on_cohort("evaluate", &[&quick[..], &["--out", "plain"]].concat()));
    assert_eq!(found["targets"], plain["targets"]);
    let points = of_kind(&dir, "curve", "repertoires");
    let shares: Vec<&str> = points.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(shares, ["0.3", "0.4481", "0.6694", "1.0"], "six of 20 people, then all");
    let sizes: Vec<f64> = points.iter().map(|row| number(&row[4])).collect();
    assert_eq!(sizes, [12.0, 18.0, 28.0, 40.0], "people are whole");
    for (row, size) in points.iter().zip(&sizes) {
        assert_eq!(row[5], format!("sick: {:.1}, well: {:.1}", size / 2.0, size / 2.0));
    }
    assert_eq!(points.iter().map(|row| row[10].as_str()).collect::<Vec<_>>(), ["2", "1", "1", "1"]);
    let last = points.last().expect("a point");
    assert_eq!(Some(number(&last[7])), plain["auc"].as_f64());
    assert_eq!(Some(number(&last[8])), plain["auc_ci"][0].as_f64());
    let depth = of_kind(&dir, "curve", "depth");
    assert_eq!(depth.last().unwrap()[6..10], last[6..10]);
    let clonotypes: Vec<f64> = depth.iter().map(|row| number(&row[6])).collect();
    assert!(clonotypes.is_sorted() && clonotypes[0] < clonotypes[3] / 2.0, "{clonotypes:?}");
    let beyond = of_kind(&dir, "curve", "extrapolated");
    assert_eq!(beyond.last().unwrap()[4], "160.0");
    for row in points.iter().chain(&depth).chain(&beyond) {
        let [value, low, high] = [7, 8, 9].map(|at| number(&row[at]));
        assert!(low <= value && value <= high && high <= 1.0, "{row:?}");
    }

    // From its checkpoints, and without its files of figures.
    let before = bytes(&dir.path().join("curve"));
    for name in ["metrics.json", "learning_curve.tsv", "report.html"] {
        fs::remove_file(dir.path().join("curve").join(name)).unwrap();
    }
    done(&dir, &on_cohort("evaluate", &[&curve[..], &["--resume"]].concat()));
    let after = bytes(&dir.path().join("curve"));
    for name in ["metrics.json", "learning_curve.tsv"] {
        assert!(before[name] == after[name], "{name}");
    }
    let page = fs::read_to_string(dir.path().join("curve/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    assert!(page.contains("how many repertoires are needed"));
    let card = fs::read_to_string(dir.path().join("curve/model_card.md")).unwrap();
    assert!(card.contains("More repertoires for label:"), "{card}");
    assert!(!dir.path().join("plain/learning_curve.tsv").exists());
    let page = fs::read_to_string(dir.path().join("plain/report.html")).unwrap();
    assert!(!page.contains("how many repertoires are needed"));
}

#[test]
fn permuted_labels_have_a_flat_curve_at_chance() {
    let dir = folder();
    let size = ["--repertoires", "80", "--clonotypes", "150"];
    let motif = ["--motif", "WNDR", "--witness-rate", "0.03"];
    done(&dir, &[&["simulate", "--out", "made"], &size[..], &motif].concat());
    let cohort =
        ["--cohort", "made/repertoires", "--metadata", "made/metadata.tsv", "--target", "label"];
    let evaluate = |more: &[&str]| -> Value {
        let own = ["--parts", "kmers", "--learning-curve", "--curve-points", "3", "--no-report"];
        json(&dir, &[&["evaluate"], &cohort[..], &own, more].concat())
    };
    let permuted = evaluate(&["--permute-labels", "2", "--out", "permuted"]);
    for kind in ["repertoires", "depth"] {
        for row in of_kind(&dir, "permuted", kind) {
            let value = number(&row[7]);
            assert!(0.3 < value && value < 0.7, "{row:?}");
        }
    }
    let said = permuted["outlook"][0].as_str().unwrap();
    assert!(said.contains("the curve cannot say"), "{said}");
    evaluate(&["--out", "real"]);
    let real = of_kind(&dir, "real", "repertoires");
    assert!(number(&real.last().unwrap()[7]) > 0.9, "{real:?}");
}

#[test]
fn too_few_repertoires_are_an_error_before_anything_is_trained() {
    let dir = folder();
    small_cohort(&dir, 20, 10);
    let output =
        reperio(&dir, &on_cohort("evaluate", &["--learning-curve", "--out", "out"])).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "8 subjects with label \"sick\" in a training part, expected at least 12 for a learning curve";
    assert!(stderr.contains(expected), "{stderr}");
}

/// Trainings that have begun: each has a folder in that of its point.
fn begun(dir: &TempDir, out: &str) -> usize {
    let points = fs::read_dir(dir.path().join(out).join("checkpoint/curve"));
    points.into_iter().flatten().flatten().map(|point| entries(&point.path())).sum()
}

/// The network alone keeps a state; the moments are in the evaluation, in the first point, in the middle, and at low depth.
#[test]
fn a_killed_curve_resumes_to_the_same_bytes() {
    let dir = folder();
    small_cohort(&dir, 60, 40);
    let quick = ["--parts", "network,genes", "--epochs", "1", "--folds", "3", "--learning-curve"];
    let evaluate = |out: &str, more: &[&str]| {
        let all = [&quick[..], &["--out", out], more].concat();
        reperio(&dir, &on_cohort("evaluate", &all))
    };
    let whole = evaluate("whole", &[]).output().expect("the program starts");
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let expected = run_bytes(&dir, "whole");
    assert!(expected.contains_key("learning_curve.tsv"));
    assert_eq!(begun(&dir, "whole"), 3 * (4 + 3), "three folds; shares, one of them twice; depths");
    for moment in [0, 1, 9, 17] {
        let out = format!("killed{moment}");
        kill_when(evaluate(&out, &[]).stdout(std::process::Stdio::null()), || {
            dir.path().join(&out).join("checkpoint").exists() && begun(&dir, &out) >= moment
        });
        assert!(!dir.path().join(&out).join("metrics.json").exists(), "killed too late");
        let resumed = evaluate(&out, &["--resume"]).output().expect("the program starts");
        assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
        let found = run_bytes(&dir, &out);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, content) in &found {
            assert!(content == &expected[name], "{name} differs, killed at training {moment}");
        }
    }
}

/// `n` repertoires of 40 clonotypes; as many of them as `marked` says of repertoire r have the marks of its class.
fn marked_cohort(dir: &TempDir, n: usize, marked: impl Fn(usize) -> (&'static str, usize, String)) {
    let letter = |i: usize| char::from(b"ACDEFGHIKLMNPQRSTVWY"[i % 20]);
    let mut labels = "repertoire_id\tlabel\n".to_owned();
    for r in 0..n {
        let (mark, marks, label) = marked(r);
        let mut table = HEADER.to_owned();
        for i in 0..40 {
            let middle = if i < marks { mark } else { "GTD" };
            let (a, b, c) = (letter(i + r), letter(i / 20 + 3 * r), letter(7 * i));
            writeln!(table, "TRBV7-2\tTRBJ2-1\tCASS{a}{middle}{b}{c}F\t{}", 1 + i % 4)
                .expect("a string takes everything");
        }
        write(dir, &format!("files/r{r:02}.tsv"), table);
        writeln!(labels, "r{r:02}\t{label}").expect("a string takes everything");
    }
    write(dir, "labels.tsv", labels);
}

/// Measures the curve of a marked cohort by its k-mers; returns what the program said and the points by size.
fn of_kmers(dir: &TempDir, more: &[&str]) -> (Value, Vec<Vec<String>>) {
    let own = ["--parts", "kmers", "--folds", "3", "--learning-curve", "--curve-points", "3"];
    let all = [&own[..], &["--out", "curve"], more].concat();
    let found = json(dir, &on_cohort("evaluate", &all));
    let points = of_kind(dir, "curve", "repertoires");
    assert_eq!(points.len(), 3);
    assert_eq!(of_kind(dir, "curve", "depth").len(), 3);
    let beyond = of_kind(dir, "curve", "extrapolated");
    for row in points.iter().chain(&beyond) {
        let [value, low, high] = [7, 8, 9].map(|at| number(&row[at]));
        assert!(low <= value && value <= high && high <= 1.0, "{row:?}");
    }
    let times: Vec<f64> = beyond.iter().map(|row| number(&row[3])).collect();
    assert!(times.is_sorted() && times.last() == Some(&4.0), "{times:?}");
    let page = fs::read_to_string(dir.path().join("curve/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    assert!(page.contains("how many repertoires are needed"));
    (found, points)
}

/// Each of three diseases has a motif of its own.
#[test]
fn three_classes_have_a_curve_of_the_macro_auc() {
    let dir = folder();
    let classes = [("WWW", "flu"), ("HHH", "lupus"), ("KKK", "none")];
    marked_cohort(&dir, 54, |r| {
        let (mark, class) = classes[r % 3];
        (mark, 12, class.to_owned())
    });
    let (found, points) = of_kmers(&dir, &[]);
    assert!(points.iter().all(|row| row[1] == "macro AUC"), "{points:?}");
    assert_eq!(points[2][4..6], ["36.0", "flu: 12.0, lupus: 12.0, none: 12.0"]);
    assert_eq!(points[0][4..6], ["18.0", "flu: 6.0, lupus: 6.0, none: 6.0"]);
    assert_eq!(Some(number(&points[2][7])), found["targets"][0]["auc"].as_f64());
    assert_eq!(Some(number(&points[2][8])), found["targets"][0]["auc_ci"][0].as_f64());
    assert!(points.iter().all(|row| number(&row[7]) > 0.95), "{points:?}");
}

/// The number grows with the share of clonotypes that have a motif.
#[test]
fn a_number_has_a_curve_of_r2() {
    let dir = folder();
    marked_cohort(&dir, 48, |r| ("WWW", (7 * r) % 30, format!("{}.5", 20 + 2 * ((7 * r) % 30))));
    let (found, points) = of_kmers(&dir, &["--regression", "label"]);
    assert!(points.iter().all(|row| row[1] == "R2" && row[5].is_empty()), "{points:?}");
    let sizes: Vec<f64> = points.iter().map(|row| number(&row[4])).collect();
    assert!(sizes.is_sorted() && sizes[2] == 32.0 && sizes[0] <= 16.0, "{sizes:?}");
    assert_eq!(Some(number(&points[2][7])), found["targets"][0]["pooled"]["r2"].as_f64());
    assert_eq!(Some(number(&points[2][8])), found["targets"][0]["r2_ci"][0].as_f64());
    assert!(number(&points[2][7]) > 0.8, "{points:?}");
    assert!(number(&points[2][7]) > number(&points[0][7]), "more of them tell more: {points:?}");
}
