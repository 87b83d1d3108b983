//! Published methods of repertoire classification, and their comparison on the same folds.
//!
//! A [`Method`](method::Method) learns from a [`TrainingPart`](reperio_model::features::TrainingPart) of a cohort: labels of the members
//! of that part and nothing else. Features that need no label (spectra, kernels, the index of shared clonotypes) are
//! computed once for the whole cohort and kept in a [`FeatureCache`](reperio_model::features::FeatureCache). Every
//! hyper-parameter is chosen inside the part, by its
//! [`inner_folds`](reperio_model::features::TrainingPart::inner_folds).
//!
//! All methods are binary classifiers and return a logit, so each has an AUC, a Brier
//! score and a calibration curve.

#![forbid(unsafe_code)]

pub mod catalogue;
mod choose;
pub mod compare;
pub mod depth_diversity;
pub mod gene_usage;
pub mod kernel;
pub mod kmer_logistic;
pub mod known_motif;
pub mod method;
pub mod mil;
pub mod neighbours;
pub mod networks;
pub mod part_method;
pub mod svm;
