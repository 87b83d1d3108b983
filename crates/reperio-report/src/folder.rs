//! What a run folder says of itself: `config.toml`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ReportError;

const CONFIG: &str = "config.toml";
/// Figures of a run.
pub(crate) const METRICS: &str = "metrics.json";
/// Where an explanation came from; the last of its files.
pub const EXPLANATION: &str = "explanation.json";
/// Where a description came from; the last of its files.
pub const DESCRIPTION: &str = "description.json";
/// Scores in a folder that holds nothing else of a run.
pub(crate) const SCORES: &str = "scores.tsv";

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run of `train`.
    Training,
    /// A run of `evaluate`.
    Evaluation,
    /// What `explain` wrote.
    Explanation,
    /// What `describe` wrote.
    Description,
    /// What `score` wrote: a table, or a folder that holds it as `scores.tsv`.
    Scores,
}

impl Kind {
    /// What the finished run in `folder` is, by the results that lie there.
    pub(crate) fn of(folder: &Path) -> Result<Self, ReportError> {
        if folder.is_file() {
            return Ok(Self::Scores);
        }
        if folder.join(EXPLANATION).is_file() {
            return Ok(Self::Explanation);
        }
        if folder.join(DESCRIPTION).is_file() {
            return Ok(Self::Description);
        }
        if !folder.join(CONFIG).is_file() && folder.join(SCORES).is_file() {
            return Ok(Self::Scores);
        }
        for missing in [CONFIG, METRICS, "predictions.tsv"] {
            if !folder.join(missing).is_file() {
                return Err(ReportError::NoRun { path: folder.to_owned(), missing });
            }
        }
        let model = folder.join("model.safetensors").is_file();
        Ok(if model { Self::Training } else { Self::Evaluation })
    }
}

/// Where a run came from.
pub(crate) struct Run {
    pub(crate) version: String,
    /// Commit that the program was built from.
    pub(crate) commit: String,
    /// Fingerprint of the repertoires.
    pub(crate) cohort: String,
    /// Words of the command line. The first is the program.
    pub(crate) command: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    run: Option<Provenance>,
}

#[derive(Deserialize)]
struct Provenance {
    version: String,
    #[serde(default)]
    commit: String,
    #[serde(default)]
    cohort_sha256: String,
    command: Vec<String>,
}

impl Run {
    /// Reads `config.toml`.
    pub(crate) fn read(folder: &Path) -> Result<Self, ReportError> {
        let path = folder.join(CONFIG);
        let config: Config = toml::from_str(&text(&path)?).map_err(|err| content(&path, &err))?;
        let no_run = || ReportError::NoRun { path: folder.to_owned(), missing: "[run]" };
        let Provenance { version, commit, cohort_sha256, command } =
            config.run.ok_or_else(no_run)?;
        Ok(Self { version, commit, cohort: cohort_sha256, command })
    }

    /// Whether the command had this option.
    pub(crate) fn has(&self, option: &str) -> bool {
        let value = format!("{option}=");
        self.command.iter().any(|word| word == option || word.starts_with(&value))
    }
}

/// What `metrics.json` in `folder` holds.
pub(crate) fn metrics<T: DeserializeOwned>(folder: &Path, text: &str) -> Result<T, ReportError> {
    let path = folder.join(METRICS);
    serde_json::from_str(text).map_err(|err| {
        let origin = Run::read(folder).map(|own| version(&own.version, &own.commit));
        wrong(&path, &err, origin.unwrap_or_default())
    })
}

/// What `explanation.json` or `description.json` holds, which says itself what wrote it.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ReportError> {
    serde_json::from_str(text).map_err(|err| {
        let all: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let own = all.get("version").and_then(serde_json::Value::as_str).unwrap_or_default();
        wrong(path, &err, version(own, ""))
    })
}

/// "Reperio 0.1.0, commit abc".
fn version(version: &str, commit: &str) -> String {
    let commit = if commit.is_empty() { String::new() } else { format!(", commit {commit}") };
    if version.is_empty() { String::new() } else { format!("Reperio {version}{commit}") }
}

/// A file that is not as this version writes it: an earlier one did not write all of it, or it is damaged.
fn wrong(path: &Path, err: &serde_json::Error, origin: String) -> ReportError {
    let text = err.to_string();
    let field = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let Some(field) = field else { return content(path, err) };
    let origin = if origin.is_empty() { "the version that wrote it".to_owned() } else { origin };
    ReportError::Older { path: path.to_owned(), field: field.to_owned(), origin }
}

/// A file of text.
pub(crate) fn text(path: &Path) -> Result<String, ReportError> {
    fs::read_to_string(path).map_err(|source| unreadable(path, source))
}

pub(crate) fn unreadable(path: &Path, source: io::Error) -> ReportError {
    ReportError::Read { path: PathBuf::from(path), source }
}

pub(crate) fn content(path: &Path, problem: &impl ToString) -> ReportError {
    ReportError::Content { path: PathBuf::from(path), problem: problem.to_string() }
}
