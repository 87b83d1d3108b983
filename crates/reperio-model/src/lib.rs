//! Models of immune repertoires as sums of parts: Hopfield pooling over encoded repertoires, k-mers, public clonotypes
//! and gene usage; with training, scores and evidence.
//!
//! A model gives each output of a repertoire a logit, `b + sum over parts p of w_p * f_p(repertoire)`. Each `f_p` is a sum over
//! clonotypes, so that every prediction is explained exactly: the evidences of all clonotypes and the bias add up to the logit.
//! The network is that of `DeepRC` (Widrich et al., `NeurIPS` 2020), whose attention is Hopfield pooling (Ramsauer et al., ICLR 2021).
//!
//! | what | item |
//! |---|---|
//! | what is predicted | [`labels::Labels`] of [`labels::TargetSpec`]s |
//! | a cohort in memory with its labels and subjects | [`labelled::LabelledCohort`] |
//! | how a model is made | [`config::Config`], [`parts::Part`] |
//! | learning from repertoires without labels first | [`pretrain::pretrain`] |
//! | training: a whole run, or the model alone | [`train::run`], [`train::fit`] |
//! | cross-validation, or a test of a trained model | [`evaluate::evaluate`], [`evaluate::test`] |
//! | how many repertoires are needed, and how deep | [`evaluate::learning_curve`] |
//! | a trained model and its file | [`model::Model`] |
//! | scores, with prediction sets | [`score::one`], [`score::inputs`] |
//! | what drove a score | [`explain::one`], [`explain::inputs`], [`explain::rank`] |
//! | what the filters of a trained network see | [`motifs::Motif`], made by [`train::run`] |
//!
//! # Examples
//!
//! Learn which repertoires carry a motif, score one, and see its strongest clonotype:
//!
//! ```
//! use reperio_data::progress::Silent;
//! # use reperio_data::generator::Generator;
//! # use reperio_data::simulate::{self, Background, SimulationConfig};
//! use reperio_model::bag::Device;
//! use reperio_model::config::Config;
//! use reperio_model::covariates::Covariates;
//! use reperio_model::labelled::LabelledCohort;
//! use reperio_model::labels::{Labels, TargetSpec};
//! use reperio_model::parts::Part;
//! use reperio_model::train::{self, TrainingContext};
//! use reperio_model::{explain, score};
//! use reperio_stats::Groups;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = "repertoires = 40\nclonotypes = 200\n[[signals]]\nname = 's'\nmotifs = ['WNDR']\nwitness_rate = 0.05";
//! # let simulation: SimulationConfig = toml::from_str(text)?;
//! # let cohort = simulate::cohort(&simulation, Background::Generator(&Generator::human_trb()))?.cohort;
//! // `cohort` is what `reperio_data::cohort::ReadRequest::load` returns; WNDR is in 5 % of the positive ones' sequences.
//! let target = TargetSpec { column: "label".to_owned(), positive: None, kind: None };
//! let labels = Labels::read(cohort.metadata(), &[target])?;
//! let groups = Groups::of(cohort.metadata().ids()); // one repertoire per subject
//! let mut config = Config::default();
//! config.parts.include = vec![Part::Kmers]; // all parts unless said otherwise
//! let context = TrainingContext { checkpoint: None, device: &Device::Cpu, base: None };
//! let covariates = Covariates::default();
//! let (groups, background) = (&groups, None);
//! let data = LabelledCohort { cohort: &cohort, labels: &labels, groups, covariates: &covariates, background };
//! let model = data.with_dataset(|data| train::fit(data, &config, context, &Silent))?.model;
//!
//! let positive = (0..cohort.len()).find(|&i| labels.values[0][i] == Some(1.0)).expect("a positive one");
//! let repertoire = &cohort.repertoires()[positive];
//! let score = score::one(&model, repertoire, 0.9)?;
//! assert!(score.prediction.targets[0].probabilities[0] > 0.5);
//! let explained = explain::one(&model, repertoire, 1)?.expect("clonotypes");
//! let strongest = repertoire.junction_aa(explained.best[0][0].place);
//! assert!(strongest.contains("WNDR"));
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every module that can fail has an error enum of its own ([`labels::TargetError`], [`train::TrainError`], [`model::ModelError`],
//! [`evaluate::EvaluateError`], [`explain::ExplainError`], [`score::ScoreError`]) whose text names the file, column or repertoire and what was
//! expected. A score that is not a finite number is an error ([`score::NotFinite`]). An [`Observer`](reperio_data::progress::Observer) shows
//! progress and stops the work; what then returns says that it was interrupted.
//!
//! The same input and seed give the same bits on any number of threads.
//!
//! # Features
//!
//! None. The crate contains CUDA kernels, needs no CUDA to be built, and uses a GPU through [`bag::DeviceChoice`] where one works.

#![forbid(unsafe_code)]

pub mod background;
pub mod bag;
pub mod combine;
pub mod config;
pub mod confounders;
pub mod covariates;
pub mod deeprc;
pub mod discover;
mod each;
pub mod evaluate;
pub mod explain;
pub mod features;
pub mod labelled;
pub mod labels;
pub mod loss;
pub mod model;
pub mod motifs;
pub mod network;
pub mod optimizer;
pub mod parts;
mod patient;
pub mod people;
pub mod population;
pub mod prepare;
pub mod pretrain;
pub mod schedule;
pub mod score;
mod tensors;
pub mod train;
pub mod workload;

pub use patient::Patient;
