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
    done(
        &dir,
        &[&["score", "--model", "alone.safetensors", "--out", "with.tsv"], &labelled[..]].concat(),
    );
    let columns = ["repertoire_id", "logit", "warnings"];
    let with = rows(&dir.path().join("with.tsv"), &columns);
    for (score, sum) in with.iter().zip(&sums) {
        assert!((number(&score[1]) - number(&sum[1])).abs() < 1e-9, "{score:?} {sum:?}");
        assert!(!score[2].contains("age"), "{score:?}");
    }
    let file = format!("made/repertoires/{}.tsv.gz", with[0][0]);
    done(&dir, &["score", "--model", "run", "--out", "without.tsv", &file]);
    let without = rows(&dir.path().join("without.tsv"), &columns);
    assert_ne!(without[0][1], with[0][1]);
    assert!(without[0][2].contains("no value of age"), "{without:?}");
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
    done(&dir, &["score", "--model", "run", "--out", "scores.tsv", "made/repertoires"]);
    let scored = rows(&dir.path().join("scores.tsv"), &["warnings"]);
    assert!(scored.iter().all(|own| !own[0].contains("age")), "{scored:?}");
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

/// The file of a model with a memory is all that a score needs, and what each covariate adds makes up its share.
#[test]
fn a_memory_is_in_the_model_file_and_its_shares_add_up() {
    let dir = simulated();
    fs::write(dir.path().join("memory.toml"), "[covariates]\nmemory = true\n").unwrap();
    let more = ["--config", "memory.toml", "--covariate", "age", "--out", "run"];
    let trained = json(&dir, &on_made("train", &more));
    let terms = trained["report"]["terms"][0].as_array().unwrap();
    let memory = terms.iter().find(|own| own["name"] == "memory of covariates").unwrap();
    assert!(memory["weight"].as_f64().unwrap() > 0.0, "{memory}");
    fs::copy(dir.path().join("run/model.safetensors"), dir.path().join("alone.safetensors"))
        .unwrap();
    let labelled = ["made/repertoires", "--metadata", "made/metadata.tsv"];
    let score = ["score", "--model", "alone.safetensors", "--out", "scores.tsv"];
    done(&dir, &[&score[..], &labelled[..]].concat());
    done(
        &dir,
        &[&["explain", "--model", "alone.safetensors"], &labelled[..], &["--out", "why"]].concat(),
    );
    let scores = rows(&dir.path().join("scores.tsv"), &["logit"]);
    let columns = ["logit", "bias", "evidence", "evidence_covariates"];
    let sums = rows(&dir.path().join("why/scores.tsv"), &columns);
    let shares = rows(&dir.path().join("why/covariates.tsv"), &["evidence"]);
    let trained = rows(&dir.path().join("run/predictions.tsv"), &["logit"]);
    let number = |text: &String| text.parse::<f64>().unwrap();
    assert_eq!(scores.len(), 100);
    for (((score, sum), share), trained) in scores.iter().zip(&sums).zip(&shares).zip(&trained) {
        let [logit, bias, evidence, covariates] = [0, 1, 2, 3].map(|k| number(&sum[k]));
        assert!((logit - bias - evidence).abs() < 1e-4, "{sum:?}");
        assert!((covariates - number(&share[0])).abs() < 1e-9, "{sum:?} {share:?}");
        assert!((number(&score[0]) - logit).abs() < 1e-9, "{score:?} {sum:?}");
        assert!((number(&trained[0]) - logit).abs() < 1e-9, "the model as it was trained");
    }
}

#[test]
fn wrong_covariates_are_errors() {
    let dir = simulated();
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "sex", "--out", "run"])), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: no column "sex" in the metadata, expected one of: filename, label, age
    "#);
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "label", "--out", "run"])), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: covariate "label" is a target, expected another column
    "#);
    assert_cmd_snapshot!(reperio(&dir, &on_made("train", &["--covariate", "age", "--adjust", "age", "--out", "run"])), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: `covariates` is "age", expected each column once, either in `include` or in `adjust`
    "#);
    assert_cmd_snapshot!(reperio(&dir, &on_made("evaluate", &["--permute-within", "sex", "--out", "run"])), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: no column "sex" in the metadata, expected one of: filename, label, age
    "#);
    assert!(!dir.path().join("run/model.safetensors").exists());
    done(&dir, &on_made("train", &["--covariate", "age", "--out", "model"]));
    fs::write(dir.path().join("old.tsv"), "repertoire_id\tage\nsim001\told\n").unwrap();
    let one = [
        "score",
        "--model",
        "model",
        "made/repertoires/sim001.tsv.gz",
        "--metadata",
        "old.tsv",
        "--out",
        "s.tsv",
    ];
    assert_cmd_snapshot!(reperio(&dir, &one), @r#"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: covariate "age" of repertoire "sim001" is "old", expected a number
    "#);
}
