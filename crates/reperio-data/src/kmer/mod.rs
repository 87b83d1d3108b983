//! k-mers of junctions: contiguous and gapped patterns, their codes, spectra and embeddings.

pub mod atchley;
pub mod pattern;
pub mod spectrum;
