//! Immune repertoire files in, encoded repertoires out.
//!
//! The path of the data: [`format`](mod@format) readers turn a file into rows, [`repertoire`] collapses
//! rows to clonotypes, [`cohort`] stores them with their labels, [`encode`] turns them into the flat
//! arrays that the model reads. No tensors and no terminal here.

#![forbid(unsafe_code)]

pub mod alphabet;
pub mod atomic;
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
pub mod missing;
pub mod progress;
pub mod rarefy;
pub mod repertoire;
pub mod simulate;
pub mod split;
pub mod stable_hash;
pub mod summary;
pub mod table;
