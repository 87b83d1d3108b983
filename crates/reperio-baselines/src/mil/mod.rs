//! Logistic multiple-instance learning on short snippets of the CDR3, each described by Atchley factors.

mod active;
mod descent;
mod method;
mod scale;
mod snippets;
mod tables;

pub use method::KmerMil;
