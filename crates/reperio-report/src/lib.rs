//! Pages that show what a run found: one self-contained HTML file a folder.
//!
//! A page is made from the files in the folder, and from nothing else. Every number on it stands in a table
//! beside it, and a page can be made again at any time. It has no script, font, picture or network request, prints on
//! paper, and follows the light or dark scheme of its reader. Every figure is described in words, and its
//! numbers stand below it in a table.
//!
//! # Examples
//!
//! ```no_run
//! let page = reperio_report::write("evaluation".as_ref())?;
//! println!("{} can be opened in any browser", page.display());
//! # Ok::<(), reperio_report::ReportError>(())
//! ```
//!
//! # Errors
//!
//! [`ReportError`] names the file that is missing or not as the program writes it.

#![forbid(unsafe_code)]

mod bands;
mod card;
mod confounding;
mod description;
pub mod element;
mod evaluation;
mod explanation;
mod folder;
pub mod forest;
mod histogram;
mod labels;
mod lines;
mod logo;
pub mod page;
pub mod panel;
mod scores;
mod sequences;
pub mod svg;
mod table;
mod training;
pub mod tsv;
pub mod verdict;
mod waterfall;
pub mod well_formed;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use reperio_data::atomic;

pub use folder::{DESCRIPTION, EXPLANATION, Kind};
pub use scores::beside;

/// Name of the page in its folder.
pub const NAME: &str = "report.html";

/// Name of the card beside the page of a run.
pub const CARD: &str = "model_card.md";

/// Beside the page of an evaluation: every point of its curves (`roc`: x is the false and y the true positive rate;
/// `precision_recall`: recall and precision; `calibration`: mean predicted probability and share of the class, of the
/// repertoires with a probability from `low` to `high`).
pub const CURVES: &str = "curves.tsv";

/// Beside the page of an evaluation: what follows from calling repertoires positive at some thresholds.
pub const DECISIONS: &str = "decisions.tsv";

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder is none that a page can be made of.
    #[error("{} is not a folder that `train`, `evaluate`, `explain` or `describe` finished: no {missing}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What a run has.
        missing: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not as the program writes it.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of an earlier version lacks what this one needs.
    #[error("{}: no `{field}`: {origin} did not write it, or the file is damaged: run the command again", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        field: String,
        /// Version that wrote it.
        origin: String,
    },
    /// The page cannot be written.
    #[error(transparent)]
    Write(#[from] atomic::WriteError),
}

/// Makes the page of the finished run in `folder` again; of a table of scores, the page beside it.
///
/// # Errors
///
/// See [`ReportError`]. An old page is kept whole.
pub fn write(folder: &Path) -> Result<PathBuf, ReportError> {
    write_as(folder, Kind::of(folder)?)
}

/// Writes the page, and of a training or an evaluation the card, of the finished run in `folder`, which is of this kind.
///
/// # Errors
///
/// See [`ReportError`]. An old page is kept whole.
pub fn write_as(folder: &Path, kind: Kind) -> Result<PathBuf, ReportError> {
    let last = |name: &str| folder::text(&folder.join(name));
    let (page, card) = match kind {
        Kind::Scores if folder.is_file() => return scores::write(folder),
        Kind::Scores => return scores::write(&folder.join(folder::SCORES)),
        Kind::Explanation => return explanation::write(folder, &last(folder::EXPLANATION)?),
        Kind::Description => {
            let path = folder.join(NAME);
            save(&path, &description::page(folder, &last(folder::DESCRIPTION)?)?)?;
            return Ok(path);
        }
        Kind::Evaluation => {
            let (run, last) = (folder::Run::read(folder)?, last(folder::METRICS)?);
            let (page, tables) = evaluation::page(folder, &run, &last)?;
            for (name, text) in tables {
                save(&folder.join(name), &text)?;
            }
            (page, card::evaluation(folder, &run, &last)?)
        }
        Kind::Training => {
            let (run, last) = (folder::Run::read(folder)?, last(folder::METRICS)?);
            (training::page(folder, &run, &last)?, card::training(folder, &run, &last)?)
        }
    };
    save(&folder.join(CARD), &card)?;
    let path = folder.join(NAME);
    save(&path, &page)?;
    Ok(path)
}

/// Writes a text whole or not at all.
fn save(path: &Path, text: &str) -> Result<(), ReportError> {
    Ok(atomic::write(path, |file| file.write_all(text.as_bytes()))?)
}
