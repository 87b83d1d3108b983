//! Immune repertoire files in, encoded repertoires out.
//!
//! The path of the data: [`format`](mod@format) readers turn a file into rows, [`repertoire`] collapses
//! rows to clonotypes, [`cohort`] stores them with their labels, [`encode`] turns them into the flat
//! arrays that the model reads. No tensors and no terminal here.

pub mod alphabet;
pub mod encode;
pub mod kmer;
pub mod progress;
pub mod repertoire;
