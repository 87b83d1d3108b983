//! Checks of output paths before any work is done; writing itself is [`reperio_data::atomic`].

use std::path::Path;

use anyhow::{Context, Result, bail};
use reperio_data::atomic;

/// Makes sure that `folder` exists and is a folder.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    atomic::create_parent(&folder.join("file"))
        .with_context(|| format!("cannot use {} as a folder", folder.display()))
}

/// Checks that `path` can be a file and makes the folder that it stands in.
pub(crate) fn make_parent(path: &Path) -> Result<()> {
    atomic::create_parent(path)?;
    if path.is_dir() {
        bail!("{} is a folder, expected a file name", path.display());
    }
    Ok(())
}

/// Writes `text` to `path`, whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    Ok(atomic::write(path, |file| file.write_all(text.as_bytes()))?)
}
