//! A whole comparison in a few figures.

use serde::Serialize;

use super::{Comparison, ComparisonCohort, Curves, Figures, Outcome, figures};
use crate::method::Method;

/// The method that others are compared with, and the one that is trained on permuted labels too.
pub const REFERENCE: &str = "reperio";

/// A finished comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Column and its positive value.
    pub target: String,
    /// Labelled repertoires.
    pub repertoires: usize,
    /// Positive ones.
    pub positive: usize,
    /// Median number of clonotypes per repertoire.
    pub clonotypes: usize,
    /// Folds.
    pub folds: usize,
    /// Repeats.
    pub repeats: usize,
    /// One entry per method and control, in the order in which they were run.
    pub methods: Vec<MethodSummary>,
    /// Points of the curves of the first repeat.
    pub curves: Vec<Curves>,
}

/// A method of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodSummary {
    /// What it is.
    pub about: &'static str,
    /// Whether it is a control that shows what can be reached without the signal: permuted labels, depth alone.
    pub control: bool,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Sums up the `outcomes` of `methods` on `cohort`.
pub fn summary(
    cohort: &ComparisonCohort<'_>,
    comparison: &Comparison<'_>,
    methods: &[Box<dyn Method>],
    outcomes: &[Outcome],
) -> Summary {
    let (figures, curves) = figures(comparison, outcomes, REFERENCE);
    let method = |figures: Figures| {
        let own = methods.iter().find(|method| method.name() == figures.method);
        let about = own
            .map_or("reperio on permuted labels: its AUC must be close to 0.5", |own| own.about());
        let control = figures.permuted || own.is_some_and(|own| own.is_control());
        MethodSummary { about, control, figures }
    };
    let mut sizes: Vec<usize> = cohort.repertoires.iter().map(|own| own.len()).collect();
    sizes.sort_unstable();
    let folds = comparison.folds.first().and_then(|folds| folds.iter().max());
    Summary {
        target: cohort.target.clone(),
        repertoires: cohort.repertoires.len(),
        positive: cohort.labels[0].given.iter().filter(|label| **label).count(),
        clonotypes: sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        folds: folds.map_or(0, |last| last + 1),
        repeats: comparison.folds.len(),
        methods: figures.into_iter().map(method).collect(),
        curves,
    }
}
