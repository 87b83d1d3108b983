//! Simulated cohorts: background repertoires with implanted signals, and the truth about them.
//!
//! A [`SimulationConfig`] says how many repertoires there are, which signals the positive ones carry,
//! and what their label columns are; a [`Background`] says where their clonotypes come from: drawn by
//! a [`Generator`], or rows of real repertoires. Labels, subjects and carriers are decided for the
//! cohort as a whole before any repertoire is made, as are the pools of signals that are whole
//! clonotypes, so that each repertoire depends on the seed and
//! its own number alone and all can be made in any order, on any thread.
//!
//! [`Generator`]: crate::generator::Generator

mod background;
mod config;
mod draft;
mod make;
mod motif;
mod oracle;
mod plan;
mod pool;
mod scale;
mod signal;
mod stream;
mod write;

pub use background::Background;
pub use config::{
    Age, BackgroundMix, Batch, Clonotypes, InvalidSimulation, Load, Second, SimulationConfig,
    WitnessNumber,
};
pub use make::Witness;
pub use motif::{InvalidMotif, Motif};
pub use oracle::Oracle;
pub use signal::{Position, Signal, Target};
pub use write::{SimulationSummary, simulate};

use std::path::PathBuf;

use rayon::prelude::*;

use crate::atomic::WriteError;
use crate::cohort::Cohort;
use crate::import_counts::ImportCounts;
use crate::repertoire::Repertoire;
use make::Made;

/// Why a cohort could not be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The configuration is not valid.
    #[error("the simulation's configuration is not valid")]
    Config(#[from] InvalidSimulation),
    /// There is nothing to draw a background from.
    #[error("the background has no clonotype, expected at least one repertoire with clonotypes")]
    EmptyBackground,
    /// The background cannot fill the pools.
    #[error(
        "the background has {found} public clonotypes, expected at least {wanted} for the pools"
    )]
    SmallPool {
        /// Clonotypes found.
        found: usize,
        /// Clonotypes of all pools.
        wanted: usize,
    },
    /// Batches are made by varying a generator.
    #[error(
        "`batch` is set and the background is real repertoires, expected a generated background"
    )]
    RealBatches,
    /// The output folder holds repertoires that no simulation wrote.
    #[error(
        "{path} exists without a `simulation.toml`, so no simulation wrote it, expected a new folder"
    )]
    Occupied {
        /// The existing path.
        path: PathBuf,
    },
    /// The configuration cannot be written as a file.
    #[error("cannot write the simulation's configuration as TOML")]
    Toml(#[from] toml::ser::Error),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The person asked to stop; the output folder holds no finished simulation.
    #[error("stopped before all repertoires were made")]
    Cancelled,
}

/// A simulated cohort in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Repertoires and labels.
    pub cohort: Cohort,
    /// What was implanted, sorted by repertoire.
    pub truth: Vec<Witness>,
    /// Witnesses that found no clonotype long enough.
    pub unplaced: u64,
    /// The configuration, with the clonotypes of its pools.
    pub config: SimulationConfig,
}

/// Makes a cohort in memory, without files.
///
/// # Examples
///
/// ```
/// use reperio_data::generator::Generator;
/// use reperio_data::simulate::{self, Background, Oracle, SimulationConfig, Target};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = "repertoires = 10\nclonotypes = 50\n[[signals]]\nname = 's'\nmotifs = ['LDR']\nwitness_number = 3";
/// let config: SimulationConfig = toml::from_str(text)?;
/// let generator = Generator::human_trb();
/// let made = simulate::cohort(&config, Background::Generator(&generator))?;
/// assert_eq!(made.cohort.len(), 10);
/// let first = &made.truth[0]; // what was implanted, and where
/// let carrier = made.cohort.repertoires().iter().find(|own| own.id == first.repertoire_id);
/// let oracle = Oracle::new(&made.config)?;
/// assert!(carrier.is_some_and(|own| oracle.count(Target::Label, own) >= 1));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the configuration is not valid or the background is empty.
pub fn cohort(
    config: &SimulationConfig,
    background: Background<'_>,
) -> Result<Simulation, SimulationError> {
    let maker = make::Maker::new(config, background)?;
    let made: Vec<Made> = (0..config.repertoires).into_par_iter().map(|i| maker.make(i)).collect();
    let unplaced = made.iter().map(|made| made.unplaced).sum();
    let (mut repertoires, mut truth) = (Vec::with_capacity(made.len()), Vec::new());
    for made in made {
        let counts = counts(&made.repertoire);
        repertoires.push((made.repertoire, counts));
        truth.extend(made.witnesses);
    }
    let cohort = Cohort::new(repertoires, &maker.plan.metadata(&maker.config));
    Ok(Simulation { cohort, truth, unplaced, config: maker.config })
}

/// The import counts of a repertoire that no file was read for: every row is kept.
fn counts(repertoire: &Repertoire) -> ImportCounts {
    let (clonotypes, templates) = (repertoire.len() as u64, repertoire.templates());
    ImportCounts { rows: clonotypes, kept: clonotypes, clonotypes, templates, ..Default::default() }
}

#[cfg(test)]
mod preset_tests;
#[cfg(test)]
mod tests;
