//! Cohort stores: what an import writes, and damage that a checksum would hide because it was made to fit.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use reperio_data::cohort::{self, Cohort, ImportRequest};
use reperio_data::encode::EncodedRepertoire;
use reperio_data::format::ReadOptions;
use reperio_data::progress::Silent;
use reperio_data::repertoire::GeneVocabulary;
use sha2::{Digest, Sha256};

use crate::{chain, names_its_file, scratch};

/// Divides the metadata of an import from its table.
const DIVIDER: &[u8] = b"\n%%\n";

/// A store holds what was imported, and importing again changes no byte of it. Above the line `%%` stand labels.
pub(crate) fn import(bytes: &[u8]) {
    let at = bytes.windows(DIVIDER.len()).position(|own| own == DIVIDER);
    let (labels, table) = match at {
        Some(at) => (Some(&bytes[..at]), &bytes[at + DIVIDER.len()..]),
        None => (None, bytes),
    };
    let inputs = vec![scratch::file("table", table)];
    let metadata = labels.map(|labels| scratch::file("metadata.tsv", labels));
    let out = scratch::empty("imported");
    fs::remove_dir(&out).expect("an empty folder");
    let options = ReadOptions::default();
    let request = ImportRequest { inputs, metadata, out, options };
    let imported = cohort::import(&request, &Silent);
    let read =
        cohort::load(&request.inputs, request.metadata.as_deref(), &request.options, &Silent);
    if imported.is_err() {
        return;
    }
    let read = read.unwrap_or_else(|err| panic!("imported, but not read: {}", chain(&err)));
    let stored = cohort::load(std::slice::from_ref(&request.out), None, &request.options, &Silent);
    let stored = stored.unwrap_or_else(|err| panic!("imported, but {}", chain(&err)));
    assert_eq!(stored, read, "a store holds what was imported");
    let manifest = || fs::read(request.out.join("manifest.json")).expect("a finished store");
    let before = manifest();
    cohort::import(&request, &Silent).expect("what was imported can be imported again");
    assert!(manifest() == before, "importing again changes nothing");
}

/// Repertoires of the store that is damaged.
const TABLE: &str = "repertoire_id\tv_call\tj_call\tjunction_aa\tduplicate_count
a\tTRBV9\tTRBJ2-3\tCASSLGTDTQYF\t3
a\tTRBV6-2\tTRBJ1-1\tCASSYEAFF\t1
b\tTRBV9\t\tCASSPGQGYEQYF\t2
";
const LABELS: &str = "repertoire_id\tlabel\na\t1\nb\t\n";

/// A whole store: its files by name.
struct Store {
    folder: PathBuf,
    files: BTreeMap<&'static str, Vec<u8>>,
}

const MANIFEST: &str = "manifest.json";
const COHORT: &str = "cohort.parquet";
const REPERTOIRE: &str = "repertoires/a.parquet";

impl Store {
    fn new() -> Self {
        let folder = scratch::empty("store");
        let request = ImportRequest {
            inputs: vec![scratch::file("table.tsv", TABLE.as_bytes())],
            metadata: Some(scratch::file("labels.tsv", LABELS.as_bytes())),
            out: folder.clone(),
            options: ReadOptions::default(),
        };
        cohort::import(&request, &Silent).expect("a small cohort");
        let content = |name| (name, fs::read(folder.join(name)).expect("a file of a store"));
        let files = [MANIFEST, COHORT, REPERTOIRE].map(content).into();
        Self { folder, files }
    }

    /// Loads the store with one file in place of its own; the manifest's checksums fit.
    fn load_with(&self, name: &str, bytes: &[u8]) {
        let own = sha256(&self.files[name]);
        let manifest = String::from_utf8_lossy(&self.files[MANIFEST]);
        let manifest = manifest.replace(&own, &sha256(bytes));
        scratch::write(&self.folder.join(MANIFEST), manifest.as_bytes());
        scratch::write(&self.folder.join(name), bytes);
        self.load();
        scratch::write(&self.folder.join(name), &self.files[name]);
    }

    fn load(&self) {
        let inputs = [self.folder.clone()];
        match cohort::load(&inputs, None, &ReadOptions::default(), &Silent) {
            Ok(cohort) => check(&cohort),
            Err(err) => names_its_file(&err, &self.folder),
        }
    }
}

/// What holds for every cohort that was loaded.
fn check(cohort: &Cohort) {
    let ids: Vec<&String> = cohort.repertoires().iter().map(|own| &own.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "ids are distinct and sorted");
    assert!(ids.iter().copied().eq(cohort.metadata().ids()), "a row of labels a repertoire");
    assert_eq!(cohort.counts().len(), cohort.len());
    for (_, values) in cohort.metadata().columns() {
        assert_eq!(values.len(), cohort.len(), "a value a repertoire");
    }
    for repertoire in cohort.repertoires() {
        let sum = repertoire.counts().iter().try_fold(0_u64, |sum, &n| sum.checked_add(n));
        assert_eq!(sum, Some(repertoire.templates()), "copies can be added up");
        let encoded = EncodedRepertoire::new(repertoire, &GeneVocabulary::of([repertoire]));
        assert_eq!(encoded.len(), repertoire.len());
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

thread_local! {
    static STORE: Store = Store::new();
}

/// The manifest; `SHA256-cohort` and `SHA256-a` stand for the checksums of the store's own files, which differ with
/// the version of the Parquet writer.
pub(crate) fn manifest(bytes: &[u8]) {
    STORE.with(|store| {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for (word, name) in PLACEHOLDERS {
            text = text.replace(word, &sha256(&store.files[name]));
        }
        scratch::write(&store.folder.join(MANIFEST), text.as_bytes());
        store.load();
    });
}

const PLACEHOLDERS: [(&str, &str); 2] = [("SHA256-cohort", COHORT), ("SHA256-a", REPERTOIRE)];

/// `cohort.parquet`.
pub(crate) fn cohort(bytes: &[u8]) {
    STORE.with(|store| store.load_with(COHORT, bytes));
}

/// The Parquet file of one repertoire.
pub(crate) fn repertoire(bytes: &[u8]) {
    STORE.with(|store| store.load_with(REPERTOIRE, bytes));
}

/// The store's own files as seeds: (target, name, bytes).
pub(crate) fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    STORE.with(|store| {
        let mut manifest = String::from_utf8_lossy(&store.files[MANIFEST]).into_owned();
        for (word, name) in PLACEHOLDERS {
            manifest = manifest.replace(&sha256(&store.files[name]), word);
        }
        vec![
            ("store-manifest", "whole.json", manifest.into_bytes()),
            ("store-cohort", "whole.parquet", store.files[COHORT].clone()),
            ("store-repertoire", "whole.parquet", store.files[REPERTOIRE].clone()),
        ]
    })
}
