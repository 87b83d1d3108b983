//! Which file a path means, however it is written.

use std::fs::Metadata;
use std::path::Path;

/// Whether two paths lead to the same existing file or folder: through links, `..`, hard links, and letter case
/// on disks that ignore it.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// use reperio_data::files::{is_inside, is_same};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.tsv");
/// std::fs::write(&path, "")?;
/// assert!(is_same(&path, &folder.path().join(".").join("a.tsv")));
/// assert!(is_inside(&path, folder.path()) && !is_same(&path, Path::new("/")));
/// # Ok(())
/// # }
/// ```
pub fn is_same(a: &Path, b: &Path) -> bool {
    if cfg!(unix) {
        let found = a.metadata().and_then(|a| Ok((a, b.metadata()?)));
        return found.is_ok_and(|(a, b)| is_one(&a, &b));
    }
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// Whether `path` is one of `folder`'s files, at any depth, or the folder itself.
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    path.ancestors().any(|ancestor| is_same(ancestor, folder))
}

/// Whether two descriptions are of one file.
#[cfg(unix)]
pub(crate) fn is_one(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Whether two descriptions are of one file, as far as can be told: this system does not number files.
#[cfg(not(unix))]
pub(crate) fn is_one(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn one_file_has_many_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("sub/a"), "a").unwrap();
        fs::write(path("b"), "a").unwrap();
        std::os::unix::fs::symlink(path("sub/a"), path("link")).unwrap();
        fs::hard_link(path("sub/a"), path("hard")).unwrap();
        for name in ["link", "hard", "sub/../sub/./a"] {
            assert!(is_same(&path(name), &path("sub/a")), "{name}");
        }
        assert!(!is_same(&path("b"), &path("sub/a")));
        assert!(!is_same(&path("none"), &path("none")), "nothing is there");
        assert!(is_inside(&path("link"), &path("sub")));
        assert!(!is_inside(&path("b"), &path("sub")));
    }
}
