//! Pages beside the tables of commands.

use std::fs;

use crate::support::{done, folder, on_cohort, reperio, small_cohort};

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
