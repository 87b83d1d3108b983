//! One simulated repertoire: its background, then its witnesses.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::background::Background;
use super::config::{Signal, SimulationConfig, WitnessNumber};
use super::draft::Draft;
use super::motif::Motif;
use super::plan::{self, Plan};
use super::{InvalidSimulation, SimulationError};
use crate::alphabet;
use crate::repertoire::Repertoire;

/// One implanted sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Repertoire that holds it.
    pub repertoire_id: String,
    /// Signal that it carries.
    pub signal: String,
    /// Motif as written in the configuration.
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
    config: &'a SimulationConfig,
    background: Background<'a>,
    plan: Plan,
    motifs: Vec<Vec<Motif>>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        config: &'a SimulationConfig,
        background: Background<'a>,
    ) -> Result<Self, SimulationError> {
        config.validate()?;
        if background.is_empty() {
            return Err(SimulationError::EmptyBackground);
        }
        let motifs: Result<_, InvalidSimulation> =
            config.signals.iter().map(Signal::compile).collect();
        Ok(Self { config, background, plan: Plan::new(config), motifs: motifs? })
    }

    /// Makes repertoire `i`: a function of the configuration, the background and `i` alone.
    pub(super) fn make(&self, i: usize) -> Made {
        let config = self.config;
        let mut rng = stream(config.seed, 2 * i as u64);
        let subject = stream(config.seed, 2 * self.plan.subject(i) as u64 + 1);
        let mut draft = self.background.draw(config, subject, &mut rng);
        let repertoire_id = plan::id(config, i);
        let mut free: Vec<usize> = (0..draft.len()).collect();
        free.shuffle(&mut rng);
        let (mut witnesses, mut unplaced) = (Vec::new(), 0);
        for (at, signal) in config.signals.iter().enumerate() {
            if !self.plan.carries(i, at) {
                continue;
            }
            for _ in 0..self.witness_number(signal, i, draft.len(), &mut rng) {
                let motif = &self.motifs[at][rng.random_range(0..signal.motifs.len())];
                match implant(&mut draft, signal, motif, &mut free, &mut rng) {
                    Some(placed) => {
                        witnesses.push(witness(&draft, &repertoire_id, signal, motif, placed));
                    }
                    None => unplaced += 1,
                }
            }
        }
        Made { repertoire: draft.finish(repertoire_id), witnesses, unplaced }
    }

    fn witness_number(&self, signal: &Signal, i: usize, n: usize, rng: &mut ChaCha8Rng) -> u64 {
        if let Some(number) = signal.witness_number {
            return number as u64;
        }
        let rate = self.plan.load(i).unwrap_or(signal.witness_rate);
        match self.config.witnesses {
            WitnessNumber::Fixed => (rate * n as f64).round().max(1.0) as u64,
            WitnessNumber::Binomial => {
                Binomial::new(n as u64, rate).expect("a rate from 0 to 1").sample(rng)
            }
        }
    }
}

/// The random stream `number` of `seed`.
fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// Writes `motif` into the next of the `free` rows that is long enough; its row and position.
/// Rows that are too short are passed over for good, so each row is looked at once.
fn implant(
    draft: &mut Draft<'_>,
    signal: &Signal,
    motif: &Motif,
    free: &mut Vec<usize>,
    rng: &mut ChaCha8Rng,
) -> Option<(usize, usize)> {
    let residues = motif.realise(rng);
    while let Some(row) = free.pop() {
        let starts = signal.position.starts(draft.junction(row).len(), residues.len());
        if starts.is_empty() {
            continue;
        }
        let position = rng.random_range(starts);
        let window = &mut draft.junction_mut(row)[position..position + residues.len()];
        for (place, residue) in window.iter_mut().zip(&residues) {
            *place = residue.unwrap_or(*place);
        }
        draft.counts[row] = (draft.counts[row] as f64 * signal.count_boost).round() as u64;
        return Some((row, position));
    }
    None
}

fn witness(
    draft: &Draft<'_>,
    repertoire_id: &str,
    signal: &Signal,
    motif: &Motif,
    (row, position): (usize, usize),
) -> Witness {
    let (v_call, j_call) = draft.genes[row];
    Witness {
        repertoire_id: repertoire_id.to_owned(),
        signal: signal.name.clone(),
        motif: motif.text().to_owned(),
        position,
        junction_aa: alphabet::decode(draft.junction(row)),
        v_call: v_call.to_owned(),
        j_call: j_call.to_owned(),
    }
}
