//! Ridge regression on a dense table for both kinds of answer, its strength chosen by the inner folds.
//!
//! ```text
//! minimise  1/2 |w|^2 + C sum of losses        logistic loss, or half the squared error
//! ```
//!
//! The columns are standardised over the rows that are learned from, as for a repertoire that is scored later. Standardised over
//! the held-out rows too, held-out outputs would be better than those of new repertoires: a column that few rows have
//! is large, and its scale tells which rows it was taken from. All products of rows are computed once for each fold, and each is
//! solved among its own rows (representer theorem), so the number of columns hardly matters.

use std::borrow::Cow;

use reperio_stats::logistic::{Design, Dual, Linear, Table, dual_path, gram};
use reperio_stats::ridge;

use super::task::{Answers, Task, beside, of};

/// `C` times the number of columns: as if standardised rows had length 1.
const GRID: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0];

/// A fitted regression.
pub(crate) struct Fit {
    /// The model of the raw columns, from all members.
    pub(crate) linear: Linear,
    /// Output for each member when its fold is held out.
    pub(crate) held_out: Vec<f64>,
    /// Strength chosen.
    pub(crate) c: f64,
}

/// Fits the rows of the members of `task` in `table`.
pub(crate) fn fit(table: &Table, task: &Task<'_>) -> Fit {
    fit_tables(task, |_| Cow::Borrowed(table))
}

/// The same where the columns themselves depend on the repertoires that are learned from, by their places in the cohort.
pub(crate) fn fit_each(task: &Task<'_>, table: impl Fn(&[usize]) -> Table + Sync) -> Fit {
    fit_tables(task, |fitted| {
        Cow::Owned(table(&fitted.iter().map(|&i| task.members[i]).collect::<Vec<_>>()))
    })
}

fn fit_tables<'a>(task: &Task<'_>, table: impl Fn(&[usize]) -> Cow<'a, Table> + Sync) -> Fit {
    let say = |_, fitted: &[usize], held: &[usize]| held_out(&table(fitted), task, fitted, held);
    let outputs = task.hold_out(GRID.len(), say);
    let (best, held_out) = task.choose(&outputs);
    let all: Vec<usize> = (0..task.members.len()).collect();
    let table = table(&all);
    let (design, mut solved) = solve(&table, task, &all, &GRID[..=best]);
    let solved = solved.pop().expect("at least one strength");
    Fit { linear: design.model_of(&solved), held_out, c: strength(&design, GRID[best]) }
}

/// What the members `fitted` say of the members `held`, for each strength.
fn held_out(table: &Table, task: &Task<'_>, fitted: &[usize], held: &[usize]) -> Vec<Vec<f64>> {
    let rows: Vec<usize> = held.iter().map(|&i| task.members[i]).collect();
    let (design, solved) = solve(table, task, fitted, &GRID);
    solved.iter().map(|own| design.model_of(own).logits(table, &rows)).collect()
}

/// `C` of a place in the [`GRID`].
fn strength(design: &Design<'_>, c: f64) -> f64 {
    c / design.varying().max(1) as f64
}

/// The members `own` standardised, and their solution for each place of `grid`.
fn solve<'a>(
    table: &'a Table,
    task: &Task<'_>,
    own: &[usize],
    grid: &[f64],
) -> (Design<'a>, Vec<Dual>) {
    let design = Design::standardised(table, own.iter().map(|&i| task.members[i]).collect());
    let cs: Vec<f64> = grid.iter().map(|&c| strength(&design, c)).collect();
    let gram = gram(&design);
    let solved = match task.answers {
        Answers::Classes(labels) => {
            let (labels, offsets) = (of(labels, own), task.offsets_of(own));
            let positive = labels.iter().filter(|label| **label).count();
            if positive == 0 || positive == labels.len() {
                vec![Dual { a: vec![0.0; own.len()], b: 0.0 }; cs.len()]
            } else {
                dual_path(&gram, beside(&labels, offsets.as_deref()), &cs)
            }
        }
        Answers::Numbers(numbers) => {
            let numbers: Vec<f64> = own.iter().map(|&i| numbers[i]).collect();
            cs.iter().map(|&c| ridge::of_products(&gram, &numbers, 1.0 / c)).collect()
        }
    };
    (design, solved)
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
            let task =
                Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
            let (fitted, held) = task.sides(0);
            held_out(&table, &task, &fitted, &held)
        };
        let labels_of_fold_0_differ = run(&labels);
        assert_eq!(labels_of_fold_0_differ, run(&flipped));
        flipped[1] = !flipped[1];
        assert_ne!(labels_of_fold_0_differ, run(&flipped));
    }

    /// Columns that few rows have, as of rare k-mers, more of them in rows of one kind: what is said of a held-out row must be
    /// what a model of the other rows says of a row that it has never seen, and so must not depend on the row's own columns.
    #[test]
    fn a_held_out_row_is_scored_as_a_new_one() {
        let (rows, columns) = (24, 60);
        let value = |at: usize| {
            let (i, j) = (at / columns, at % columns);
            f32::from(u8::from(j % rows == i || (i * 31 + j * 17) % 11 == 0)) * (1 + i % 3) as f32
        };
        let table = Table::new(columns, (0..rows * columns).map(value).collect());
        let numbers: Vec<f64> = (0..rows).map(|i| (i % 3) as f64 - 1.0).collect();
        let groups = Groups::default();
        let cache = FeatureCache::new(&[], &groups);
        let fold: Vec<usize> = (0..rows).map(|i| i % 4).collect();
        let members: Vec<usize> = (0..rows).collect();
        let answers = Answers::Numbers(&numbers);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
        let (fitted, held) = task.sides(1);
        let said = held_out(&table, &task, &fitted, &held);

        let known: Vec<f64> = fitted.iter().map(|&i| numbers[i]).collect();
        let alone = Task {
            cache: &cache,
            members: &fitted,
            answers: Answers::Numbers(&known),
            fold: &vec![0; fitted.len()],
            offsets: None,
        };
        let all: Vec<usize> = (0..fitted.len()).collect();
        let (design, solved) = solve(&table, &alone, &all, &GRID);
        for (said, dual) in said.iter().zip(&solved) {
            assert_eq!(*said, design.model_of(dual).logits(&table, &held));
        }
    }
}
