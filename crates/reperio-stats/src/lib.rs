//! Statistics of few samples and very many features, on plain slices.
//!
//! What a study of a hundred patients needs around its models: figures with honest intervals, penalised regressions of
//! more columns than rows, exact tests, calibration and choices by cross-validation. Nothing here knows what a row is.
//! Where several rows are of one person, [`Groups`] says so, and intervals, permutations and P values keep them together.
//!
//! | what | item |
//! |---|---|
//! | rows that belong together | [`Groups`] |
//! | AUC and other metrics, curves, losses | [`metrics`] |
//! | intervals: DeLong's, bootstrap over groups | [`metrics::auc_interval`], [`bootstrap`] |
//! | P values by permutation | [`permutation`] |
//! | penalised regression | [`logistic`], [`ridge`] |
//! | logits from scores; choices by held-out losses | [`platt`], [`selection`] |
//! | exact tests and distributions | [`fisher`], [`hypergeometric`], [`beta_binomial`], [`poisson`], [`normal`] |
//! | what a figure becomes with more samples | [`power_law`] |
//! | means and spreads | [`moments`] |
//!
//! # Examples
//!
//! A score of eight samples of six people, and how far its AUC may be chance:
//!
//! ```
//! use reperio_stats::{Groups, metrics, permutation};
//!
//! let people = Groups::of(&["ada", "ada", "bo", "cy", "dee", "dee", "eli", "flo"]);
//! let labels = [true, true, true, true, false, false, false, false];
//! let scores = [2.1, 1.7, 0.4, 1.9, 0.3, 0.9, 0.2, 0.1];
//! assert_eq!(metrics::auc(&scores, &labels), Some(0.9375));
//! let [low, high] = metrics::auc_interval(&scores, &labels, &people).expect("both classes");
//! assert!(low < 0.9375 && high == 1.0);
//! let answers = labels.map(|label| f64::from(u8::from(label)));
//! let auc = |answers: &[f64]| metrics::auc(&scores, &answers.iter().map(|a| *a > 0.5).collect::<Vec<_>>());
//! let answers = permutation::Permutable::new(&answers, people.members()); // people exchange answers, not samples
//! let p = permutation::p_value(answers, 1.0, auc).expect("both classes");
//! assert!(p > 0.02 && p < 0.2);
//! ```
//!
//! # Errors
//!
//! There is no error type. What the data do not define (the AUC of one class, an interval of nothing) is `None`, never
//! NaN. Slices of different lengths are a mistake of the caller and panic, as each function says.
//!
//! The same input gives the same bits on any number of threads: sums have a fixed order, and every random draw has a
//! seed.

#![forbid(unsafe_code)]

pub mod beta_binomial;
pub mod bootstrap;
mod cholesky;
mod factorial;
pub mod fisher;
mod groups;
pub mod hypergeometric;
pub mod logistic;
pub mod metrics;
pub mod moments;
pub mod normal;
pub mod permutation;
pub mod platt;
pub mod poisson;
pub mod poisson_binomial;
pub mod power_law;
pub mod ridge;
pub mod selection;

pub use groups::Groups;
