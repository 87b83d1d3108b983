//! Rows to train on and rows to validate with.

use candle_core::{Result, bail};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Column, Table};

/// Places of the training and of the validation rows, in order. Only rows with a target validate; of every class of
/// the first target that has classes there is the same share, as nearly as can be.
///
/// # Errors
/// Fewer than two rows to train on.
pub(crate) fn split(table: &Table, share: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
    let mut validation = Vec::new();
    if share > 0.0 {
        let mut strata = strata(table);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Fractions of rows are carried on, so that the strata together have the share.
        let mut due = 0.0;
        for rows in &mut strata {
            rows.shuffle(&mut rng);
            due += rows.len() as f64 * share;
            let taken = (due.round() as usize).saturating_sub(validation.len()).min(rows.len());
            validation.extend_from_slice(&rows[..taken]);
        }
        validation.sort_unstable();
        if validation.is_empty() {
            bail!("`validation` {share} of {} rows is none: expected 0 or more", table.rows());
        }
    }
    let training: Vec<usize> =
        (0..table.rows()).filter(|row| validation.binary_search(row).is_err()).collect();
    if training.len() < 2 {
        bail!(
            "{} rows to train on: expected at least 2, because each asks the others",
            training.len()
        );
    }
    Ok((training, validation))
}

/// Rows with a target, by the class of the first target that has classes.
fn strata(table: &Table) -> Vec<Vec<usize>> {
    let targets = table.schema().targets();
    let has_target = |row: &usize| targets.iter().any(|target| table.has(*row, *target));
    let rows = (0..table.rows()).filter(has_target);
    let classes = targets.iter().find_map(|target| match &table.columns()[*target] {
        Column::Categorical(classes) => Some(classes),
        Column::Continuous(_) => None,
    });
    let Some(classes) = classes else { return vec![rows.collect()] };
    let most = classes.iter().flatten().max().map_or(0, |class| class + 2);
    let mut strata = vec![Vec::new(); most.max(1)];
    for row in rows {
        strata[classes[row].map_or(0, |class| class + 1)].push(row);
    }
    strata
}
