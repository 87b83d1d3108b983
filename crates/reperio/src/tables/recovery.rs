//! How many of the implanted sequences an explanation brings to the top.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use reperio_data::alphabet;
use reperio_data::simulate::{Oracle, SimulationConfig, Target};
use serde::Serialize;

/// How many of the implanted sequences were found.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Recovery {
    /// Of the first `implanted` distinct sequences by evidence, the share that carry a motif.
    pub(crate) recovery: f64,
    /// Distinct implanted sequences.
    pub(crate) implanted: usize,
}

/// Distinct implanted sequences of the simulation in `made`.
pub(crate) fn implanted(made: &Path) -> Result<usize> {
    let truth = rows(&made.join("truth.tsv.gz"), ["junction_aa", "v_call", "j_call"])?;
    Ok(truth.into_iter().collect::<BTreeSet<_>>().len())
}

/// Compares the ranking in the folder `why` with the motifs of the simulation in `made`.
pub(crate) fn recovery(made: &Path, why: &Path) -> Result<Recovery> {
    let path = made.join("simulation.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let config: SimulationConfig =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let oracle = Oracle::new(&config)?;
    let implanted = implanted(made)?;
    let ranked = rows(&why.join("sequences.tsv.gz"), ["junction_aa", "v_call", "j_call"])?;
    let carries = |[junction, v_call, j_call]: &&[String; 3]| {
        let codes: Option<Vec<u8>> = junction.bytes().map(alphabet::code).collect();
        codes.is_some_and(|codes| oracle.carries(Target::Label, &codes, v_call, j_call))
    };
    let found = ranked.iter().take(implanted).filter(carries).count();
    Ok(Recovery { recovery: found as f64 / implanted.max(1) as f64, implanted })
}

/// Three columns of a table that this program wrote.
fn rows(path: &Path, columns: [&str; 3]) -> Result<Vec<[String; 3]>> {
    let context = || format!("cannot read {}", path.display());
    let mut text = String::new();
    let file = fs::File::open(path).with_context(context)?;
    GzDecoder::new(file).read_to_string(&mut text).with_context(context)?;
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let places = columns.map(|name| header.iter().position(|column| *column == name));
    let cell = |row: &Vec<&str>, place: Option<usize>| {
        place.and_then(|place| row.get(place)).map(|cell| (*cell).to_owned()).unwrap_or_default()
    };
    Ok(lines.map(|row| places.map(|place| cell(&row, place))).collect())
}
