//! Every target on its corpus, and on what fuzzing once found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What a folder holds, sorted; nothing if it is not there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().expect("an entry has a name").to_string_lossy().into_owned()
}

#[test]
fn every_target_takes_its_corpus_and_what_was_once_found() {
    for target in reperio_fuzz::names() {
        let [corpus, found] =
            ["corpus", "found"].map(|folder| entries(&Path::new(HERE).join(folder).join(target)));
        println!("{target:18} {:3} of the corpus, {:3} once found", corpus.len(), found.len());
        assert!(!corpus.is_empty(), "no corpus of {target}");
        for path in corpus.iter().chain(&found) {
            let bytes = fs::read(path).unwrap();
            assert!(bytes.len() <= 8 << 10, "{} has {} bytes", path.display(), bytes.len());
            let result = std::panic::catch_unwind(|| reperio_fuzz::run(target, &bytes));
            assert!(result.is_ok(), "{target} fails on {}", path.display());
        }
    }
}

#[test]
fn every_folder_belongs_to_a_target() {
    let targets: BTreeSet<String> = reperio_fuzz::names().into_iter().map(str::to_owned).collect();
    for folder in ["corpus", "found"] {
        for path in entries(&Path::new(HERE).join(folder)) {
            assert!(targets.contains(&name(&path)), "{} has no target", path.display());
        }
    }
}

/// With `REPERIO_WRITE_SEEDS=1` they become the committed ones.
#[test]
fn every_target_takes_what_the_library_writes_today() {
    let write = std::env::var_os("REPERIO_WRITE_SEEDS").is_some();
    for (target, name, bytes) in reperio_fuzz::seeds::all() {
        if write {
            let folder = Path::new(HERE).join("corpus").join(target);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(&name), &bytes).unwrap();
        }
        println!("{target} {name} {}", bytes.len());
        reperio_fuzz::run(target, &bytes);
    }
}
