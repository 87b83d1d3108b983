//! Immune repertoires as data: sequencing exports of every common tool in, cohorts with labels and flat arrays out.
//!
//! A *repertoire* is all T- or B-cell receptors of one sample. Receptors that share their junction, V gene and J gene
//! are one *clonotype*, whose counts are summed. Names are those of AIRR (`junction_aa`, `v_call`, `j_call`,
//! `duplicate_count`), genes those of IMGT. There are no tensors here and no terminal.
//!
//! # Example
//!
//! ```
//! use reperio_data::encode::EncodedRepertoire;
//! use reperio_data::format::{ReadOptions, read_file};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("donor.tsv"); // of any tool, and compressed in any way
//! std::fs::write(&path, "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
//! let read = read_file(&path, &ReadOptions::default())?;
//! let donor = &read[0].repertoire;
//! assert_eq!((donor.id.as_str(), donor.len(), donor.templates()), ("donor", 1, 3));
//! let encoded = EncodedRepertoire::new(donor, donor.genes());
//! assert_eq!(encoded.sequence(0).len(), 12); // residue codes of CASSLGTDTQYF
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! | what | module |
//! |---|---|
//! | a file in any of fifteen formats, recognised by its content | [`format`](mod@format) |
//! | one repertoire, built from rows; what became of the rows of a file | [`repertoire`], [`import_counts`] |
//! | junctions, residues, gene names | [`junction`], [`junctions`], [`alphabet`], [`gene`] |
//! | many repertoires with their labels, from files or a store | [`cohort`], [`metadata`] |
//! | flat arrays for a model | [`encode`] |
//! | receptors whose antigen is known, and clonotypes that resemble them | [`antigens`] |
//! | k-mers, equal depth, tables of one repertoire | [`kmer`], [`rarefy`], [`summary`] |
//! | folds that keep subjects whole | [`split`] |
//! | made-up repertoires, and cohorts with a known signal | [`generator`], [`simulate`] |
//! | progress and the wish to stop | [`progress`] |
//! | files whole or absent, one writer per output, which file a path means | [`atomic`], [`lock`], [`files`] |
//! | decompression, limits of what is read, names of columns, a hash that stays | [`compress`], [`limits`], [`table`], [`stable_hash`] |
//!
//! # Features
//!
//! - `store` (on by default): cohorts as folders of Parquet. It adds `cohort::import`, and lets [`cohort::load`] and
//!   [`cohort::ReadRequest::visit`] read such folders. It brings polars. Without it a store among the inputs is refused with
//!   [`cohort::CohortError::WithoutStores`]; everything else works.
//!
//! # Errors
//!
//! Each boundary has an error type of its own: [`format::ReadError`] for one file, [`metadata::MetadataError`] and
//! [`split::SplitsError`] for tables that people write, [`cohort::CohortError`] for many files,
//! [`simulate::SimulationError`], [`atomic::WriteError`] for what is written. A message names file and line, what was found
//! and what was expected. A row whose *content* is unusable is not an error: it is dropped, and counted by its reason in
//! [`import_counts::ImportCounts`].
//!
//! Nothing here reads the clock, the environment or a global random state; the number of threads changes no result.

#![forbid(unsafe_code)]

pub mod alphabet;
pub mod antigens;
pub mod atomic;
pub mod clonality;
pub mod cohort;
pub mod compress;
mod decode;
pub mod encode;
pub mod files;
pub mod format;
pub mod gene;
pub mod generator;
pub mod import_counts;
pub mod junction;
pub mod junctions;
pub mod kmer;
pub mod limits;
pub mod lock;
pub mod metadata;
mod missing;
pub mod progress;
pub mod rarefy;
pub mod repertoire;
pub mod simulate;
pub mod split;
pub mod stable_hash;
pub mod summary;
pub mod table;

/// The README's code is run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
