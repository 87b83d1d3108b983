//! Pages beside the tables of commands.

use std::fs;

use tempfile::TempDir;

use crate::support::{HEADER, done, folder, json, on_cohort, reperio, rows, small_cohort, write};

#[test]
fn a_page_is_made_again_from_the_tables_alone() {
    let dir = folder();
    small_cohort(&dir, 12, 60);
    let quick = ["--epochs", "2", "--parts", "network,kmers,genes"];
    done(&dir, &on_cohort("train", &[&quick[..], &["--out", "run"]].concat()));
    done(&dir, &on_cohort("evaluate", &[&quick[..], &["--folds", "2", "--out", "test"]].concat()));
    fs::remove_dir_all(dir.path().join("files")).unwrap();
    for run in ["run", "test"] {
        let path = dir.path().join(run).join("report.html");
        let page = fs::read_to_string(&path).expect("a page beside the tables");
        assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
        fs::remove_file(&path).unwrap();
        let printed = done(&dir, &["report", run]);
        assert_eq!(printed.trim_end(), format!("{run}/report.html"));
        assert_eq!(fs::read_to_string(&path).unwrap(), page, "the same bytes");
    }
    let output = reperio(&dir, &["report", "."]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("no config.toml"), "{stderr}");
}

#[test]
fn no_report_writes_tables_only() {
    let dir = folder();
    small_cohort(&dir, 8, 30);
    let quick = ["--epochs", "1", "--parts", "genes", "--no-report"];
    done(&dir, &on_cohort("train", &[&quick[..], &["--out", "run"]].concat()));
    assert!(dir.path().join("run/metrics.json").exists());
    assert!(!dir.path().join("run/report.html").exists());
}

#[test]
fn scores_and_explanations_have_pages_that_are_made_again() {
    let dir = folder();
    small_cohort(&dir, 12, 60);
    let quick = ["--epochs", "2", "--parts", "network,kmers,genes", "--out", "run"];
    done(&dir, &on_cohort("train", &quick));
    done(&dir, &["score", "--model", "run", "files", "--out", "scores.tsv"]);
    done(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    done(&dir, &["explain", "--model", "run", "files/r01.tsv", "--out", "one"]);
    let pages =
        ["scores.html", "why/report.html", "why/repertoires/r01/report.html", "one/report.html"];
    let read = |path: &str| fs::read_to_string(dir.path().join(path)).expect(path);
    let first = pages.map(read);
    for page in &first {
        assert_eq!(reperio_report::well_formed::problems(page), [""; 0]);
    }
    assert!(first[1].contains("href=\"repertoires/r01/report.html\""));
    for page in pages {
        fs::remove_file(dir.path().join(page)).unwrap();
    }
    fs::remove_dir_all(dir.path().join("files")).unwrap();
    fs::remove_dir_all(dir.path().join("run")).unwrap();
    done(&dir, &["report", "scores.tsv", "why", "one"]);
    assert!(pages.map(read) == first, "the same bytes");

    // The figure's numbers are those of the tables.
    let table = dir.path().join("why/scores.tsv");
    let header = fs::read_to_string(&table).unwrap();
    let header = header.lines().next().unwrap();
    let parts = header.split('\t').filter(|name| name.starts_with("evidence_"));
    let columns: Vec<&str> = ["logit", "bias"].into_iter().chain(parts).collect();
    for row in rows(&table, &columns) {
        let known: Vec<f64> = row.iter().filter_map(|field| field.parse().ok()).collect();
        let [logit, parts @ ..] = &known[..] else { panic!("no logit in {row:?}") };
        assert!((logit - parts.iter().sum::<f64>()).abs() < 1e-4, "{row:?}");
    }
    let columns = ["evidence_kmers", "residues_kmers", "junction_aa"];
    let table = dir.path().join("one/repertoires/r01/sequences.tsv.gz");
    for row in rows(&table, &columns) {
        let residues: Vec<f64> = row[1].split(' ').map(|field| field.parse().unwrap()).collect();
        assert_eq!(residues.len(), row[2].len());
        let evidence: f64 = row[0].parse().unwrap();
        assert!((residues.iter().sum::<f64>() - evidence).abs() < 1e-4, "{row:?}");
    }
}

#[test]
fn residues_share_the_evidence_of_the_network() {
    let dir = folder();
    small_cohort(&dir, 8, 60);
    done(&dir, &on_cohort("train", &["--epochs", "2", "--parts", "network", "--out", "run"]));
    done(&dir, &["explain", "--model", "run", "files/r01.tsv", "--out", "one"]);
    let columns = ["evidence_network", "residues_network", "residues_network_rest", "junction_aa"];
    let all = rows(&dir.path().join("one/repertoires/r01/sequences.tsv.gz"), &columns);
    assert!(all.len() > 30, "{} clonotypes", all.len());
    let (first, others) = all.split_at(30);
    for row in first {
        let residues: Vec<f64> = row[1].split(' ').map(|field| field.parse().unwrap()).collect();
        assert_eq!(residues.len(), row[3].len());
        let [evidence, rest] = [0, 2].map(|at| row[at].parse::<f64>().unwrap());
        let sum = rest + residues.iter().sum::<f64>();
        assert!((sum - evidence).abs() < 1e-6, "{sum}: {row:?}");
    }
    assert!(first.iter().any(|row| row[1].split(' ').any(|own| own != "0.000000000")));
    assert!(others.iter().all(|row| row[1].is_empty() && row[2].is_empty()), "{others:?}");
    let page = fs::read_to_string(dir.path().join("one/report.html")).unwrap();
    assert!(page.contains("evidence from the network: blue for, orange against."));
    assert!(page.contains("<span class=\"residues\">") && page.contains("network rest"));
}

#[test]
fn a_damaged_table_is_named() {
    let dir = folder();
    small_cohort(&dir, 8, 30);
    done(&dir, &on_cohort("train", &["--epochs", "1", "--parts", "kmers", "--out", "run"]));
    done(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    done(&dir, &["score", "--model", "run", "files", "--out", "scores.tsv"]);
    let refused = |name: &str, text: &str| {
        let path = dir.path().join(name);
        let old = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let folder = name.split('/').next().unwrap();
        let output = reperio(&dir, &["report", folder]).output().unwrap();
        fs::write(&path, old).unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        String::from_utf8(output.stderr).unwrap()
    };
    insta::assert_snapshot!(refused("why/scores.tsv", "repertoire_id\toutput\nr00\tsick\n"), @"error: why/scores.tsv: no column `logit`");
    insta::assert_snapshot!(refused("why/scores.tsv", ""), @"error: why/scores.tsv: no column `repertoire_id`");
    insta::assert_snapshot!(refused("why/explanation.json", "{"), @"error: why/explanation.json: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(refused("why/repertoires/r01/sequences.tsv.gz", "junction_aa\n"), @"error: why/repertoires/r01/sequences.tsv.gz: invalid gzip header");
    insta::assert_snapshot!(refused("why/repertoires/r01/attention.tsv", "clonotypes\nmany\n"), @r#"error: why/repertoires/r01/attention.tsv: line 2: `clonotypes` is "many", expected a number"#);
    insta::assert_snapshot!(refused("run/sequences.tsv.gz", "junction_aa\n"), @"error: run/sequences.tsv.gz: invalid gzip header");
    insta::assert_snapshot!(refused("run/metrics.json", "[]"), @"error: run/metrics.json: invalid type: sequence, expected struct Training at line 1 column 0");
    insta::assert_snapshot!(refused("scores.tsv", "repertoire_id\twarnings\n"), @"error: scores.tsv: no column `prediction_set`, expected a table that `score` wrote");
}

/// Repertoires of which the sick ones are twice as deep, and nothing else.
fn deep_cohort(dir: &TempDir) {
    let mut labels = "repertoire_id\tlabel\tbatch\n".to_owned();
    let mut state = 1_u32;
    let mut next = |n: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % n
    };
    for r in 0..30 {
        let sick = r % 2 == 1;
        let mut table = HEADER.to_owned();
        for _ in 0..if sick { 120 } else { 60 } {
            let mut letter = || char::from(b"ACDEFGHIKLMNPQRSTVWY"[next(20)]);
            let middle: String = (0..5).map(|_| letter()).collect();
            table.extend([format!("TRBV7-{}\tTRBJ2-1\tCASS{middle}F\t1\n", 2 + next(2))]);
        }
        write(dir, &format!("files/r{r:02}.tsv"), table);
        let label = if sick { "sick" } else { "well" };
        labels.extend([format!("r{r:02}\t{label}\t{}\n", ["a", "b"][next(2)])]);
    }
    write(dir, "labels.tsv", labels);
}

#[test]
fn a_description_says_what_predicts_the_labels_without_sequences() {
    let dir = folder();
    deep_cohort(&dir);
    let cohort = ["describe", "files", "--metadata", "labels.tsv", "--target", "label"];
    let found = json(&dir, &cohort);
    let sources = found["confounders"][0]["sources"].as_array().unwrap();
    let named: Vec<(&str, bool)> = sources
        .iter()
        .map(|own| (own["name"].as_str().unwrap(), own["confounds"].as_bool().unwrap()))
        .collect();
    let expected =
        [("depth", true), ("V/J usage", false), ("junction lengths", false), ("batch", false)];
    assert_eq!(named, expected);
    let printed = done(&dir, &[&cohort[..], &["--out", "described"]].concat());
    let verdict = "label can be predicted from depth alone (AUC 1.000): check whether the classes were sequenced alike.";
    assert!(printed.contains(verdict), "{printed}");
    let page = fs::read_to_string(dir.path().join("described/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    assert!(page.contains(verdict));
    fs::remove_dir_all(dir.path().join("files")).unwrap();
    done(&dir, &["report", "described"]);
    assert_eq!(fs::read_to_string(dir.path().join("described/report.html")).unwrap(), page);
}

#[test]
fn a_cohort_without_labels_is_described_too() {
    let dir = folder();
    deep_cohort(&dir);
    done(&dir, &["describe", "files", "--out", "described"]);
    let page = fs::read_to_string(dir.path().join("described/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    assert!(page.contains("No target was given"));
}

#[test]
fn classes_have_subjects_and_clonality() {
    let dir = folder();
    small_cohort(&dir, 12, 40);
    let cohort = ["describe", "files", "--metadata", "labels.tsv", "--target", "label"];
    done(&dir, &[&cohort[..], &["--out", "described"]].concat());
    let found =
        rows(&dir.path().join("described/classes.tsv"), &["class", "repertoires", "subjects"]);
    assert_eq!(found, [["sick", "6", "6"], ["well", "6", "6"]]);
    let own = rows(&dir.path().join("described/repertoires.tsv"), &["clonality"]);
    assert!(own.iter().all(|row| (0.0..0.1).contains(&row[0].parse::<f64>().unwrap())), "{own:?}");
    let page = fs::read_to_string(dir.path().join("described/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    assert!(page.contains("id=\"clonality\"") && page.contains("subjects"));
    // A folder of before has no such tables, and a page all the same.
    for name in ["classes.tsv", "batch_effects.tsv"] {
        fs::remove_file(dir.path().join("described").join(name)).unwrap();
    }
    done(&dir, &["report", "described"]);
}

/// A folder stands where the page is to be written.
#[test]
fn a_page_that_cannot_be_made_costs_no_result() {
    let dir = folder();
    small_cohort(&dir, 8, 30);
    let failed = |arguments: &[&str]| {
        let output = reperio(&dir, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let block = |page: &str| {
        let _ = fs::remove_file(dir.path().join(page));
        fs::create_dir_all(dir.path().join(page)).unwrap();
    };
    let quick = ["--parts", "genes", "--out"];
    for (command, last) in [("train", "model.safetensors"), ("evaluate", "metrics.json")] {
        let folds: &[&str] = if command == "evaluate" { &["--folds", "2"] } else { &[] };
        let arguments = on_cohort(command, &[&quick[..], &[command], folds].concat());
        done(&dir, &arguments);
        let path = dir.path().join(command);
        fs::remove_file(path.join(last)).unwrap();
        block(&format!("{command}/report.html"));
        let message = failed(&[&arguments[..], &["--resume"]].concat());
        let says = format!(
            "error: {command} holds all results, and only their page is missing: `reperio report {command}` makes it"
        );
        assert!(message.contains(&says), "{message}");
        assert!(path.join(last).exists() && path.join("metrics.json").exists(), "{command}");
        fs::remove_dir(path.join("report.html")).unwrap();
        done(&dir, &["report", command]);
        assert!(path.join("report.html").is_file());
    }
    block("why/repertoires/r00/report.html");
    let message = failed(&["explain", "--model", "train", "files", "--out", "why"]);
    assert!(message.contains("why holds all results"), "{message}");
    for name in ["scores.tsv", "sequences.tsv.gz", "explanation.json"] {
        assert!(dir.path().join("why").join(name).exists(), "{name}");
    }
    fs::remove_dir(dir.path().join("why/repertoires/r00/report.html")).unwrap();
    done(&dir, &["report", "why"]);
}

#[test]
fn a_folder_of_an_earlier_version_is_told_so() {
    let dir = folder();
    small_cohort(&dir, 8, 30);
    done(&dir, &on_cohort("train", &["--parts", "genes", "--out", "run"]));
    let path = dir.path().join("run/metrics.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut metrics: serde_json::Value = serde_json::from_str(&text).unwrap();
    metrics.as_object_mut().unwrap().remove("labels").unwrap();
    fs::write(&path, metrics.to_string()).unwrap();
    let output = reperio(&dir, &["report", "run"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: run/metrics.json: no `labels`: Reperio "), "{stderr}");
    let end = "did not write it, or the file is damaged: run the command again\n";
    assert!(stderr.ends_with(end), "{stderr}");
}
