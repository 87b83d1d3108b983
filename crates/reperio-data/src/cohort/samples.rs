//! Files whose sample column says that they are parts of one sample. Such parts leak between training and
//! test if each is a repertoire of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::{ReadRepertoire, Reading};

use super::error::CohortError;

/// A repertoire whose file names the sample that it is of.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: String,
    /// Its file and the column that names the sample, for messages.
    pub(super) place: String,
    pub(super) sample: String,
}

impl Member {
    /// A repertoire that was read from `file`, if it names the sample.
    pub(super) fn read(read: &ReadRepertoire, file: &str, named_by_file: bool) -> Option<Self> {
        let id = &read.repertoire.id;
        let sample = read.sample.clone().or_else(|| (!named_by_file).then(|| id.clone()))?;
        Some(Self { id: id.clone(), place: place(file, &read.reading), sample })
    }
}

/// A file, and its column that names the sample.
pub(super) fn place(file: &str, reading: &Reading) -> String {
    match reading.repertoire_column() {
        Some(column) => format!("{file} (`{column}`)"),
        None => file.to_owned(),
    }
}

/// Refuses that a repertoire which is read now is of the same sample as another, of `new` or of `stored`.
pub(super) fn check(new: &[Member], stored: &[Member]) -> Result<(), CohortError> {
    let ids: BTreeSet<&String> = new.iter().map(|own| &own.id).collect();
    let is_kept = |own: &&Member| !ids.contains(&own.id);
    let mut samples = Vec::new();
    for group in groups(new.iter().chain(stored.iter().filter(is_kept))) {
        if group.iter().any(|own| ids.contains(&own.id)) {
            let places = group.iter().map(|own| own.place.clone()).collect();
            samples.push((group[0].sample.clone(), places));
        }
    }
    if samples.is_empty() { Ok(()) } else { Err(CohortError::SameSample { samples }) }
}

/// Ids of repertoires of one sample, in groups.
pub(super) fn shared<'a>(all: impl Iterator<Item = &'a Member>) -> Vec<Vec<String>> {
    let ids = |group: Vec<&Member>| group.iter().map(|own| own.id.clone()).collect::<Vec<_>>();
    groups(all).into_iter().map(ids).collect()
}

/// Repertoires of one sample, where there are several.
fn groups<'a>(all: impl Iterator<Item = &'a Member>) -> Vec<Vec<&'a Member>> {
    let mut by_sample: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
    for own in all {
        by_sample.entry(&own.sample).or_default().push(own);
    }
    by_sample.into_values().filter(|group| group.len() > 1).collect()
}

/// What a person should know about one group.
pub(super) fn warning(ids: &[String]) -> String {
    format!(
        "{} are from one sample, as their files say: parts of it can end up on both sides of a split; join them into one table or put them in one group",
        ids.join(", ")
    )
}
