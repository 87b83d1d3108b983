//! The case memory of a run: the states of its training repertoires, and how sharply a state is associated with them.
//!
//! See [`crate::explain::Memory`] for what a state is, and [`temperature`] for how `beta` is chosen.

mod relearn;
mod temperature;

use std::collections::BTreeMap;

use candle_core::Result;
use rayon::prelude::*;
use reperio_data::repertoire::Repertoire;

use super::{TargetHeldOut, answer, first_output};
use crate::explain::{Coordinates, Features, Sources, stored_state};
use crate::labels::Labels;
use crate::model::Model;
pub(super) use relearn::{Relearned, relearn};
use temperature::{Held, choose};

/// The training repertoires of one target as cases.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetMemory {
    /// Inverse temperature, in one over a squared logit.
    pub beta: f64,
    /// Loss of what the cases alone predict of repertoires that the parts had not seen, and of the class shares: log loss, or the
    /// squared error of a standardised number.
    pub losses: [f64; 2],
    /// What is stored of each training repertoire, in the order of [`TargetHeldOut`], for each output.
    pub states: Vec<Vec<BTreeMap<String, f64>>>,
}

/// What a memory is made from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) model: &'a Model,
    pub(super) repertoires: &'a [Repertoire],
    /// Labels as the model has them, of all repertoires.
    pub(super) labels: &'a Labels,
    /// Totals of the network of each repertoire (`Model::filter_totals`), where it has clonotypes.
    pub(super) totals: &'a [Option<Vec<f64>>],
}

impl Source<'_> {
    /// The memory of target `t`; `None` where no inner fold held anything out.
    pub(super) fn memory(
        &self,
        t: usize,
        held_out: &TargetHeldOut,
        relearned: &Relearned,
        groups: &[&str],
    ) -> Result<Option<TargetMemory>> {
        let places = &held_out.places;
        let target = &self.model.targets()[t];
        if places.is_empty() || (target.network == 0.0 && target.terms.is_empty()) {
            return Ok(None);
        }
        let outputs = target.bias.len();
        let mut states = vec![Vec::new(); places.len()];
        for o in 0..outputs {
            let sources = Sources::of_model(self.model, t, o);
            let rows = self.features(&sources, places, |place| self.of_output(place, t, o));
            let coordinates = Coordinates::of(&rows);
            let names = sources.names(self.model);
            for (all, row) in states.iter_mut().zip(&rows) {
                all.push(stored_state(&coordinates, &coordinates.state(row), &names));
            }
        }
        let answers: Vec<f64> = places.iter().map(|&place| answer(self.labels, t, place)).collect();
        let held: Vec<Held> = (0..relearned.shares)
            .filter_map(|share| self.held(t, share, held_out, relearned))
            .collect();
        let kind = &self.model.info().targets[t].kind;
        let (beta, losses) = choose(kind, &answers, groups, &held)?;
        Ok(Some(TargetMemory { beta, losses, states }))
    }

    /// The features of the repertoires at `places`.
    fn features(
        &self,
        sources: &Sources<'_>,
        places: &[usize],
        totals: impl Fn(usize) -> Vec<f64> + Sync,
    ) -> Vec<Vec<Features>> {
        let of = |&place: &usize| sources.features(&self.repertoires[place], &totals(place));
        places.par_iter().map(of).collect()
    }

    /// The totals of the network for output `o` of target `t`.
    fn of_output(&self, place: usize, t: usize, o: usize) -> Vec<f64> {
        let Some(all) = &self.totals[place] else { return vec![] };
        let width = all.len() / self.model.n_outputs();
        let at = first_output(&self.model.info().targets, t) + o;
        all[at * width..(at + 1) * width].to_vec()
    }

    /// The same, of the member that left `share` out, as if it were alone.
    fn of_member(&self, place: usize, (t, o): (usize, usize), share: usize) -> Vec<f64> {
        let all = self.of_output(place, t, o);
        let (filters, members) = (self.model.filters(), self.model.n_members());
        let own = filters.iter().zip(&all).filter(|(name, _)| name.member == share + 1);
        let genes = all.get(filters.len() + share);
        own.map(|(_, total)| total).chain(genes).map(|total| members as f64 * total).collect()
    }

    /// States by the parts that left `share` out, of all repertoires; `None` if there are none such.
    fn held(
        &self,
        t: usize,
        share: usize,
        held_out: &TargetHeldOut,
        relearned: &Relearned,
    ) -> Option<Held> {
        let tables = relearned.tables(t, share)?;
        let mut states = vec![Vec::new(); held_out.places.len()];
        for o in 0..self.model.targets()[t].bias.len() {
            let mut sources = Sources::of_model(self.model, t, o);
            sources.network = sources.network.map(|_| 1.0);
            for ((_, _, own), tables) in sources.terms.iter_mut().zip(tables) {
                *own = &tables[o];
            }
            let totals = |place| self.of_member(place, (t, o), share);
            let rows = self.features(&sources, &held_out.places, totals);
            let is_fitted = |i: &usize| relearned.share(held_out.folds[*i]) != share;
            let fitted: Vec<Vec<Features>> =
                (0..rows.len()).filter(is_fitted).map(|i| rows[i].clone()).collect();
            let coordinates = Coordinates::of(&fitted);
            for (state, row) in states.iter_mut().zip(&rows) {
                state.extend(coordinates.state(row));
            }
        }
        let held = |&fold: &usize| relearned.share(fold) == share;
        Some(Held { is_held: held_out.folds.iter().map(held).collect(), states })
    }
}
