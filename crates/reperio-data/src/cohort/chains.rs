//! Joins several tables of one sample, each with its own chains, into one repertoire.

use std::path::Path;

use crate::format::{ReadError, ReadRepertoire, Reading};
use crate::junction::MAX_LENGTH;
use crate::repertoire::{Builder, Repertoire};

/// Distinct genes of a repertoire, and its residues: what their indices and offsets hold.
const MAX_GENES: usize = 60_000;
const MAX_RESIDUES: usize = u32::MAX as usize - MAX_LENGTH;

/// Adds the repertoires of the table `path` to those of the same ids.
pub(super) fn join(
    all: &mut Vec<ReadRepertoire>,
    more: Vec<ReadRepertoire>,
    path: &Path,
) -> Result<(), ReadError> {
    for read in more {
        match all.iter_mut().find(|own| own.repertoire.id == read.repertoire.id) {
            Some(own) => add(own, &read, path)?,
            None => all.push(read),
        }
    }
    all.sort_by(|a, b| a.repertoire.id.cmp(&b.repertoire.id));
    Ok(())
}

/// What is noted of a table without rows.
pub(super) fn no_rows(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name} has no rows below its header: the sample has no clonotypes of that chain")
}

fn add(own: &mut ReadRepertoire, read: &ReadRepertoire, path: &Path) -> Result<(), ReadError> {
    let (found, other) = (way(&read.reading), way(&own.reading));
    if found != other {
        return Err(ReadError::OtherChain { path: path.to_owned(), found, other });
    }
    if let (Some(found), Some(other)) = (&read.sample, &own.sample)
        && found != other
    {
        let column = read.reading.repertoire_column().unwrap_or_default().to_owned();
        let (path, found, other) = (path.to_owned(), found.clone(), other.clone());
        return Err(ReadError::OtherSample { path, column, found, other });
    }
    if let Some(limit) = exceeded(&own.repertoire, &read.repertoire) {
        return Err(ReadError::TooLarge { path: path.to_owned(), line: 1, limit });
    }
    let mut builder = Builder::default();
    for repertoire in [&own.repertoire, &read.repertoire] {
        for (i, &duplicate_count) in repertoire.counts().iter().enumerate() {
            let genes = (repertoire.v_call(i), repertoire.j_call(i));
            builder.push_codes(repertoire.junction_codes(i), genes, duplicate_count);
        }
    }
    own.repertoire = builder.finish(own.repertoire.id.clone());
    own.counts.add(&read.counts);
    own.counts.clonotypes = own.repertoire.len() as u64;
    own.counts.templates = own.repertoire.templates();
    let notes = &mut own.reading.notes;
    let new = read.reading.notes.iter().filter(|note| !notes.contains(note));
    let new: Vec<String> = new.cloned().collect();
    notes.extend(new);
    if own.sample != read.sample {
        own.sample = None;
    }
    Ok(())
}

/// What must be the same of all tables of a sample.
fn way(reading: &Reading) -> String {
    format!("counts are {}, genes are of {}", reading.count_unit, reading.species)
}

/// The limit that two repertoires together exceed, in words.
fn exceeded(a: &Repertoire, b: &Repertoire) -> Option<&'static str> {
    let genes = [(&a.genes().v, &b.genes().v), (&a.genes().j, &b.genes().j)];
    if genes.iter().any(|(a, b)| a.len() + b.len() > MAX_GENES) {
        return Some("60,000 different genes");
    }
    let residues = a.junctions().residues().len() + b.junctions().residues().len();
    (residues > MAX_RESIDUES).then_some("4 x 10^9 residues in one repertoire")
}
