//! Writes a simulated cohort as files like those of a real cohort, with the truth beside it.
//!
//! ```text
//! out/repertoires/<id>.tsv.gz   junction_aa  v_call  j_call  duplicate_count   (AIRR)
//! out/metadata.tsv              repertoire_id  filename  label ...
//! out/truth.tsv.gz              repertoire_id  signal  motif  position  junction_aa  v_call  j_call
//! out/oracle.tsv                repertoire_id  label  carriers: clonotypes that carry a signal
//! out/simulation.toml           the configuration with the clonotypes of pools, written last
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde::Serialize;

use super::SimulationError;
use super::background::Background;
use super::config::SimulationConfig;
use super::make::{Maker, Witness};
use super::plan;
use super::signal::Target;
use crate::atomic::{self, WriteError};
use crate::metadata::Metadata;
use crate::progress::{Observer, Progress};
use crate::repertoire::Repertoire;
use crate::table;

/// Marks a finished simulation.
const MARKER: &str = "simulation.toml";
/// Marks a simulation that was started, so that a rerun may overwrite what a killed run left.
const BEGUN: &str = ".simulation-begun";

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SimulationSummary {
    /// Repertoires.
    pub repertoires: u64,
    /// Clonotypes of all repertoires.
    pub clonotypes: u64,
    /// Implanted sequences.
    pub witnesses: u64,
    /// Witnesses that found no clonotype long enough.
    pub unplaced: u64,
    /// For each repertoire its label and how many of its clonotypes carry one of the label's signals,
    /// implanted or not; empty if the label has no signal.
    #[serde(skip)]
    pub oracle: Vec<(bool, u64)>,
}

/// Makes a cohort and writes it to the folder `out`, replacing an earlier simulation there.
///
/// # Examples
///
/// ```
/// use reperio_data::generator::Generator;
/// use reperio_data::progress::Silent;
/// use reperio_data::simulate::{Background, Clonotypes, SimulationConfig, simulate};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let clonotypes = Clonotypes::Fixed(50);
/// let config = SimulationConfig { repertoires: 4, clonotypes, ..SimulationConfig::default() };
/// let out = folder.path().join("made");
/// let summary = simulate(&config, Background::Generator(&Generator::human_trb()), &out, &Silent)?;
/// assert_eq!(summary.repertoires, 4);
/// assert!(out.join("metadata.tsv").is_file() && out.join("simulation.toml").is_file());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the configuration is not valid, the background is empty, `out` holds repertoires that no
/// simulation wrote, a file cannot be written, or the observer asks to stop.
pub fn simulate(
    config: &SimulationConfig,
    background: Background<'_>,
    out: &Path,
    observer: &dyn Observer,
) -> Result<SimulationSummary, SimulationError> {
    let maker = Maker::new(config, background)?;
    let oracle = &maker.oracle;
    clear(out)?;
    let (done, clonotypes) = (AtomicU64::new(0), AtomicU64::new(0));
    let total = config.repertoires as u64;
    let write = |i: usize| {
        if observer.cancelled() {
            return Err(SimulationError::Cancelled);
        }
        let made = maker.make(i);
        let name = format!("repertoires/{}.tsv.gz", made.repertoire.id);
        write_gz(&out.join(name), &airr(&made.repertoire))?;
        clonotypes.fetch_add(made.repertoire.len() as u64, Ordering::Relaxed);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.progress(Progress { task: "simulating", done, total, unit: "repertoires" });
        let carriers = oracle.count(Target::Label, &made.repertoire);
        Ok(Written { witnesses: made.witnesses, unplaced: made.unplaced, carriers })
    };
    let made: Vec<Written> =
        (0..config.repertoires).into_par_iter().map(write).collect::<Result<_, _>>()?;
    let truth: Vec<&Witness> = made.iter().flat_map(|made| &made.witnesses).collect();
    write_gz(&out.join("truth.tsv.gz"), &truth_table(&truth))?;
    let plan = &maker.plan;
    let oracle: Vec<(bool, u64)> = if oracle.knows(Target::Label) {
        made.iter().enumerate().map(|(i, made)| (plan.label(i), made.carriers)).collect()
    } else {
        Vec::new()
    };
    if !oracle.is_empty() {
        write_oracle(config, &oracle, out)?;
    }
    write_metadata(&plan.metadata(config), &out.join("metadata.tsv"))?;
    let text = toml::to_string(&maker.config)?;
    atomic::write(&out.join(MARKER), |file| file.write_all(text.as_bytes()))?;
    remove(&out.join(BEGUN))?;
    Ok(SimulationSummary {
        repertoires: total,
        clonotypes: clonotypes.into_inner(),
        witnesses: truth.len() as u64,
        unplaced: made.iter().map(|made| made.unplaced).sum(),
        oracle,
    })
}

/// What remains of a repertoire once it is written.
struct Written {
    witnesses: Vec<Witness>,
    unplaced: u64,
    carriers: u64,
}

fn write_oracle(
    config: &SimulationConfig,
    oracle: &[(bool, u64)],
    out: &Path,
) -> Result<(), WriteError> {
    let rows = oracle.iter().enumerate().map(|(i, &(label, carriers))| {
        vec![plan::id(config, i), u64::from(label).to_string(), carriers.to_string()]
    });
    table::write_tsv(&out.join("oracle.tsv"), &["repertoire_id", "label", "carriers"], rows)
}

/// Removes an earlier simulation, finished or not; refuses a folder with other repertoires.
fn clear(out: &Path) -> Result<(), SimulationError> {
    let repertoires = out.join("repertoires");
    let ours = out.join(MARKER).exists() || out.join(BEGUN).exists();
    if repertoires.exists() && !ours {
        return Err(SimulationError::Occupied { path: repertoires });
    }
    atomic::write(&out.join(BEGUN), |_| Ok(()))?;
    for name in [MARKER, "metadata.tsv", "truth.tsv.gz", "oracle.tsv"] {
        remove(&out.join(name))?;
    }
    match fs::remove_dir_all(&repertoires) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::Io { path: repertoires, source }.into())
        }
        _ => Ok(()),
    }
}

fn remove(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn write_gz(path: &Path, text: &str) -> Result<(), WriteError> {
    atomic::write(path, |file| {
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(text.as_bytes())?;
        encoder.finish().map(drop)
    })
}

/// A repertoire as AIRR rows.
fn airr(repertoire: &Repertoire) -> String {
    let mut text = String::with_capacity(repertoire.len() * 40);
    text.push_str("junction_aa\tv_call\tj_call\tduplicate_count\n");
    for i in 0..repertoire.len() {
        let (junction, count) = (repertoire.junction_aa(i), repertoire.counts()[i]);
        let (v, j) = (repertoire.v_call(i), repertoire.j_call(i));
        let _ = writeln!(text, "{junction}\t{v}\t{j}\t{count}"); // A string takes any text.
    }
    text
}

fn truth_table(truth: &[&Witness]) -> String {
    let mut text =
        "repertoire_id\tsignal\tmotif\tposition\tjunction_aa\tv_call\tj_call\n".to_owned();
    for witness in truth {
        let Witness { repertoire_id, signal, motif, position, junction_aa, v_call, j_call } =
            witness;
        let row =
            [repertoire_id, signal, motif, &position.to_string(), junction_aa, v_call, j_call];
        text.push_str(&row.map(String::as_str).join("\t"));
        text.push('\n');
    }
    text
}

fn write_metadata(metadata: &Metadata, path: &Path) -> Result<(), WriteError> {
    let names = metadata.columns().iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = std::iter::once("repertoire_id").chain(names).collect();
    let rows = metadata.ids().iter().enumerate().map(|(i, id)| {
        let values = metadata.columns().iter().map(|(_, values)| values[i].clone());
        std::iter::once(id.clone()).chain(values.map(Option::unwrap_or_default)).collect::<Vec<_>>()
    });
    table::write_tsv(path, &names, rows)
}
