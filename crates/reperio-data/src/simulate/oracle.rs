//! The oracle: an observer who knows the motifs and their positions, and the pools of clonotypes, counts them.
//!
//! It is the reference for methods that must find both. It also counts signals that the background carries by
//! chance, so even the oracle makes errors.

use super::config::{InvalidSimulation, SimulationConfig};
use super::motif::Motif;
use super::pool::Pool;
use super::signal::{Position, Signal, Target};
use crate::repertoire::Repertoire;

/// Counts the signals of a simulation.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub(super) signals: Vec<KnownSignal>,
}

/// What is known of a signal.
#[derive(Clone, Debug)]
pub(super) struct KnownSignal {
    target: Target,
    pub(super) content: Content,
}

/// What its carriers hold.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// One of some motifs, at some positions, in any clonotype.
    Motifs(Vec<Motif>, Position),
    /// Clonotypes of a pool.
    Pool(Pool),
}

impl Oracle {
    /// The oracle of a configuration's signals. Where these have pools, it must be the configuration
    /// that a simulation wrote or returned: that one lists their clonotypes.
    ///
    /// # Errors
    ///
    /// If a motif or a clonotype cannot be read, or a pool was not drawn yet.
    pub fn new(config: &SimulationConfig) -> Result<Self, InvalidSimulation> {
        let known = |signal: &Signal| {
            let name = &signal.name;
            let content = match (config.pools.get(name), config.pool_clonotypes.get(name)) {
                (None, _) => Content::Motifs(signal.compile()?, signal.position),
                (Some(_), Some(clonotypes)) => Content::Pool(Pool::new(name, clonotypes)?),
                (Some(_), None) => {
                    return Err(InvalidSimulation::NotDrawn { name: name.clone() });
                }
            };
            Ok(KnownSignal { target: signal.target, content })
        };
        Ok(Self { signals: config.signals.iter().map(known).collect::<Result<_, _>>()? })
    }

    /// Whether any signal belongs to `target`.
    pub fn knows(&self, target: Target) -> bool {
        self.signals.iter().any(|known| known.target == target)
    }

    /// Whether a clonotype (residue codes, V and J gene) carries a signal of `target`: a motif at an
    /// allowed position, or the whole clonotype is in a pool.
    pub fn carries(&self, target: Target, junction: &[u8], v_call: &str, j_call: &str) -> bool {
        let carries = |known: &KnownSignal| match &known.content {
            Content::Motifs(motifs, position) => {
                let allowed = |span| position.starts(junction.len(), span);
                motifs.iter().any(|motif| motif.occurs(junction, allowed))
            }
            Content::Pool(pool) => pool.contains(junction, v_call, j_call),
        };
        self.signals.iter().any(|known| known.target == target && carries(known))
    }

    /// Clonotypes of `repertoire` that carry a signal of `target`.
    pub fn count(&self, target: Target, repertoire: &Repertoire) -> u64 {
        let carries = |&i: &usize| {
            let (v_call, j_call) = (repertoire.v_call(i), repertoire.j_call(i));
            self.carries(target, repertoire.junction_codes(i), v_call, j_call)
        };
        (0..repertoire.len()).filter(carries).count() as u64
    }
}
