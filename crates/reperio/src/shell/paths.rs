//! Checks of output paths before any work is done; writing itself is [`reperio_data::atomic`].

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reperio_data::atomic;

/// Makes sure that `folder` exists and is a folder.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    atomic::create_parent(folder)?;
    if folder.is_file() {
        bail!("{} is a file, expected a folder or a new name", folder.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Checks that `path` can be a file and makes the folder that it stands in.
pub(crate) fn make_parent(path: &Path) -> Result<()> {
    atomic::create_parent(path)?;
    if path.is_dir() {
        bail!("{} is a folder, expected a file name", path.display());
    }
    Ok(())
}

/// Refuses an output that would replace one of `sources`.
pub(crate) fn keep_sources<'a>(
    out: &Path,
    sources: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let Ok(target) = out.canonicalize() else { return Ok(()) }; // Nothing is there yet.
    for source in sources {
        if source.canonicalize().is_ok_and(|source| source == target) {
            bail!("{} is an input, expected another output file", out.display());
        }
    }
    Ok(())
}

/// Writes `text` to `path`, whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    Ok(atomic::write(path, |file| file.write_all(text.as_bytes()))?)
}
