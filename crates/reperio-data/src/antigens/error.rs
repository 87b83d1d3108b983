//! Why an export of a database could not be read.

use std::path::PathBuf;

use crate::format::ReadError;

/// Why an export could not be read. Every message says where to look.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AntigenError {
    /// The file cannot be opened or decoded, or a row is broken.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The header is of none of the databases.
    #[error(
        "{}:{line}: no export of a known database, expected the columns of VDJdb (cdr3, v.segm, antigen.epitope or CDR3, V, Epitope, or cdr3.beta, v.beta, antigen.epitope), McPAS-TCR (CDR3.beta.aa, TRBV, Pathology) or the IEDB (Chain 1 CDR3 Curated, Epitope Name): found {}", path.display(), list(found)
    )]
    UnknownHeader {
        /// File being read.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// Names in it.
        found: Vec<String>,
    },
}

/// Names that a message lists.
const LISTED: usize = 8;

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "no names".to_owned();
    }
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("{name:?}")).collect();
    let more = names.len().saturating_sub(LISTED);
    let end = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &end
}
