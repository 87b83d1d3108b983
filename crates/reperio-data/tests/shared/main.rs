//! Real files that are not part of the project, in the folder that the variable `REPERIO_SHARED` names: a step of
//! `.ci/run` of its own, which says so where they are not there.

mod background;
mod formats;

use std::path::{Path, PathBuf};

/// A folder of the shared files.
fn shared(name: &str) -> PathBuf {
    let root = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&root).join(name);
    assert!(folder.is_dir(), "no folder {}", folder.display());
    folder
}
