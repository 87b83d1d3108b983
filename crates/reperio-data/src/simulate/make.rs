//! One simulated repertoire: its background, then its witnesses.

use rand::Rng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::SimulationError;
use super::background::{Background, Host};
use super::config::{Age, SimulationConfig, WitnessNumber};
use super::draft::Draft;
use super::motif::Motif;
use super::oracle::{Content, Oracle};
use super::plan::{self, CohortPlan};
use super::pool::{self, Pool, PoolMember};
use super::signal::{Signal, Target};
use super::stream::{self, Stream};
use crate::alphabet;
use crate::generator::Usage;
use crate::repertoire::Repertoire;

/// One implanted sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Repertoire that holds it.
    pub repertoire_id: String,
    /// Signal that it carries.
    pub signal: String,
    /// Motif as written in the configuration; the whole junction where the signal is a pool.
    pub motif: String,
    /// 0-based junction position of the motif's first residue.
    pub position: usize,
    /// Junction with the motif.
    pub junction_aa: String,
    /// V gene, "" if unknown.
    pub v_call: String,
    /// J gene, "" if unknown.
    pub j_call: String,
}

/// A repertoire and the truth about it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) repertoire: Repertoire,
    pub(super) witnesses: Vec<Witness>,
    pub(super) unplaced: u64,
}

/// Makes the repertoires of one cohort.
pub(super) struct Maker<'a> {
    /// With the clonotypes of its pools.
    pub(super) config: SimulationConfig,
    background: Background<'a>,
    pub(super) plan: CohortPlan,
    pub(super) oracle: Oracle,
    /// Gene usage of batches A and B; empty without batches.
    batches: Vec<Usage>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        config: &SimulationConfig,
        background: Background<'a>,
    ) -> Result<Self, SimulationError> {
        config.validate()?;
        if background.is_empty() {
            return Err(SimulationError::EmptyBackground);
        }
        let batches = match (config.batch, background) {
            (None, _) => Vec::new(),
            (Some(_), Background::Repertoires(_)) => return Err(SimulationError::RealBatches),
            (Some(_), Background::Generator(generator)) => (0..2)
                .map(|batch| {
                    generator.draw_usage(&mut stream::of(config.seed, Stream::Batch(batch)))
                })
                .collect(),
        };
        let config = pool::resolve(config, background)?;
        let (oracle, plan) = (Oracle::new(&config)?, CohortPlan::new(&config));
        Ok(Self { config, background, plan, oracle, batches })
    }

    /// Makes repertoire `i`: a function of the configuration, the background and `i` alone.
    pub(super) fn make(&self, i: usize) -> Made {
        let config = &self.config;
        let mut rng = stream::of(config.seed, Stream::Repertoire(i));
        let draft = self.background.draw(config, self.host(i), &mut rng);
        let mut free: Vec<usize> = (0..draft.len()).collect();
        free.shuffle(&mut rng);
        let id = plan::id(config, i);
        let mut made = Making { id, draft, free, witnesses: Vec::new(), unplaced: 0 };
        for (at, signal) in config.signals.iter().enumerate() {
            if !self.plan.carries(i, at) {
                continue;
            }
            let number = self.witness_number(signal, i, made.draft.len(), &mut rng);
            match &self.oracle.signals[at].content {
                Content::Motifs(motifs, _) => made.motifs(signal, motifs, number, &mut rng),
                Content::Pool(pool) => made.clonotypes(signal, pool, number, &mut rng),
            }
        }
        let Making { id, draft, witnesses, unplaced, .. } = made;
        Made { repertoire: draft.finish(id), witnesses, unplaced }
    }

    fn host(&self, i: usize) -> Host<'_> {
        let subject = stream::of(self.config.seed, Stream::Subject(self.plan.subject(i)));
        let effect = self.config.batch.map_or(0.0, |batch| batch.effect);
        let batch = self.plan.batch(i).map(|batch| (&self.batches[batch], effect));
        Host { subject, positive: self.plan.label(i), batch }
    }

    fn witness_number(&self, signal: &Signal, i: usize, n: usize, rng: &mut ChaCha8Rng) -> u64 {
        if let Some(number) = signal.witness_number {
            return number as u64;
        }
        let mut rate = self.plan.load(i).unwrap_or(signal.witness_rate);
        if signal.target == Target::Age {
            // The youngest have none.
            rate *= self.plan.age(i).map_or(0.0, Age::share);
            if self.config.witnesses == WitnessNumber::Fixed {
                return (rate * n as f64).round() as u64;
            }
        }
        match self.config.witnesses {
            WitnessNumber::Fixed => (rate * n as f64).round().max(1.0) as u64,
            WitnessNumber::Binomial => {
                Binomial::new(n as u64, rate).expect("a rate from 0 to 1").sample(rng)
            }
        }
    }
}

/// A repertoire while witnesses are put in.
struct Making<'a> {
    id: String,
    draft: Draft<'a>,
    /// Rows that are not yet witnesses, in random order.
    free: Vec<usize>,
    witnesses: Vec<Witness>,
    unplaced: u64,
}

impl<'a> Making<'a> {
    /// Implants `number` times one of `motifs`.
    fn motifs(&mut self, signal: &Signal, motifs: &[Motif], number: u64, rng: &mut ChaCha8Rng) {
        for _ in 0..number {
            let motif = &motifs[rng.random_range(0..motifs.len())];
            match self.implant(signal, motif, rng) {
                Some((row, position)) => self.witness(signal, motif.text(), row, position),
                None => self.unplaced += 1,
            }
        }
    }

    /// Writes `motif` into the next free row that is long enough; its row and position. Rows that
    /// are too short are passed over for good, so each row is looked at once.
    fn implant(
        &mut self,
        signal: &Signal,
        motif: &Motif,
        rng: &mut ChaCha8Rng,
    ) -> Option<(usize, usize)> {
        let residues = motif.realise(rng);
        while let Some(row) = self.free.pop() {
            let starts = signal.position.starts(self.draft.junction(row).len(), residues.len());
            if starts.is_empty() {
                continue;
            }
            let position = rng.random_range(starts);
            let window = &mut self.draft.junction_mut(row)[position..position + residues.len()];
            for (place, residue) in window.iter_mut().zip(&residues) {
                *place = residue.unwrap_or(*place);
            }
            return Some((row, position));
        }
        None
    }

    /// Puts `number` different clonotypes of `pool` in the place of free rows. One that the background
    /// holds already stays where it is, so that carriers have as many clonotypes as others.
    fn clonotypes(&mut self, signal: &Signal, pool: &'a Pool, number: u64, rng: &mut ChaCha8Rng) {
        let members = pool.members();
        for at in index::sample(rng, members.len(), members.len().min(number as usize)) {
            let PoolMember { junction, v_call, j_call } = &members[at];
            let row = if let Some(row) = self.draft.find(junction, (v_call, j_call)) {
                self.free.retain(|&other| other != row);
                row
            } else if let Some(row) = self.free.pop() {
                self.draft.replace(row, junction, (v_call, j_call));
                row
            } else {
                self.unplaced += 1;
                continue;
            };
            self.witness(signal, &alphabet::decode(junction), row, 0);
        }
    }

    /// Notes row `row` as a witness and raises its count.
    fn witness(&mut self, signal: &Signal, motif: &str, row: usize, position: usize) {
        let count = &mut self.draft.counts[row];
        *count = (*count as f64 * signal.count_boost).round() as u64;
        let (v_call, j_call) = self.draft.genes[row];
        self.witnesses.push(Witness {
            repertoire_id: self.id.clone(),
            signal: signal.name.clone(),
            motif: motif.to_owned(),
            position,
            junction_aa: alphabet::decode(self.draft.junction(row)),
            v_call: v_call.to_owned(),
            j_call: j_call.to_owned(),
        });
    }
}
