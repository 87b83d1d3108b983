//! `reperio evaluate --learning-curve`: how many repertoires are needed, and how deep.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{bytes, done, folder, json, on_cohort, reperio, rows, small_cohort};

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
