//! A folder with repertoire files, and imports of them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use reperio_data::cohort::{self, Cohort, CohortError, ImportRequest, ImportSummary, ReadRequest};
use reperio_data::format::ReadOptions;
use reperio_data::progress::{Observer, Silent};
use tempfile::TempDir;

pub(crate) const HEADER: &str = "junction_aa\tv_call\tj_call\tduplicate_count\n";

/// An AIRR table of one clonotype a junction.
pub(crate) fn airr(junctions: &[&str]) -> String {
    let rows = junctions.iter().zip(1..).map(|(j, n)| format!("{j}\tTRBV9\tTRBJ2-1\t{n}\n"));
    HEADER.to_owned() + &rows.collect::<String>()
}

/// A fresh folder with files in it.
pub(crate) struct Scenario(pub(crate) TempDir);

impl Scenario {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let scenario = Self(TempDir::new().unwrap());
        for (name, content) in files {
            scenario.write(name, content);
        }
        scenario
    }

    /// Three repertoires in `in/`; the table of labels names them in three ways.
    pub(crate) fn three() -> Self {
        Self::new(&[
            ("in/a.tsv", &airr(&["CASSAF", "CASSLF"])),
            ("in/b.tsv", &airr(&["CASSQF", "CASSLF", "CAGGF"])),
            ("in/sub/c.tsv", &airr(&["CASSYF"])),
            ("in/readme.md", "# Not a table\n"),
            (
                "in/metadata.tsv",
                "ID\tfilename\tstatus\na\t\tsick\nb.tsv\t\tNA\nC1\tsub/c.tsv\twell\n",
            ),
        ])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn import(
        &self,
        inputs: &[&str],
        metadata: Option<&str>,
    ) -> Result<ImportSummary, CohortError> {
        self.import_watched(inputs, metadata, &Silent)
    }

    pub(crate) fn import_watched(
        &self,
        inputs: &[&str],
        metadata: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<ImportSummary, CohortError> {
        let request = ImportRequest {
            inputs: inputs.iter().map(|name| self.path(name)).collect(),
            metadata: metadata.map(|name| self.path(name)),
            out: self.path("cohort"),
            options: ReadOptions::default(),
        };
        cohort::import(&request, observer)
    }

    /// What reads one of the files or folders.
    pub(crate) fn request(&self, input: &str) -> ReadRequest {
        ReadRequest { inputs: vec![self.path(input)], ..ReadRequest::default() }
    }

    pub(crate) fn load(
        &self,
        inputs: &[&str],
        metadata: Option<&str>,
    ) -> Result<Cohort, CohortError> {
        let inputs: Vec<_> = inputs.iter().map(|name| self.path(name)).collect();
        let metadata = metadata.map(|name| self.path(name));
        cohort::load(&inputs, metadata.as_deref(), &ReadOptions::default(), &Silent)
    }

    /// Every file of the store with its bytes.
    pub(crate) fn store(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(self.0.path(), &self.path("cohort"))
    }

    /// The message of an error with its causes, without the path of the fresh folder.
    pub(crate) fn text<T>(&self, result: Result<T, CohortError>) -> String {
        let Err(err) = result else { panic!("an error was expected") };
        let chain = std::iter::successors(Some(&err as &dyn Error), |&err| err.source());
        let text = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// All files in `folder` by their path from `top`.
fn files(top: &Path, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(top, &path));
        } else {
            found.insert(path.strip_prefix(top).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    found
}

pub(crate) fn assert_same_files(
    a: &BTreeMap<PathBuf, Vec<u8>>,
    b: &BTreeMap<PathBuf, Vec<u8>>,
    when: &str,
) {
    assert!(a.keys().eq(b.keys()), "{when}: {:?} and {:?}", a.keys(), b.keys());
    for (path, bytes) in a {
        assert!(bytes == &b[path], "{when}: {} differs", path.display());
    }
}

pub(crate) fn junctions(cohort: &Cohort) -> Vec<String> {
    let all = cohort.repertoires().iter().map(|own| {
        let junctions: Vec<_> = (0..own.len()).map(|i| own.junction_aa(i)).collect();
        format!("{}: {}", own.id, junctions.join(" "))
    });
    all.collect()
}
