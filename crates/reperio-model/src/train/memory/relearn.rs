//! The terms of a model once more, each time without some inner folds.

use reperio_data::progress::{Observer, Progress};

use crate::parts::{Part, Recipe, Table, inner_folds};
use crate::train::{Dataset, Fitted, TrainError, Training, terms};

/// Shares of the repertoires that are left out, where no network has members that left theirs out.
const SHARES: usize = 5;

/// The terms as learned without each share of the inner folds.
pub(in crate::train) struct Relearned {
    /// Shares.
    pub(super) shares: usize,
    /// By target and share: tables of each term of the model, by output; `None` where too few repertoires are left.
    tables: Vec<Vec<Option<Vec<Vec<Table>>>>>,
}

impl Relearned {
    /// The share of an inner fold: the one that the member of the network with its number left out.
    pub(super) fn share(&self, fold: usize) -> usize {
        fold % self.shares
    }

    /// Tables of the terms of target `t` that were learned without `share`.
    pub(super) fn tables(&self, t: usize, share: usize) -> Option<&[Vec<Table>]> {
        self.tables.get(t)?.get(share)?.as_deref()
    }
}

/// Learns the terms of a fitted model again, without each share of its inner folds.
///
/// # Errors
///
/// If the observer has cancelled.
pub(in crate::train) fn relearn(
    dataset: Dataset<'_>,
    fitted: &Fitted,
    observer: &dyn Observer,
) -> Result<Relearned, TrainError> {
    let model = &fitted.model;
    let mut training = Training::new(dataset, &model.info().config)?;
    terms::adjust(&mut training)?;
    let folds = training.fold.iter().flatten().max().map_or(0, |last| last + 1);
    let shares = if model.n_members() > 0 { model.n_members() } else { SHARES.min(folds) };
    let mut own = Relearned { shares, tables: vec![vec![]; model.targets().len()] };
    if folds == 0 {
        return Ok(own);
    }
    for share in 0..shares {
        let (done, total) = (share as u64, shares as u64);
        observer.progress(Progress { task: "case memory", done, total, unit: "shares" });
        let rest = training.without(share, shares);
        for t in 0..model.targets().len() {
            let tables = rest.as_ref().map(|rest| tables(rest, fitted, t, observer)).transpose()?;
            own.tables[t].push(tables);
        }
    }
    Ok(own)
}

/// The terms of target `t`, learned from `training`.
fn tables(
    training: &Training<'_>,
    fitted: &Fitted,
    t: usize,
    observer: &dyn Observer,
) -> Result<Vec<Vec<Table>>, TrainError> {
    let target = &fitted.model.targets()[t];
    let fold = training.fold.as_deref().unwrap_or_default();
    let nothing = || vec![Table::nothing(); target.bias.len()];
    let mut all = Vec::new();
    for term in &target.terms {
        let Some(recipe) = recipe(term.part, &term.name) else {
            all.push(nothing());
            continue;
        };
        let learned = terms::outputs(training, fold, t, &recipe, observer);
        let learned = learned.map_err(|_| TrainError::Stopped { part: term.part.name() })?;
        let tables = learned.map(|own| own.into_iter().map(|own| own.table).collect());
        all.push(tables.unwrap_or_else(nothing));
    }
    Ok(all)
}

fn recipe(part: Part, name: &str) -> Option<Recipe> {
    part.recipes().into_iter().find(|own| own.name() == name)
}

impl Training<'_> {
    /// The training without the repertoires whose inner fold is of `share`, with inner folds of its own; `None` if they cannot be cut.
    fn without(&self, share: usize, shares: usize) -> Option<Self> {
        let fold = self.fold.as_ref()?;
        let kept: Vec<usize> = (0..fold.len()).filter(|&i| fold[i] % shares != share).collect();
        let members: Vec<usize> = kept.iter().map(|&i| self.members[i]).collect();
        let labels = self.labels.select(&kept);
        let (config, cache) = (self.config, self.cache);
        let of = |own: &Vec<f64>| kept.iter().map(|&i| own[i]).collect();
        let offsets = self.offsets.iter().map(of).collect();
        let mut own = Self { config, cache, members, labels, fold: None, offsets };
        let all: Vec<usize> = (0..kept.len()).collect();
        own.fold = inner_folds(&own.items(&all), config.training.seed);
        own.fold.is_some().then_some(own)
    }
}
