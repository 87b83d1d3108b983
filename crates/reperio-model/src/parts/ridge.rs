//! Ridge regression on a dense table for both kinds of answer, its strength chosen by the inner folds.
//!
//! ```text
//! minimise  1/2 |w|^2 + C sum of losses        logistic loss, or half the squared error
//! ```
//!
//! The columns are standardised over the members, without labels. All products of rows
//! are computed once, and each fold is solved among its own rows (representer theorem), so the number of columns hardly
//! matters.

use reperio_stats::logistic::{Design, Dual, Linear, Table, dual_path, gram};
use reperio_stats::ridge;

use super::task::{Answers, Task, of};

/// `C` times the number of columns: as if standardised rows had length 1.
const GRID: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0];

/// A fitted regression.
pub(super) struct Fit {
    /// The model of the raw columns, from all members.
    pub(super) linear: Linear,
    /// Output for each member when its fold is held out.
    pub(super) held_out: Vec<f64>,
    /// Strength chosen.
    pub(super) c: f64,
}

/// Fits the rows of the members of `task` in `table`.
pub(super) fn fit(table: &Table, task: &Task<'_>) -> Fit {
    let design = Design::standardised(table, task.members.to_vec());
    let gram = gram(&design);
    let cs = GRID.map(|c| c / design.varying().max(1) as f64);
    let say = |_, fitted: &[usize], held: &[usize]| held_out(task, &gram, (fitted, held), &cs);
    let outputs = task.hold_out(cs.len(), say);
    let (best, held_out) = task.choose(&outputs);
    let all: Vec<usize> = (0..task.members.len()).collect();
    let solved = solve(task, &gram, &all, &cs[..=best]).pop().expect("at least one strength");
    Fit { linear: design.model_of(&solved), held_out, c: cs[best] }
}

/// What the rows `fitted` say of the rows `held`, for each strength.
fn held_out(
    task: &Task<'_>,
    gram: &[f64],
    (fitted, held): (&[usize], &[usize]),
    cs: &[f64],
) -> Vec<Vec<f64>> {
    let n = task.members.len();
    let say = |dual: &Dual| {
        let one = |&i: &usize| {
            let terms = fitted.iter().zip(&dual.a).map(|(&j, a)| gram[i * n + j] * a);
            dual.b + terms.sum::<f64>()
        };
        held.iter().map(one).collect()
    };
    solve(task, gram, fitted, cs).iter().map(say).collect()
}

/// The solution among `rows` for each strength.
fn solve(task: &Task<'_>, gram: &[f64], rows: &[usize], cs: &[f64]) -> Vec<Dual> {
    let n = task.members.len();
    let own: Vec<f64> =
        rows.iter().flat_map(|&i| rows.iter().map(move |&j| gram[i * n + j])).collect();
    match task.answers {
        Answers::Classes(labels) => {
            let labels = of(labels, rows);
            let positive = labels.iter().filter(|label| **label).count();
            if positive == 0 || positive == labels.len() {
                let nothing = Dual { a: vec![0.0; rows.len()], b: 0.0 };
                return vec![nothing; cs.len()];
            }
            dual_path(&own, &labels, cs)
        }
        Answers::Numbers(numbers) => {
            let numbers: Vec<f64> = rows.iter().map(|&i| numbers[i]).collect();
            cs.iter().map(|&c| ridge::of_products(&own, &numbers, 1.0 / c)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureCache;
    use reperio_stats::Groups;

    fn table() -> Table {
        let value = |at: usize| ((at * 7_919 + at * at % 101) % 1_000) as f32 / 250.0;
        Table::new(5, (0..30 * 5).map(value).collect())
    }

    /// What a fold holds out is what a regression on the other rows says.
    #[test]
    fn held_out_rows_have_no_say() {
        let table = table();
        let labels: Vec<bool> = (0..30).map(|i| table.row(i)[2] > 2.0).collect();
        let mut flipped = labels.clone();
        flipped[0] = !flipped[0];
        let fold: Vec<usize> = (0..30).map(|i| i % 3).collect();
        let members: Vec<usize> = (0..30).collect();
        let groups = Groups::default();
        let cache = FeatureCache::new(&[], &groups);
        let run = |labels: &[bool]| {
            let answers = Answers::Classes(labels);
            let task = Task { cache: &cache, members: &members, answers, fold: &fold };
            let design = Design::standardised(&table, members.clone());
            let (fitted, held) = task.sides(0);
            held_out(&task, &gram(&design), (&fitted, &held), &[0.5])
        };
        let labels_of_fold_0_differ = run(&labels);
        assert_eq!(labels_of_fold_0_differ, run(&flipped));
        flipped[1] = !flipped[1];
        assert_ne!(labels_of_fold_0_differ, run(&flipped));
    }
}
