//! Chooses penalty and `C` by cross-validation inside the training part.

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::split::Fold;
use reperio_model::features::{FitError, TrainingPart};
use reperio_stats::logistic::{Design, Linear, Penalty, Table, least_c, path};
use reperio_stats::selection;
use serde_json::{Value, json};

use crate::method::MethodError;

/// `C` of the L2 penalty times the number of standardised columns: as if rows had length 1.
const L2_GRID: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0];
/// `C` of the L1 penalty as multiples of the largest that leaves all weights 0.
const L1_GRID: [f64; 6] = [1.25, 2.5, 5.0, 10.0, 20.0, 40.0];

/// Ways to cut the inner folds: one alone chooses by chance on few donors.
const REPEATS: u64 = 3;

/// What cross-validation chose, fitted to the whole part.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// The model of the raw columns.
    pub(crate) linear: Linear,
    penalty: Penalty,
    c: f64,
    /// Columns that vary in the part.
    columns: usize,
}

impl Chosen {
    /// For the report.
    pub(crate) fn choices(&self) -> Value {
        let weights = self.linear.weights.iter().filter(|&&weight| weight != 0.0).count();
        json!({ "penalty": self.penalty, "C": self.c, "features": self.columns, "weights": weights })
    }

    /// Every number learned.
    pub(crate) fn parameters(&self) -> Vec<f64> {
        let penalty = f64::from(u8::from(self.penalty == Penalty::L1));
        [self.linear.intercept, self.c, penalty]
            .iter()
            .chain(&self.linear.weights)
            .copied()
            .collect()
    }
}

/// Fits rows `part.members` of `table`.
///
/// All columns are standardised within what is fitted to. L2 and L1 with six values of `C` each are compared
/// by the log loss of inner folds, cut three times; the grids follow from the part's columns and stay the same in its folds.
///
/// # Errors
///
/// If a class has too few members for inner folds, or the person asked to stop.
pub(crate) fn choose(
    table: &Table,
    part: TrainingPart<'_>,
    observer: &dyn Observer,
) -> Result<Chosen, MethodError> {
    let design = Design::standardised(table, part.members.to_vec());
    let columns = design.varying();
    let least = least_c(&design, part.labels);
    let grids = [
        (Penalty::L2, L2_GRID.map(|c| c / columns.max(1) as f64)),
        (Penalty::L1, L1_GRID.map(|c| c * least)),
    ];
    let of_repeat = |repeat: u64| {
        let again = TrainingPart { seed: part.seed.wrapping_add(repeat), ..part };
        cross_validated(table, again, &grids, observer)
    };
    let repeats: Vec<_> = (0..REPEATS).map(of_repeat).collect::<Result<_, _>>()?;
    let joined =
        |candidate: usize| repeats.iter().flat_map(|own| &own[candidate]).copied().collect();
    let logits: Vec<Vec<f64>> = (0..2 * L2_GRID.len()).map(joined).collect();
    let labels = part.labels.repeat(repeats.len());
    let best = selection::best(&logits, &labels);
    if observer.cancelled() {
        return Err(MethodError::from(FitError::Cancelled));
    }
    let (penalty, cs) = grids[best / L2_GRID.len()];
    let cs = &cs[..=best % L2_GRID.len()];
    let linear = path(&design, part.labels, penalty, cs).pop().expect("at least one C");
    Ok(Chosen { linear, penalty, c: cs[cs.len() - 1], columns })
}

type Grid = (Penalty, [f64; 6]);

/// Held-out logits of the part's members, by candidate.
fn cross_validated(
    table: &Table,
    part: TrainingPart<'_>,
    grids: &[Grid],
    observer: &dyn Observer,
) -> Result<Vec<Vec<f64>>, MethodError> {
    let folds = part.inner_folds()?;
    let of_fold = |fold: &Fold| {
        if observer.cancelled() {
            return Err(MethodError::from(FitError::Cancelled));
        }
        Ok(held_out(table, part, fold, grids))
    };
    let held: Vec<Vec<Vec<f64>>> = folds.par_iter().map(of_fold).collect::<Result<_, _>>()?;
    let mut logits = vec![vec![0.0; part.members.len()]; grids.len() * L2_GRID.len()];
    for (fold, held) in folds.iter().zip(held) {
        for (all, own) in logits.iter_mut().zip(held) {
            for (&i, logit) in fold.held.iter().zip(own) {
                all[i] = logit;
            }
        }
    }
    Ok(logits)
}

/// Logits of the held-out side of `fold` for each `C` of each grid; 0 where the other side has one class only.
fn held_out(table: &Table, part: TrainingPart<'_>, fold: &Fold, grids: &[Grid]) -> Vec<Vec<f64>> {
    let members =
        |side: &[usize]| -> Vec<usize> { side.iter().map(|&i| part.members[i]).collect() };
    let labels: Vec<bool> = fold.fitted.iter().map(|&i| part.labels[i]).collect();
    if labels.iter().all(|&label| label == labels[0]) {
        return vec![vec![0.0; fold.held.len()]; grids.len() * L2_GRID.len()];
    }
    let design = Design::standardised(table, members(&fold.fitted));
    let held = members(&fold.held);
    let models = grids.iter().flat_map(|(penalty, cs)| path(&design, &labels, *penalty, cs));
    models.map(|own| own.logits(table, &held)).collect()
}
