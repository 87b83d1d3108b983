//! Published methods of repertoire classification, and their comparison on the same folds.
//!
//! A [`Method`](method::Method) learns from a [`Part`](method::Part) of a cohort: labels of the members
//! of that part and nothing else. What needs no label (spectra, kernels, the index of shared clonotypes) is
//! computed once for the whole cohort and kept in a [`Material`](material::Material). Every
//! hyper-parameter is chosen by [`selection`] inside the part.
//!
//! All methods are binary classifiers and answer with a logit, so that every one has an AUC, a Brier
//! score and a calibration curve.

pub mod burden;
pub mod catalogue;
pub mod clonotype_index;
pub mod compare;
pub mod depth_diversity;
pub mod gene_usage;
pub mod kernel;
pub mod kmer_logistic;
pub mod known_motif;
pub mod logistic;
pub mod material;
pub mod method;
pub mod mil;
pub mod neighbours;
pub mod networks;
mod platt;
pub mod public;
pub mod selection;
pub mod svm;
