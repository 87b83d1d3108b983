//! The parameter file: gzipped JSON, a few hundred kilobytes.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::layout::TableLayout;
use super::residues::{self, Level, LevelText, Levels};
use super::{CountModel, DepthModel, Generator, Variation, rows};
use crate::atomic::{self, WriteError};
use crate::limits::FREE_BYTES;
use crate::repertoire::GeneVocabulary;

/// What the file says it is.
const FORMAT: &str = "reperio-generator";
/// Raised when the meaning of a field changes.
const VERSION: u32 = 1;

/// Why a generator file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The operating system refused.
    #[error("cannot access {path}")]
    Io {
        /// File in question.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Not gzip, not JSON, or not this JSON.
    #[error("{path}: not a generator file")]
    Syntax {
        /// File in question.
        path: PathBuf,
        /// Parser's reason.
        source: serde_json::Error,
    },
    /// Readable, but a part contradicts another.
    #[error(
        "{path}: {part} of the generator is not valid, expected a file of `reperio fit-generator`"
    )]
    Invalid {
        /// File in question.
        path: PathBuf,
        /// Part of the file.
        part: &'static str,
    },
}

/// Why bytes are not parameters.
#[derive(Debug)]
pub(super) enum Refused {
    Syntax(serde_json::Error),
    Part(&'static str),
}

/// Lengths given the genes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lengths {
    /// Shortest length.
    pub(super) min: usize,
    /// Longest length.
    pub(super) max: usize,
    /// Whether each pair occurs.
    pub(super) occurs: Vec<bool>,
    /// A quantised row over `min..=max` for each pair that occurs, in order.
    pub(super) rows: Vec<u8>,
}

impl Lengths {
    /// The row of each pair, `None` where the pair never occurs.
    pub(super) fn by_pair(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut rows = self.rows.chunks_exact(self.max - self.min + 1);
        self.occurs.iter().map(move |&occurs| if occurs { rows.next() } else { None })
    }
}

/// Everything that a generator is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    pub(super) fitted_repertoires: u64,
    pub(super) fitted_clonotypes: u64,
    pub(super) genes: GeneVocabulary,
    /// Clonotypes by (V, J), J fastest.
    pub(super) pairs: Vec<u32>,
    pub(super) lengths: Lengths,
    pub(super) layout: TableLayout,
    pub(super) residues: Levels,
    pub(super) counts: CountModel,
    pub(super) depth: DepthModel,
    pub(super) variation: Option<Variation>,
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    version: u32,
    fitted_repertoires: u64,
    fitted_clonotypes: u64,
    genes: GeneVocabulary,
    pairs: Vec<u32>,
    min_length: usize,
    length_rows: String,
    layout: TableLayout,
    residues: [LevelText; 4],
    counts: CountModel,
    depth: DepthModel,
    variation: Option<Variation>,
}

impl Parameters {
    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let text = Text {
            format: FORMAT.to_owned(),
            version: VERSION,
            fitted_repertoires: self.fitted_repertoires,
            fitted_clonotypes: self.fitted_clonotypes,
            genes: self.genes.clone(),
            pairs: self.pairs.clone(),
            min_length: self.lengths.min,
            length_rows: rows::to_hex(&self.lengths.rows),
            layout: self.layout.clone(),
            residues: self.residues.each_ref().map(Level::to_text),
            counts: self.counts,
            depth: self.depth,
            variation: self.variation,
        };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        serde_json::to_writer(&mut encoder, &text)?;
        encoder.flush()?;
        encoder.finish()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Refused> {
        let mut json = Vec::new();
        let unzipped = GzDecoder::new(bytes).take(FREE_BYTES).read_to_end(&mut json);
        unzipped.map_err(|source| Refused::Syntax(serde_json::Error::io(source)))?;
        let text: Text = serde_json::from_slice(&json).map_err(Refused::Syntax)?;
        text.parameters()
    }
}

impl Text {
    /// The parameters, if every part fits the others: then drawing cannot go out of bounds.
    fn parameters(self) -> Result<Parameters, Refused> {
        let check = |valid: bool, part| if valid { Ok(()) } else { Err(Refused::Part(part)) };
        check(self.format == FORMAT && self.version == VERSION, "`format` or `version`")?;
        let layout = self.layout;
        let sizes = (layout.n_v, layout.n_j) == (self.genes.v.len(), self.genes.j.len());
        let small = layout.n_v <= 1_000 && layout.n_j <= 1_000 && layout.max_length <= 255;
        check(sizes && small && layout.n_v > 0 && layout.n_j > 0, "`layout`")?;
        let n_pairs = layout.n_v * layout.n_j;
        let occurring = self.pairs.iter().filter(|&&n| n > 0).count();
        check(self.pairs.len() == n_pairs && occurring > 0 && n_pairs <= 65_536, "`pairs`")?;
        check(0 < self.min_length && self.min_length <= layout.max_length, "`min_length`")?;
        let width = layout.max_length - self.min_length + 1;
        let rows = rows::from_hex(&self.length_rows).unwrap_or_default();
        let filled = rows.chunks(width).all(|row| row.iter().any(|&byte| byte > 0));
        check(rows.len() == width * occurring && filled, "`length_rows`")?;
        let mut limits = residues::key_limits(&layout).into_iter();
        let levels =
            self.residues.map(|level| Level::from_text(&level, limits.next().unwrap_or(0)));
        let [Some(a), Some(b), Some(c), Some(d)] = levels else {
            return Err(Refused::Part("`residues`"));
        };
        let finite = |x: f64| x.is_finite() && x >= 0.0;
        check(self.counts.exponent > 1.0 && finite(self.counts.exponent), "`counts`")?;
        check(finite(self.depth.median) && finite(self.depth.sd_ln), "`depth`")?;
        let variation = self.variation.is_none_or(|it| {
            finite(it.v) && finite(it.j) && (0.0..=2.0).contains(&it.length_tilt_sd)
        });
        check(variation, "`variation`")?;
        Ok(Parameters {
            fitted_repertoires: self.fitted_repertoires,
            fitted_clonotypes: self.fitted_clonotypes,
            genes: self.genes,
            lengths: Lengths {
                min: self.min_length,
                max: layout.max_length,
                occurs: self.pairs.iter().map(|&n| n > 0).collect(),
                rows,
            },
            pairs: self.pairs,
            layout,
            residues: [a, b, c, d],
            counts: self.counts,
            depth: self.depth,
            variation: self.variation,
        })
    }
}

impl Generator {
    /// Reads a generator file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not a generator file of this version.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let owned = || path.to_owned();
        let bytes = fs::read(path).map_err(|source| LoadError::Io { path: owned(), source })?;
        let parameters = Parameters::from_bytes(&bytes).map_err(|refused| match refused {
            Refused::Syntax(source) => LoadError::Syntax { path: owned(), source },
            Refused::Part(part) => LoadError::Invalid { path: owned(), part },
        })?;
        Ok(Self::new(parameters))
    }

    /// Writes a generator file, under a temporary name until it is complete.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), LoadError> {
        let bytes = self.parameters.to_bytes();
        let bytes = bytes.map_err(|source| LoadError::Io { path: path.to_owned(), source })?;
        Ok(atomic::write(path, |file| file.write_all(&bytes))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_generator_loads_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.json.gz");
        let generator = Generator::human_trb();
        generator.save(&path).unwrap();
        assert_eq!(Generator::load(&path).unwrap().parameters, generator.parameters);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");
    }

    fn refusal(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.json.gz");
        fs::write(&path, bytes).unwrap();
        let message = Generator::load(&path).unwrap_err().to_string();
        message.replace(&folder.path().display().to_string(), "")
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(refusal(b"no gzip"), "/g.json.gz: not a generator file");
        let whole = Generator::human_trb().parameters.to_bytes().unwrap();
        assert_eq!(refusal(&whole[..whole.len() / 2]), "/g.json.gz: not a generator file");
        let mut parameters = Generator::human_trb().parameters;
        parameters.pairs.pop();
        let message = refusal(&parameters.to_bytes().unwrap());
        assert!(
            message.starts_with("/g.json.gz: `pairs` of the generator is not valid"),
            "{message}"
        );
    }
}
