//! Columns of the metadata beside the repertoires: as a part of the model, and removed.

use std::fs;

use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::support::{done, folder, json, reperio, rows};

/// Simulates a small cohort in which age goes with the label.
fn simulated() -> TempDir {
    let dir = folder();
    let config =
        format!("{}/../../configs/simulate/age-confounded.toml", env!("CARGO_MANIFEST_DIR"));
    let size = ["--repertoires", "100", "--clonotypes", "200", "--out", "made"];
    done(&dir, &[&["simulate", "--config", &config], &size[..]].concat());
    dir
}

/// The arguments of a `command` on the simulated cohort.
fn on_made<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let cohort = ["--cohort", "made/repertoires", "--metadata", "made/metadata.tsv"];
    [&[command], &cohort[..], &["--target", "label", "--parts", "genes"], more].concat()
}

/// A model with a covariate needs it to score: what it adds stands in a row of its own, logits are still sums, and a score without
/// it says so.
#[test]
fn a_covariate_is_a_row_of_the_evidence_and_scores_need_it() {
    let dir = simulated();
    done(&dir, &on_made("train", &["--covariate", "age", "--out", "run"]));
    let labelled = ["made/repertoires", "--metadata", "made/metadata.tsv"];
    done(&dir, &[&["explain", "--model", "run"], &labelled[..], &["--out", "why"]].concat());
    let shares = rows(
        &dir.path().join("why/covariates.tsv"),
        &["repertoire_id", "covariate", "value", "evidence"],
    );
    let sums = rows(
        &dir.path().join("why/scores.tsv"),
        &["repertoire_id", "logit", "bias", "evidence", "evidence_covariates"],
    );
    assert_eq!((shares.len(), sums.len()), (100, 100));
    let number = |text: &String| text.parse::<f64>().unwrap();
    let ages: Vec<(f64, f64)> =
        shares.iter().map(|row| (number(&row[2]), number(&row[3]))).collect();
    for (sum, share) in sums.iter().zip(&shares) {
        assert_eq!((&sum[0], &share[1]), (&share[0], &"age".to_owned()));
        assert!((number(&sum[4]) - number(&share[3])).abs() < 1e-9, "{sum:?} {share:?}");
        assert!((number(&sum[1]) - number(&sum[2]) - number(&sum[3])).abs() < 1e-4, "{sum:?}");
    }
    let older = ages.iter().filter(|(age, _)| *age > 60.0).all(|(_, evidence)| *evidence > 0.0);
    assert!(older, "age counts for the label: {ages:?}");

    // The model file alone, and a repertoire without its row.
    fs::copy(dir.path().join("run/model.safetensors"), dir.path().join("alone.safetensors"))
        .unwrap();
    let with = json(&dir, &[&["score", "--model", "alone.safetensors"], &labelled[..]].concat());
    assert_eq!(with["scores"].as_array().map(Vec::len), Some(100), "{with}");
    let first = &with["scores"][0];
    let logit = first["targets"][0]["logits"][0].as_f64().unwrap();
    assert!((logit - number(&sums[0][1])).abs() < 1e-9);
    let id = first["repertoire_id"].as_str().unwrap();
    let file = format!("made/repertoires/{id}.tsv.gz");
    let without = json(&dir, &["score", "--model", "run", &file]);
    let own = &without["scores"][0];
    assert_ne!(own["targets"][0]["logits"][0], first["targets"][0]["logits"][0]);
    assert!(own["warnings"][0].as_str().unwrap().contains("no value of age"), "{own}");
}

#[test]
fn an_adjusted_model_knows_no_covariate_and_says_what_it_was_adjusted_for() {
    let dir = simulated();
    let trained = json(&dir, &on_made("train", &["--adjust", "age", "--out", "run"]));
    let adjustment = &trained["report"]["adjustments"][0];
    assert_eq!(adjustment["covariates"][0], "age");
    assert!(adjustment["explained"].as_f64().is_some_and(|auc| auc > 0.7), "{adjustment}");
    let config = fs::read_to_string(dir.path().join("run/config.toml")).unwrap();
    assert!(config.contains("[covariates]\ninclude = []\nadjust = [\"age\"]"), "{config}");
    let scored = json(&dir, &["score", "--model", "run", "made/repertoires"]);
    let warnings = scored["scores"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|own| own["warnings"].as_array().unwrap());
    assert!(warnings.filter(|own| own.as_str().unwrap().contains("age")).count() == 0, "{scored}");
    // A control whose labels go with the age as before.
    let control = [
        "--adjust",
        "age",
        "--permute-labels",
        "--permute-within",
        "age",
        "--folds",
        "2",
        "--out",
        "control",
    ];
    let found = json(&dir, &on_made("evaluate", &control));
    assert_eq!(found["repertoires"], 100);
}

#[test]
fn wrong_covariates_are_errors() {
    let dir = simulated();
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "sex", "--out", "run"])), @"");
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "label", "--out", "run"])), @"");
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "age", "--adjust", "age", "--out", "run"])), @"");
    assert_cmd_snapshot!(reperio(&dir, &on_made("evaluate", &["--permute-within", "sex", "--out", "run"])), @"");
    assert!(!dir.path().join("run/model.safetensors").exists());
    done(&dir, &on_made("train", &["--covariate", "age", "--out", "run"]));
    fs::write(dir.path().join("old.tsv"), "repertoire_id\tage\nsim001\told\n").unwrap();
    let one =
        ["score", "--model", "run", "made/repertoires/sim001.tsv.gz", "--metadata", "old.tsv"];
    assert_cmd_snapshot!(reperio(&dir, &one), @"");
}
