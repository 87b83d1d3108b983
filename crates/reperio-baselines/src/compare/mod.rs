//! Nested cross-validation of many methods on identical folds.
//!
//! [`run`] goes method by method, repeat by repeat, fold by fold, and hands every finished fold to a
//! [`FoldStore`]. The store may already have a fold from an earlier run, so a comparison continues where it
//! stopped. [`figures`] turns the outcomes into one row per method.

mod cohort;
mod figures;
mod outcome;
mod summary;
mod truth;

use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::Repertoire;
use reperio_data::split::Fold;
use reperio_data::stable_hash::StableHasher;
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_stats::Groups;

use crate::method::{Fitted, Method, MethodError};
pub use cohort::{ComparedPrediction, ComparisonCohort, FoldsWanted, UnfitCohort};
pub use figures::{Curves, Figures, figures};
pub use outcome::{Cost, InvalidOutcome, Outcome};
pub use summary::{MethodSummary, REFERENCE, Summary, summary};
pub use truth::{Recovery, Truth, TruthError, share_found};

/// A method in the comparison.
pub struct Entry<'a> {
    /// The method.
    pub method: &'a dyn Method,
    /// Whether it gets permuted labels: a control that must come out at chance.
    pub permuted: bool,
}

impl Entry<'_> {
    /// Name in tables: the method's, marked if its labels are permuted.
    pub fn name(&self) -> String {
        let mark = if self.permuted { "-permuted" } else { "" };
        format!("{}{mark}", self.method.name())
    }
}

/// `methods`, and the reference among them once more on permuted labels.
pub fn entries(methods: &[Box<dyn Method>]) -> Vec<Entry<'_>> {
    let given = methods.iter().map(|method| Entry { method: &**method, permuted: false });
    let reference = methods.iter().filter(|method| method.name() == REFERENCE);
    let permuted = reference.map(|method| Entry { method: &**method, permuted: true });
    given.chain(permuted).collect()
}

/// The same work for every method.
pub struct Comparison<'a> {
    /// Repertoires, all of them labelled.
    pub repertoires: &'a [&'a Repertoire],
    /// Which of them are of one subject.
    pub groups: &'a Groups,
    /// For each repeat, whether each repertoire is positive, as most methods see it and as the controls do.
    pub labels: Vec<RepeatLabels>,
    /// For each repeat, the fold in which each repertoire is held out.
    pub folds: Vec<Vec<usize>>,
    /// What was implanted, where that is known.
    pub truth: Option<&'a Truth>,
    /// Seed of all random numbers.
    pub seed: u64,
}

/// Labels of one repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatLabels {
    /// As they are.
    pub given: Vec<bool>,
    /// Dealt out anew.
    pub permuted: Vec<bool>,
}

impl RepeatLabels {
    /// Those that an entry sees.
    pub fn of(&self, permuted: bool) -> &[bool] {
        if permuted { &self.permuted } else { &self.given }
    }
}

/// Which fold of which method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// [`Entry::name`].
    pub method: String,
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold, from 0.
    pub fold: usize,
}

/// Keeps outcomes and measures costs: what a library must leave to its caller.
pub trait FoldStore {
    /// Why an outcome could not be kept.
    type Error;

    /// The outcome of an earlier run, if there is one.
    ///
    /// # Errors
    ///
    /// If there is one but it cannot be read.
    fn recall(&mut self, key: &Key) -> Result<Option<Outcome>, Self::Error>;

    /// Keeps an outcome.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    fn keep(&mut self, outcome: &Outcome) -> Result<(), Self::Error>;

    /// Starts to measure.
    fn start(&mut self);

    /// What it cost since [`Self::start`].
    fn stop(&mut self) -> Cost;
}

/// Why a comparison stopped.
#[derive(Debug, thiserror::Error)]
pub enum CompareError<E> {
    /// A method failed.
    #[error("{method}, fold {fold}")]
    Method {
        /// [`Entry::name`].
        method: String,
        /// Fold, from 1.
        fold: usize,
        /// What went wrong.
        source: MethodError,
    },
    /// The person asked to stop; finished folds are kept.
    #[error("stopped before all methods were done")]
    Cancelled,
    /// The store failed.
    #[error(transparent)]
    FoldStore(E),
}

/// Runs every method in every fold of every repeat.
///
/// # Errors
///
/// See [`CompareError`].
pub fn run<K: FoldStore>(
    comparison: &Comparison<'_>,
    entries: &[Entry<'_>],
    store: &mut K,
    observer: &dyn Observer,
) -> Result<Vec<Outcome>, CompareError<K::Error>> {
    let cache = FeatureCache::new(comparison.repertoires, comparison.groups);
    let mut outcomes = Vec::new();
    for entry in entries {
        for (repeat, of) in comparison.folds.iter().enumerate() {
            let folds = Fold::all(of);
            for (number, fold) in folds.iter().enumerate() {
                let (task, done) = (&entry.name(), (repeat * folds.len() + number) as u64);
                let total = (comparison.folds.len() * folds.len()) as u64;
                observer.progress(Progress { task, done, total, unit: "folds" });
                let key = Key { method: entry.name(), repeat, fold: number };
                let known = store.recall(&key).map_err(CompareError::FoldStore)?;
                let outcome = match known {
                    Some(outcome) => outcome,
                    None => one(comparison, &cache, entry, key, fold, store, observer)?,
                };
                outcomes.push(outcome);
            }
        }
        cache.forget();
    }
    Ok(outcomes)
}

/// One fold, kept.
fn one<K: FoldStore>(
    comparison: &Comparison<'_>,
    cache: &FeatureCache<'_>,
    entry: &Entry<'_>,
    key: Key,
    sides: &Fold,
    store: &mut K,
    observer: &dyn Observer,
) -> Result<Outcome, CompareError<K::Error>> {
    if observer.cancelled() {
        return Err(CompareError::Cancelled);
    }
    store.start();
    entry.method.prepare(cache);
    let prepare = store.stop();
    store.start();
    let fitted = fit(comparison, cache, entry, &key, &sides.fitted, observer)?;
    let fit = store.stop();
    store.start();
    let logits = fitted.logits(cache, &sides.held);
    let score = store.stop();
    let labels = comparison.labels[key.repeat].of(entry.permuted);
    let recovery = comparison.truth.filter(|_| !entry.permuted).and_then(|truth| {
        let positive = sides.held.iter().filter(|&&i| labels[i]);
        truth.recovery(positive.map(|&i| comparison.repertoires[i]), |own| fitted.evidence(own))
    });
    let Key { method, repeat, fold } = key;
    let outcome = Outcome {
        method,
        permuted: entry.permuted,
        repeat,
        fold,
        held: sides.held.clone(),
        logits,
        choices: fitted.choices(),
        learned: hash(&fitted.parameters()),
        recovery,
        prepare,
        fit,
        score,
    };
    store.keep(&outcome).map_err(CompareError::FoldStore)?;
    Ok(outcome)
}

fn hash(parameters: &[f64]) -> String {
    let mut hasher = StableHasher::default();
    for value in parameters {
        hasher.number(value.to_bits());
    }
    format!("{:016x}", hasher.finish())
}

/// What a method learns from `members`, all folds but one.
fn fit<E>(
    comparison: &Comparison<'_>,
    cache: &FeatureCache<'_>,
    entry: &Entry<'_>,
    key: &Key,
    members: &[usize],
    observer: &dyn Observer,
) -> Result<Box<dyn Fitted>, CompareError<E>> {
    let labels = comparison.labels[key.repeat].of(entry.permuted);
    let labels: Vec<bool> = members.iter().map(|&i| labels[i]).collect();
    let seed = comparison.seed.wrapping_add(key.repeat as u64);
    let part = TrainingPart { cache, members, labels: &labels, seed };
    entry.method.fit(part, observer).map_err(|source| match source {
        MethodError::Fit(FitError::Cancelled) => CompareError::Cancelled,
        source => CompareError::Method { method: key.method.clone(), fold: key.fold + 1, source },
    })
}
