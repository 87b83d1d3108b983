use std::fs;

use reperio_data::progress::Observer;
use tempfile::TempDir;

use super::*;
use crate::engine::{Failure, Report, Work};

/// Takes every file that begins with `model`.
struct Words;

impl Engine for Words {
    fn describe(&self, file: &Path) -> Result<Description, String> {
        let text = fs::read_to_string(file).unwrap();
        if !text.starts_with("model") {
            return Err(format!("{} is no model", file.display()));
        }
        Ok(Description { targets: Vec::new(), trained_on: text.len() })
    }

    fn run(&self, _: &Work, _: Arc<dyn Observer + Send + Sync>) -> Result<Report, Failure> {
        Err(Failure::Interrupted)
    }
}

struct Fixture {
    dir: TempDir,
    models: Models,
    now: Millis,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["models", "copies"].map(|name| dir.path().join(name));
        for folder in &folders {
            fs::create_dir(folder).unwrap();
        }
        let [folder, copies] = folders;
        Self { dir, models: Models::new(folder, copies, Arc::new(Words)), now: 0 }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join("models").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Looks after a while.
    fn look(&mut self) -> Vec<Offer> {
        self.now += 2 * LOOK_EVERY;
        self.models.look(self.now).unwrap().0
    }
}

#[test]
fn files_and_run_folders_are_offered_by_name() {
    let mut fixture = Fixture::new();
    fixture.write("demo.safetensors", "model");
    fixture.write("run/model.safetensors", "model of a run");
    fixture.write("run/held_out.tsv", "repertoire_id\n");
    fixture.write("notes.txt", "model");
    fixture.write("a b.safetensors", "model");
    let offers = fixture.look();
    let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    assert_eq!(names, ["demo", "run"]);
    let copy = fixture.models.copy(&offers[1].sha256);
    assert_eq!(fs::read_to_string(copy.join(MODEL)).unwrap(), "model of a run");
    assert!(copy.join(HELD_OUT).is_file());
    assert_eq!(offers[1].trained_on, 14);
}

#[test]
fn a_changed_model_is_offered_and_the_old_copy_stays_while_it_is_used() {
    let mut fixture = Fixture::new();
    fixture.write("demo.safetensors", "model");
    let old = fixture.look().remove(0).sha256;
    fixture.write("demo.safetensors", "model, longer");
    let new = fixture.look().remove(0).sha256;
    assert_ne!(old, new);
    fixture.models.sweep(std::slice::from_ref(&old)).unwrap();
    assert!(fixture.models.copy(&old).is_dir() && fixture.models.copy(&new).is_dir());
    fixture.models.sweep(&[]).unwrap();
    assert!(!fixture.models.copy(&old).is_dir() && fixture.models.copy(&new).is_dir());
}

#[test]
fn a_file_that_is_no_model_says_why_and_does_not_replace_one_that_is() {
    let mut fixture = Fixture::new();
    fixture.write("demo.safetensors", "half");
    let offer = fixture.look().remove(0);
    assert_eq!((offer.error.as_deref(), offer.sha256.as_str()), (Some("demo is no model"), ""));
    fixture.write("demo.safetensors", "model");
    let good = fixture.look().remove(0);
    assert_eq!(good.error, None);
    fixture.write("demo.safetensors", "broken again");
    let kept = fixture.look().remove(0);
    assert_eq!((kept.sha256, kept.error.is_some()), (good.sha256, true));
    fs::remove_file(fixture.dir.path().join("models/demo.safetensors")).unwrap();
    assert!(fixture.look().is_empty());
}

#[test]
fn a_version_is_new_once() {
    let fixture = Fixture::new();
    fixture.write("demo.safetensors", "model");
    assert_eq!(fixture.models.look(1).unwrap().1.len(), 1);
    assert_eq!(fixture.models.look(10_000).unwrap().1.len(), 0);
}
