//! Logistic regression with the L1 penalty on a dense table, its strength chosen by the inner folds.
//!
//! It is far better than ridge regression if few of very many columns are informative. If most columns are slightly
//! informative, ridge regression is better.

use reperio_stats::logistic::{Design, Linear, Penalty, Table, least_c, path};

use super::ridge::Fit;
use super::task::{Answers, Task, beside, of};

/// `C` as multiples of the largest that leaves all weights 0.
const GRID: [f64; 7] = [1.1, 1.35, 1.7, 2.2, 3.3, 5.0, 8.0];

/// Fits the rows of the members of `task` in `table`; `None` for numbers.
pub(super) fn fit(table: &Table, task: &Task<'_>) -> Option<Fit> {
    let Answers::Classes(labels) = task.answers else { return None };
    let say = |_, fitted: &[usize], held: &[usize]| {
        let rows: Vec<usize> = held.iter().map(|&i| task.members[i]).collect();
        match solve(table, task, labels, fitted, GRID.len()) {
            Some((models, _)) => models.iter().map(|own| own.logits(table, &rows)).collect(),
            None => vec![vec![0.0; held.len()]; GRID.len()],
        }
    };
    let outputs = task.hold_out(GRID.len(), say);
    let (best, held_out) = task.choose(&outputs);
    let all: Vec<usize> = (0..labels.len()).collect();
    let (models, cs) = solve(table, task, labels, &all, best + 1)?;
    let linear = models.into_iter().next_back()?;
    Some(Fit { linear, held_out, c: cs[best] })
}

/// The models of members `rows` for the first `n` strengths, and these; `None` of one class.
fn solve(
    table: &Table,
    task: &Task<'_>,
    labels: &[bool],
    rows: &[usize],
    n: usize,
) -> Option<(Vec<Linear>, Vec<f64>)> {
    let (labels, offsets) = (of(labels, rows), task.offsets_of(rows));
    if labels.iter().all(|&label| label == labels[0]) {
        return None;
    }
    let design = Design::standardised(table, rows.iter().map(|&i| task.members[i]).collect());
    let answers = beside(&labels, offsets.as_deref());
    let least = least_c(&design, answers);
    let cs: Vec<f64> = GRID[..n].iter().map(|times| times * least).collect();
    Some((path(&design, answers, Penalty::L1, &cs), cs))
}
