//! A store after a crash: never one that looks finished, and whole after a rerun.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reperio_data::cohort::CohortError;

use crate::scenario::{Scenario, airr, assert_same_files};

/// A store as a process leaves it that was killed right after its `n`th change of a file.
fn killed_after(
    n: usize,
    before: &BTreeMap<PathBuf, Vec<u8>>,
    after: &BTreeMap<PathBuf, Vec<u8>>,
) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut state = before.clone();
    let manifest = PathBuf::from("cohort/manifest.json");
    let hidden = |path: &Path| {
        path.with_file_name(format!(".{}.new", path.file_name().unwrap().to_str().unwrap()))
    };
    for (path, bytes) in after {
        if before.get(path) != Some(bytes) {
            state.insert(hidden(path), bytes.clone());
        }
    }
    if let Some(old) = state.remove(&manifest) {
        state.insert("cohort/.manifest.previous.json".into(), old);
    }
    let changes: Vec<_> = after.keys().filter(|path| **path != manifest).collect();
    for path in changes.into_iter().rev().take(n) {
        if let Some(bytes) = state.remove(&hidden(path)) {
            state.insert(path.clone(), bytes);
        }
    }
    state
}

#[test]
fn a_kill_between_any_two_renames_is_mended_by_a_rerun() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let before = scenario.store();
    scenario.write("more/a.tsv", &airr(&["CAAAAF"]));
    scenario.write("more/d.tsv", &airr(&["CDDDDF"]));
    scenario.write("more/metadata.csv", "sample,age\na,5\nd,7\n");
    scenario.import(&["more"], None).unwrap();
    let after = scenario.store();
    for n in 0..=after.len() {
        fs::remove_dir_all(scenario.path("cohort")).unwrap();
        for (path, bytes) in killed_after(n, &before, &after) {
            let path = scenario.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let loaded = scenario.load(&["cohort"], None);
        assert!(matches!(loaded, Err(CohortError::NotFinished { .. })), "after {n} renames");
        scenario.import(&["more"], None).unwrap();
        assert_same_files(&scenario.store(), &after, &format!("after {n} renames"));
    }
}

/// A file that cannot be renamed stops an import: whatever it is, the manifest is not there yet.
#[test]
fn the_manifest_comes_last() {
    let whole = Scenario::three();
    whole.import(&["in"], None).unwrap();
    whole.write("in/a.tsv", &airr(&["CAAAAF"]));
    whole.import(&["in"], None).unwrap();
    for name in ["import_report.tsv", "repertoires/a.parquet"] {
        let scenario = Scenario::three();
        scenario.import(&["in"], None).unwrap();
        scenario.write("in/a.tsv", &airr(&["CAAAAF"]));
        let path = scenario.path("cohort").join(name);
        fs::remove_file(&path).unwrap();
        scenario.write(&format!("cohort/{name}/in the way"), "");
        let stopped = scenario.import(&["in"], None);
        assert!(matches!(stopped, Err(CohortError::Write(_))), "{name}: {:?}", stopped.err());
        let loaded = scenario.load(&["cohort"], None);
        assert!(matches!(loaded, Err(CohortError::NotFinished { .. })), "{name}");
        fs::remove_dir_all(&path).unwrap();
        scenario.import(&["in"], None).unwrap();
        assert_same_files(&scenario.store(), &whole.store(), name);
    }
}
