//! Small text files out.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use reperio_data::atomic;

/// Writes `text` to `path`, whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    Ok(atomic::write(path, |file| file.write_all(text.as_bytes()))?)
}
