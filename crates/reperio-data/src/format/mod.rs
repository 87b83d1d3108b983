//! Repertoire files of every common tool, recognised by their header, never by their name.
//!
//! Each format is one small file that says which columns mean what; one loop over rows reads them
//! all. A row whose content is unusable is dropped and counted; a broken structure is a
//! [`ReadError`] that names file, line and what was expected.

mod again;
mod airr;
mod airr_ml;
mod barcodes;
mod collect;
mod columns;
mod custom;
mod deeprc;
mod detect;
mod error;
mod fasta;
pub(crate) mod fault;
mod gene_cache;
mod group;
pub(crate) mod header;
mod imgt;
mod immunarch;
mod immuneml;
mod immunoseq;
pub(crate) mod lines;
mod mixcr;
pub(crate) mod opened;
mod paired;
mod reading;
pub(crate) mod record;
mod refusal;
mod refuse;
mod rows;
mod shape;
mod tcrdb;
mod tenx;
#[cfg(test)]
mod testing;
mod trust4;
mod value;
mod vdjtools;
mod verdict;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use custom::Columns;
pub use error::ReadError;
pub use reading::{ColumnUse, CountUnit, Letters, LooksLike, Reading, Unread};
pub use refusal::Refusal;

use crate::gene::{Locus, Species, UnknownName};
use crate::import_counts::ImportCounts;
use crate::limits::MAX_RATIO;
use crate::repertoire::Repertoire;
use opened::Opened;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// AIRR Rearrangement table.
    Airr,
    /// Adaptive immunoSEQ export, old or new.
    Immunoseq,
    /// `MiXCR` 1 to 4 clone table.
    Mixcr,
    /// `VDJtools` table and its variants.
    Vdjtools,
    /// immunarch table.
    Immunarch,
    /// 10x Cell Ranger `*_contig_annotations.csv`.
    TenX,
    /// TRUST4 report.
    Trust4,
    /// IMGT/HighV-QUEST `1_Summary`.
    Imgt,
    /// `DeepRC` table.
    Deeprc,
    /// immuneML table of its own columns.
    Immuneml,
    /// `TCRdb` table of many runs.
    Tcrdb,
    /// Table of the AIRR-ML-25 challenge.
    AirrMl,
    /// A table with several chains of a cell in one row.
    Paired,
    /// A table whose columns a person named.
    Custom,
    /// FASTA of junctions.
    Fasta,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 15] = [
        Self::Airr,
        Self::Immunoseq,
        Self::Mixcr,
        Self::Vdjtools,
        Self::Immunarch,
        Self::TenX,
        Self::Trust4,
        Self::Imgt,
        Self::Deeprc,
        Self::Immuneml,
        Self::Tcrdb,
        Self::AirrMl,
        Self::Paired,
        Self::Custom,
        Self::Fasta,
    ];

    /// The name that `--format` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Airr => "airr",
            Self::Immunoseq => "immunoseq",
            Self::Mixcr => "mixcr",
            Self::Vdjtools => "vdjtools",
            Self::Immunarch => "immunarch",
            Self::TenX => "10x",
            Self::Trust4 => "trust4",
            Self::Imgt => "imgt",
            Self::Deeprc => "deeprc",
            Self::Immuneml => "immuneml",
            Self::Tcrdb => "tcrdb",
            Self::AirrMl => "airr-ml-25",
            Self::Paired => "paired",
            Self::Custom => "custom",
            Self::Fasta => "fasta",
        }
    }

    /// All names, for messages.
    fn names() -> &'static str {
        "airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, \
         airr-ml-25, paired, custom, fasta"
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownName { found: text.to_owned(), expected: Self::names() })
    }
}

/// What to read and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format; `None` recognises it from the header.
    pub format: Option<Format>,
    /// Columns that the user named. If one holds sequences, the format is [`Format::Custom`].
    pub columns: Option<Columns>,
    /// Species of the genes; `None` uses the species that the file states, else human.
    pub species: Option<Species>,
    /// Loci to keep; empty keeps all. Rows whose locus is unknown are kept and counted.
    pub loci: Vec<Locus>,
    /// Shortest junction to keep, in residues, anchors included.
    pub min_length: usize,
    /// Longest junction to keep, in residues, anchors included; never more than
    /// [`crate::junction::MAX_LENGTH`].
    pub max_length: usize,
    /// Column that separates the repertoires of one file.
    pub repertoire_column: Option<String>,
    /// Column of the counts, instead of the one that the order of units prefers.
    pub count_column: Option<String>,
    /// Whether files that cannot be read are left out and listed, and not an error.
    pub skip_unreadable: bool,
    /// Largest number of decompressed bytes per compressed byte.
    pub max_ratio: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            columns: None,
            species: None,
            loci: Vec::new(),
            min_length: 5,
            max_length: 60,
            repertoire_column: None,
            count_column: None,
            skip_unreadable: false,
            max_ratio: MAX_RATIO,
        }
    }
}

/// One repertoire of a file, and the counts of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRepertoire {
    /// The clonotypes.
    pub repertoire: Repertoire,
    /// Rows kept and dropped.
    pub counts: ImportCounts,
    /// Format of the file.
    pub format: Format,
    /// How the file was read.
    pub reading: Reading,
    /// The sample that a sample column names in all rows, if the repertoire is named after its file.
    pub sample: Option<String>,
}

/// Reads all repertoires of a file, sorted by id.
///
/// A file with one repertoire gives it the id [`repertoire_id`]; one with several (`TCRdb`'s
/// `RunId`, AIRR's `repertoire_id`, or the column that `options` names) the values of that column.
///
/// # Examples
///
/// ```
/// use reperio_data::format::{Format, ReadOptions, read_file};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("donor.tsv");
/// std::fs::write(&path, "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
/// let read = read_file(&path, &ReadOptions::default())?;
/// assert_eq!((read[0].format, read[0].counts.kept), (Format::Airr, 1));
/// assert_eq!(read[0].repertoire.v_call(0), "TRBV9");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the file cannot be read, its format is not known, or its structure is broken.
pub fn read_file(path: &Path, options: &ReadOptions) -> Result<Vec<ReadRepertoire>, ReadError> {
    match detect::open(path, options)? {
        Opened::Table(table) => rows::read(*table, options),
        Opened::Fasta(source, lines) => fasta::read(source, lines, options),
    }
}

/// How a table would be read, and the columns that would not be read. Only its first rows are examined.
///
/// # Examples
///
/// ```
/// use reperio_data::format::{ReadOptions, preview};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("donor.tsv");
/// std::fs::write(&path, "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
/// let (reading, not_read) = preview(&path, &ReadOptions::default())?;
/// assert_eq!(reading.columns[0].column, "junction_aa");
/// assert!(not_read.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the file cannot be read, its format is not known, or its first rows show that it cannot be read
/// correctly.
pub fn preview(path: &Path, options: &ReadOptions) -> Result<(Reading, Vec<String>), ReadError> {
    match detect::open(path, options)? {
        Opened::Table(table) => rows::preview(*table, options),
        Opened::Fasta(source, lines) => fasta::preview(&source, lines),
    }
}

/// The format of a file that is to be read with `options`, from its first lines.
///
/// # Examples
///
/// ```
/// use reperio_data::format::{Format, ReadOptions, recognise};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("donor.txt");
/// std::fs::write(&path, "cdr3aa\tv\tj\tcount\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
/// assert_eq!(recognise(&path, &ReadOptions::default())?, Format::Vdjtools);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the file cannot be read or is not a table of receptors.
pub fn recognise(path: &Path, options: &ReadOptions) -> Result<Format, ReadError> {
    Ok(match detect::open(path, options)? {
        Opened::Table(table) => table.format,
        Opened::Fasta(..) => Format::Fasta,
    })
}

/// Whether a file that is not a known table holds receptors all the same, as far as its first lines tell.
pub(crate) fn holds_receptors(path: &Path, options: &ReadOptions) -> bool {
    detect::holds_receptors(path, options)
}

/// The id of the only repertoire of a file: its name without extensions of tables and compression.
///
/// ```
/// use std::path::Path;
/// use reperio_data::format::repertoire_id;
///
/// assert_eq!(repertoire_id(Path::new("cohort/donor.7.tsv.gz")), "donor.7");
/// ```
pub fn repertoire_id(path: &Path) -> String {
    const COMPRESSIONS: [&str; 8] = ["gz", "gzip", "bgz", "zst", "zstd", "bz2", "xz", "zip"];
    const TABLES: [&str; 8] = ["tsv", "csv", "txt", "tab", "fasta", "fa", "faa", "parquet"];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let strip = |name: &str, extensions: &[&str]| match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)) =>
        {
            stem.to_owned()
        }
        _ => name.to_owned(),
    };
    strip(&strip(&name, &COMPRESSIONS), &TABLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_names_round_trip_and_are_all_listed() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert_eq!(Format::ALL.map(Format::name).join(", "), Format::names());
    }

    #[test]
    fn ids_lose_only_known_extensions() {
        let cases = [
            ("a/b/SRR1.tsv.gz", "SRR1"),
            ("P.12.txt", "P.12"),
            ("vdj.M_15.clonotypes.TRB.txt.gz", "vdj.M_15.clonotypes.TRB"),
            ("sample", "sample"),
            ("sample.gz", "sample"),
            (".tsv", ".tsv"),
            ("x.CSV", "x"),
        ];
        for (path, id) in cases {
            assert_eq!(repertoire_id(Path::new(path)), id, "{path}");
        }
    }
}
