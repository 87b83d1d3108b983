//! The whole way on small cohorts: from files to evidence.

use std::fs;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::{bytes, done, folder, json, reperio, rows, small_cohort};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/tiny");

/// Imports the committed cohort into `cohort`.
fn tiny() -> TempDir {
    let dir = folder();
    let (files, labels) = (format!("{TINY}/repertoires"), format!("{TINY}/metadata.tsv"));
    done(&dir, &["import", &files, "--metadata", &labels, "--out", "cohort"]);
    dir
}

fn train(dir: &TempDir, out: &str, more: &[&str]) {
    let command = ["train", "--cohort", "cohort", "--target", "label", "--out", out];
    done(dir, &[&command, more].concat());
}

#[test]
fn a_file_says_how_it_is_read_before_and_after() {
    let dir = folder();
    let table = "sequence_id\tjunction_aa\tv_call\tj_call\tumi_count\tduplicate_count\n\
        a\tCASSYEQYF\tTRBV9\tTRBJ2-7\t2\t9\nb\tCASSLYEQYF\tTRBV9\tTRBJ2-7\t1\t4\n";
    fs::write(dir.path().join("a.tsv"), table).unwrap();
    let preview = json(&dir, &["describe", "--columns", "a.tsv"]);
    let reading = &preview["files"][0]["reading"];
    assert_eq!(reading["count_unit"], "molecules");
    assert_eq!(reading["columns"][3]["column"], "umi_count");
    let not_read = serde_json::json!(["sequence_id", "duplicate_count"]);
    assert_eq!(preview["files"][0]["not_read"], not_read);
    let imported = json(&dir, &["import", "a.tsv", "--out", "cohort"]);
    assert_eq!(&imported["repertoires"][0]["reading"], reading);
    let again = json(&dir, &["import", "a.tsv", "--out", "cohort"]);
    assert_eq!(again["repertoires"][0]["unchanged"], true);
    assert_eq!(&again["repertoires"][0]["reading"], reading);
}

#[test]
fn import_accounts_for_every_row() {
    let dir = folder();
    small_cohort(&dir, 4, 50);
    let path = dir.path().join("files/r00.tsv");
    let whole = fs::read_to_string(&path).unwrap();
    let row = |junction_aa: &str, count: u32| format!("TRBV9\tTRBJ2-3\t{junction_aa}\t{count}\n");
    let dirt = [row("CASS*TQYF", 3), row("CASSXTQYF", 1), row("", 2), row("CASSLTQYF", 0)];
    fs::write(&path, whole + &dirt.concat()).unwrap();
    let found = json(&dir, &["import", "files", "--metadata", "labels.tsv", "--out", "cohort"]);
    assert_eq!(found["in_cohort"], 4);
    let described = json(&dir, &["describe", "cohort"]);
    let dropped = serde_json::json!({
        "stop_codon": 1, "missing_junction": 1, "ambiguous": 1, "zero_count": 1
    });
    for (i, repertoire) in described["repertoires"].as_array().unwrap().iter().enumerate() {
        let (rows, dropped) =
            if i == 0 { (54, dropped.clone()) } else { (50, serde_json::json!({})) };
        assert_eq!(
            (&repertoire["rows"], &repertoire["kept"], &repertoire["dropped"]),
            (&rows.into(), &50.into(), &dropped)
        );
    }
    assert_eq!(described["metadata"]["label"]["sick"], 2);
}

#[test]
fn a_planted_motif_is_learned_and_permuted_labels_are_not() {
    let dir = folder();
    let motif = ["--motif", "WNDR", "--witness-rate", "0.02"];
    let size = ["--repertoires", "60", "--clonotypes", "300"];
    done(&dir, &[&["simulate", "--out", "made"], &motif[..], &size].concat());
    let labels = ["--metadata", "made/metadata.tsv", "--out", "cohort"];
    done(&dir, &[&["import", "made/repertoires"], &labels[..]].concat());
    let evaluate = ["evaluate", "--cohort", "cohort", "--target", "label", "--folds", "3", "--out"];
    let real = json(&dir, &[&evaluate[..], &["real"]].concat());
    assert!(real["auc"].as_f64().unwrap() > 0.95, "{real}");
    assert_eq!(real["fold_auc"].as_array().unwrap().len(), 3);
    assert!(real["seconds"].as_f64().unwrap() > 0.0);
    let seeds = ["1", "2", "3"];
    let control = seeds.map(|seed| {
        let out = format!("control{seed}");
        let more = [&out, "--permute-labels", seed];
        json(&dir, &[&evaluate[..], &more].concat())["auc"].as_f64().unwrap()
    });
    let mean = control.iter().sum::<f64>() / seeds.len() as f64;
    assert!((mean - 0.5).abs() < 0.17, "{control:?}");
    let splits = [&evaluate[..5], &["--splits", "real/splits.tsv", "--out", "again"]].concat();
    assert_eq!(json(&dir, &splits)["auc"], real["auc"]);
}

#[test]
fn thread_count_and_company_change_no_bit() {
    let dir = tiny();
    // With all parts the network may train no epoch.
    for (name, parts) in [("network", &["--parts", "network"][..]), ("all", &[])] {
        let model = |threads: &str| {
            let out = format!("{name}{threads}");
            train(&dir, &out, &[&["--threads", threads, "--epochs", "3"], parts].concat());
            fs::read(dir.path().join(out).join("model.safetensors")).unwrap()
        };
        let one = model("1");
        for threads in ["2", "3"] {
            assert!(model(threads) == one, "{name}, {threads} threads");
        }
    }
    // The model file alone reproduces the run's predictions, in a batch and one by one.
    fs::copy(dir.path().join("all1/model.safetensors"), dir.path().join("m.safetensors")).unwrap();
    done(&dir, &["score", "--model", "m.safetensors", "cohort", "--out", "all.tsv"]);
    let predictions = rows(&dir.path().join("all1/predictions.tsv"), &["repertoire_id", "logit"]);
    let all = rows(&dir.path().join("all.tsv"), &["repertoire_id", "logit"]);
    assert_eq!(all, predictions);
    for one in all.iter().take(3) {
        let file = format!("{TINY}/repertoires/{}.tsv.gz", one[0]);
        let score = ["score", "--model", "m.safetensors", &file, "--out", "single.tsv"];
        done(&dir, &[&score[..], &["--overwrite"]].concat());
        assert_eq!(rows(&dir.path().join("single.tsv"), &["repertoire_id", "logit"])[0], *one);
    }
}

#[test]
fn evidences_and_one_bias_are_the_logits() {
    let dir = tiny();
    train(&dir, "run", &[]);
    done(&dir, &["score", "--model", "run", "cohort", "--out", "scores.tsv"]);
    let found = json(&dir, &["explain", "--model", "run", "cohort", "--top", "0", "--out", "why"]);
    assert!(found["largest_difference"].as_f64().unwrap() < 1e-4);
    let first = &found["sequences"][0];
    assert_eq!(first["negative_carriers"], 0, "{first}");
    let number = |text: &String| text.parse::<f64>().unwrap();
    let mut biases = Vec::new();
    for score in rows(&dir.path().join("scores.tsv"), &["repertoire_id", "logit"]) {
        let path = dir.path().join("why/repertoires").join(&score[0]).join("sequences.tsv.gz");
        let evidences = rows(&path, &["evidence"]);
        biases.push(number(&score[1]) - evidences.iter().map(|row| number(&row[0])).sum::<f64>());
    }
    assert_eq!(biases.len(), fs::read_dir(format!("{TINY}/repertoires")).unwrap().count());
    for bias in &biases {
        assert!((bias - biases[0]).abs() < 1e-4, "{biases:?}");
    }
    for sum in rows(&dir.path().join("why/scores.tsv"), &["logit", "bias", "evidence"]) {
        let [logit, bias, evidence] = [0, 1, 2].map(|at| number(&sum[at]));
        assert!((logit - bias - evidence).abs() < 1e-4, "{sum:?}");
        assert!((bias - biases[0]).abs() < 1e-4, "{sum:?}");
    }
    let explain = ["explain", "--model", "run", "cohort", "--out", "why"];
    assert!(!reperio(&dir, &explain).status().unwrap().success(), "a finished ranking is kept");
}

#[test]
fn heads_are_counted_as_their_attentions_say() {
    let dir = tiny();
    train(&dir, "run", &["--parts", "network"]);
    let found = json(&dir, &["explain", "--model", "run", "cohort", "--top", "0", "--out", "why"]);
    heads_are_counted(&dir, &found);
}

/// The rows of `heads.tsv` are what the attentions of the rankings say.
fn heads_are_counted(dir: &TempDir, found: &serde_json::Value) {
    let columns = ["repertoire_id", "attention", "clonotypes", "sequences_90", "operating_class"];
    let heads = rows(&dir.path().join("why/heads.tsv"), &columns);
    let repertoires = fs::read_dir(format!("{TINY}/repertoires")).expect("a folder").count();
    assert_eq!(heads.len(), repertoires * found["heads"].as_array().expect("heads").len());
    for head in heads {
        let path = dir.path().join("why/repertoires").join(&head[0]).join("sequences.tsv.gz");
        let mut attention: Vec<f64> =
            rows(&path, &[&head[1]]).iter().map(|row| row[0].parse().expect("a number")).collect();
        assert_eq!(attention.len().to_string(), head[2]);
        attention.sort_by(|a, b| b.total_cmp(a));
        let reaches = |n: usize| attention[..n].iter().sum::<f64>();
        let n: usize = head[3].parse().expect("a count");
        assert!(reaches(n) > 0.9 - 1e-5 && reaches(n - 1) < 0.9 + 1e-5, "{head:?}");
        let expected = match n as f64 / attention.len() as f64 {
            share if share > 0.5 => "I",
            share if share > 0.125 => "II",
            share if share > 1.0 / 32.0 => "III",
            _ => "IV",
        };
        assert_eq!(head[4], expected, "{head:?}");
    }
}

#[test]
fn classes_numbers_and_two_targets_with_missing_labels_train() {
    let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/simulate");
    let cases: [(&str, &[&str], &[&str]); 3] = [
        ("four-classes", &["class"], &["logit_a", "probability_b", "class"]),
        ("regression", &["load"], &["value"]),
        (
            "two-targets",
            &["label", "second"],
            &["label.logit", "second.probability", "label.class"],
        ),
    ];
    for (name, targets, columns) in cases {
        let dir = folder();
        let config = format!("{configs}/{name}.toml");
        let size = ["--repertoires", "48", "--clonotypes", "150"];
        done(&dir, &[&["simulate", "--config", &config, "--out", "made"], &size[..]].concat());
        let labels = ["--metadata", "made/metadata.tsv"];
        let mut command = vec!["train", "--cohort", "made/repertoires", "--out", "run"];
        command.extend(targets.iter().flat_map(|target| ["--target", target]));
        done(&dir, &[&command[..], &labels, &["--epochs", "2"]].concat());
        done(&dir, &["score", "--model", "run", "made/repertoires", "--out", "scores.tsv"]);
        let found = rows(&dir.path().join("scores.tsv"), columns);
        assert_eq!(found.len(), 48, "{name}");
        assert!(found.iter().flatten().all(|cell| !cell.is_empty()), "{name}");
        let explain = ["explain", "--model", "run", "made/repertoires", "--out", "why"];
        done(&dir, &[&explain[..], &["--top", "5"]].concat());
    }
}

#[test]
fn the_same_simulation_has_the_same_bytes() {
    let dir = folder();
    let simulate = ["simulate", "--repertoires", "6", "--clonotypes", "100", "--motif", "GL-N"];
    done(&dir, &[&simulate[..], &["--out", "a", "--threads", "1"]].concat());
    done(&dir, &[&simulate[..], &["--out", "b", "--threads", "3"]].concat());
    assert_eq!(bytes(&dir.path().join("a")), bytes(&dir.path().join("b")));
}

#[test]
fn a_generator_is_fitted_and_compared() {
    let dir = folder();
    for (name, seed) in [("a", "1"), ("b", "2")] {
        let size = ["--repertoires", "3", "--clonotypes", "300", "--seed", seed];
        done(&dir, &[&["simulate", "--out", name], &size[..]].concat());
    }
    let found =
        json(&dir, &["fit-generator", "a/repertoires", "b/repertoires", "--out", "g.json.gz"]);
    assert!(!found["comparisons"].as_array().unwrap().is_empty());
    done(&dir, &["simulate", "--generator", "g.json.gz", "--repertoires", "2", "--out", "c"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let dir = folder();
    small_cohort(&dir, 2, 20);
    let mut command = reperio(&dir, &["describe", "files", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn the_cpu_is_always_among_the_devices() {
    let found = json(&folder(), &["devices"]);
    assert_eq!(found["devices"][0]["device"], "cpu");
    let names: Vec<_> =
        found["devices"].as_array().unwrap().iter().map(|one| &one["device"]).collect();
    assert!(names.contains(&&found["auto"]), "{found}");
}
