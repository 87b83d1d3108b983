//! The one place that decides whether a command may write to the requested path; writing itself is in
//! [`reperio_data::atomic`].
//!
//! - A file that a command reads is never overwritten, however its path is written.
//! - Existing results are replaced only with `--overwrite`.
//! - Two processes never write to one output at once: it stays locked until the command ends.
//! - A folder that a command made and left empty, because it refused its input, is removed again.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use reperio_data::format::{self, ReadOptions};
use reperio_data::lock::Lock;
use reperio_data::{atomic, files};

/// Permission to replace existing results.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct OverwriteArgs {
    /// Replace existing results; files that the command reads are never replaced
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// What a command does with existing results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// They are an error.
    Keep,
    /// They are removed before the command begins.
    Replace,
    /// The command continues them.
    GoOn,
}

impl OverwriteArgs {
    /// Without `--resume`.
    pub(crate) fn existing(self) -> Existing {
        if self.overwrite { Existing::Replace } else { Existing::Keep }
    }

    /// With a `--resume` that may have been given.
    pub(crate) fn or_resume(self, resume: bool) -> Result<Existing> {
        match (resume, self.overwrite) {
            (true, true) => {
                bail!("--resume and --overwrite exclude each other: give only one of them")
            }
            (true, false) => Ok(Existing::GoOn),
            (false, _) => Ok(self.existing()),
        }
    }
}

/// The inputs of a command. A folder means the repertoires in it.
#[derive(Default)]
pub(crate) struct Sources<'a>(Vec<&'a Path>);

impl<'a> Sources<'a> {
    /// These files and folders.
    pub(crate) fn of(paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        Self(paths.into_iter().map(PathBuf::as_path).collect())
    }

    /// And these.
    pub(crate) fn and(mut self, paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        self.0.extend(paths.into_iter().map(PathBuf::as_path));
        self
    }

    /// Refuses a folder that is to be replaced and holds one of them.
    pub(crate) fn check_folder(&self, folder: &Path) -> Result<()> {
        let shares = |source: &Path| {
            files::is_inside(source, folder)
                || (source.is_dir() && files::is_inside(folder, source))
        };
        if self.0.iter().any(|source| shares(source)) {
            bail!("{} holds an input, expected another output", folder.display());
        }
        Ok(())
    }

    /// Refuses an output that is one of them.
    fn check(&self, out: &Path) -> Result<()> {
        let is_read = |source: &Path| {
            if source.is_dir() {
                files::is_inside(out, source) && would_be_read(out)
            } else {
                files::is_same(out, source)
            }
        };
        if self.0.iter().any(|source| is_read(source)) {
            bail!("{} is an input, expected another output", out.display());
        }
        Ok(())
    }
}

/// Whether a file is one that is read where it stands in an input folder.
fn would_be_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let of_store = ["manifest.json", "import_report.tsv"].contains(&&*name);
    of_store
        || name.ends_with(".parquet")
        || name.starts_with("metadata.")
        || format::recognise(path, &ReadOptions::default()).is_ok()
}

/// Results that a command writes into its folder.
pub(crate) struct Results {
    /// Files.
    pub(crate) files: &'static [&'static str],
    /// Those of them whose presence means that there is something to lose, also in a folder of this command.
    pub(crate) done: &'static [&'static str],
    /// Folders of which only files with these name endings are the command's own.
    pub(crate) folders: &'static [(&'static str, &'static str)],
    /// Whether `--resume` continues them.
    pub(crate) resumes: bool,
    /// Whether the folder was started by this command.
    pub(crate) is_own: fn(&Path) -> bool,
}

/// An output that no other process may write to until this is dropped.
pub(crate) struct Output {
    /// Goes before the folders, in one of which its file is; none for a pipe or a device.
    _lock: Option<Lock>,
    _made: Made,
}

/// Folders that a command made. If no file is in them when this is dropped, they go again.
#[must_use]
pub(crate) struct Made(Vec<PathBuf>);

impl Made {
    /// Those of `folder` and the folders above it that do not exist yet.
    fn before(folder: &Path) -> Self {
        let missing = folder.ancestors().take_while(|own| !is_there(own));
        Self(missing.filter(|own| !own.as_os_str().is_empty()).map(Path::to_owned).collect())
    }

    /// Locks the folder `out`, the innermost of them.
    pub(crate) fn locked(self, out: &Path) -> Result<Output> {
        Ok(Output { _lock: Some(Lock::folder(out)?), _made: self })
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for (i, folder) in self.0.iter().enumerate() {
            // What is below the innermost was made by the command too.
            if i == 0 && is_hollow(folder) {
                remove_hollow(folder);
            }
            let _ = fs::remove_dir(folder); // One that holds anything stays.
        }
    }
}

/// Whether there is no file in a folder, and none in the folders below it.
fn is_hollow(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| {
        entry.is_ok_and(|entry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_hollow(&entry.path())
        })
    })
}

/// Removes the folders below a hollow one.
fn remove_hollow(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        remove_hollow(&entry.path());
        let _ = fs::remove_dir(entry.path()); // Another process may have put a file there.
    }
}

/// Makes the folder `out` and locks it, if its results may be written.
pub(crate) fn folder(
    out: &Path,
    results: &Results,
    sources: &Sources<'_>,
    existing: Existing,
) -> Result<Output> {
    let own = make(out)?.locked(out)?;
    results.check(out, sources, existing)?;
    Ok(own)
}

/// Makes sure that `folder` exists and is a folder.
pub(crate) fn make(folder: &Path) -> Result<Made> {
    let made = Made::before(folder);
    atomic::create_parent(folder)?;
    if folder.is_file() {
        bail!("{} is a file, expected a folder or a new name", folder.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(made)
}

impl Results {
    /// Decides whether they may be written into `out`, and makes room for them.
    pub(crate) fn check(
        &self,
        out: &Path,
        sources: &Sources<'_>,
        existing: Existing,
    ) -> Result<()> {
        let all = self.files.iter().chain(self.done).copied();
        let found: Vec<&str> = all.filter(|name| is_there(&out.join(name))).collect();
        for name in &found {
            sources.check(&out.join(name))?;
        }
        let own = (self.is_own)(out);
        let lost = found.iter().find(|name| !own || self.done.contains(name));
        if existing == Existing::Replace {
            return self.remove(out, sources);
        }
        if let Some(name) = lost.filter(|_| existing == Existing::Keep || !own) {
            let go_on = if own && self.resumes { "--resume goes on with it, " } else { "" };
            let out = out.display();
            bail!(
                "{out} already holds {name}: {go_on}--overwrite replaces it, or choose a new folder"
            );
        }
        Ok(())
    }

    /// Whether `path`, in a folder of them, is one of them.
    pub(crate) fn have(&self, path: &str) -> bool {
        let is_below =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let in_folder = |(folder, ending): &(&str, &str)| {
            let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| Path::new(rest).ends_with(ending))
        };
        self.files.iter().chain(self.done).any(|own| *own == path)
            || (is_below && self.folders.iter().any(in_folder))
    }

    /// Removes existing ones, but never a file that the command reads.
    pub(crate) fn remove(&self, out: &Path, sources: &Sources<'_>) -> Result<()> {
        for name in self.files.iter().chain(self.done) {
            let path = out.join(name);
            if is_there(&path) {
                sources.check(&path)?;
                remove(&path)?;
            }
        }
        for (name, ending) in self.folders {
            remove_own(&out.join(name), ending, sources)?;
        }
        Ok(())
    }
}

/// Locks the file `out` and makes the folder that it stands in, if it may be written. A pipe or a device is
/// written to as it is.
pub(crate) fn file(out: &Path, sources: &Sources<'_>, existing: Existing) -> Result<Output> {
    let made = out.parent().map_or_else(|| Made(vec![]), Made::before);
    atomic::create_parent(out)?;
    if out.is_dir() {
        bail!("{} is a folder, expected a file name", out.display());
    }
    if fs::metadata(out).is_ok_and(|found| !found.is_file()) {
        return Ok(Output { _lock: None, _made: made });
    }
    sources.check(out)?;
    let lock = Lock::file(out)?;
    if existing == Existing::Keep && is_there(out) {
        bail!("{} already exists: --overwrite replaces it, or choose another name", out.display());
    }
    Ok(Output { _lock: Some(lock), _made: made })
}

/// Whether the name is taken, also by a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))
}

/// Removes the files below `folder` whose names end in `ending`, and the folders that this leaves empty; says whether there was
/// any.
fn remove_own(folder: &Path, ending: &str, sources: &Sources<'_>) -> Result<bool> {
    let mut any = false;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            any |= remove_own(&path, ending, sources)?;
        } else if entry.file_name().to_string_lossy().ends_with(ending) {
            sources.check(&path)?;
            remove(&path)?;
            any = true;
        }
    }
    if any {
        let _ = fs::remove_dir(folder); // One that holds anything else stays.
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: Results = Results {
        files: &["table.tsv"],
        done: &["done.json"],
        folders: &[("parts", ".part")],
        resumes: true,
        is_own: |out| out.join("mark").exists(),
    };

    fn text<T>(result: Result<T>, dir: &Path) -> String {
        let Err(err) = result else { return "may be written".to_owned() };
        format!("{err:#}").replace(&format!("{}/", dir.display()), "")
    }

    #[test]
    fn results_are_kept_unless_asked_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let check =
            |existing| text(folder(&out, &RESULTS, &Sources::default(), existing), dir.path());
        assert_eq!(check(Existing::Keep), "may be written");
        assert!(!out.exists(), "a folder in which nothing was written");
        fs::create_dir_all(out.join("parts/a")).unwrap();
        for name in ["table.tsv", "mine.txt"] {
            fs::write(out.join(name), "").unwrap();
        }
        fs::write(out.join("parts/a/1.part"), "").unwrap();
        fs::write(out.join("parts/mine.txt"), "").unwrap();
        insta::assert_snapshot!(check(Existing::Keep), @"out already holds table.tsv: --overwrite replaces it, or choose a new folder");
        let foreign = check(Existing::Keep);
        assert_eq!(check(Existing::GoOn), foreign, "of another command");
        fs::write(out.join("mark"), "").unwrap();
        assert_eq!(check(Existing::Keep), "may be written", "its own, and not done");
        fs::write(out.join("done.json"), "").unwrap();
        insta::assert_snapshot!(check(Existing::Keep), @"out already holds done.json: --resume goes on with it, --overwrite replaces it, or choose a new folder");
        assert_eq!(check(Existing::GoOn), "may be written");
        assert!(out.join("table.tsv").exists());
        assert_eq!(check(Existing::Replace), "may be written");
        assert!(!out.join("table.tsv").exists() && !out.join("parts/a/1.part").exists());
        assert!(out.join("mine.txt").exists() && out.join("parts/mine.txt").exists());
        assert!(!out.join("parts/a").exists(), "a folder that held nothing else");
    }

    #[test]
    fn results_have_names_that_lead_nowhere_else() {
        let results = Results { folders: &[("parts", "1.part")], ..RESULTS };
        for own in ["table.tsv", "done.json", "parts/a/1.part"] {
            assert!(results.have(own), "{own}");
        }
        for other in [
            "",
            "mine.txt",
            "parts/a/x1.part",
            "parts/../../1.part",
            "/parts/1.part",
            "../table.tsv",
        ] {
            assert!(!results.have(other), "{other}");
        }
    }

    #[test]
    fn folders_that_stay_empty_go_again_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let none = Sources::default();
        let folder = |name: &str| folder(&path(name), &RESULTS, &none, Existing::Keep).unwrap();
        let file = |name: &str| file(&path(name), &none, Existing::Keep).unwrap();
        let held = folder("new/below/out");
        fs::create_dir_all(path("new/below/out/parts/a")).unwrap();
        drop(held);
        assert!(!path("new").exists());
        let held = file("new/below/scores.tsv");
        assert!(path("new/below").exists());
        drop(held);
        assert!(!path("new").exists());
        fs::create_dir_all(path("old/out/empty")).unwrap();
        drop(folder("old/out"));
        drop(file("old/scores.tsv"));
        assert!(path("old/out/empty").exists(), "it was there before");
        let held = folder("full/out");
        fs::create_dir_all(path("full/out/parts/a")).unwrap();
        fs::write(path("full/out/done.json"), "").unwrap();
        drop(held);
        assert!(path("full/out/parts/a").exists(), "results are left as they are");
        let held = file("full/new/scores.tsv");
        fs::write(path("full/new/scores.tsv"), "").unwrap();
        drop(held);
        assert!(path("full/new/scores.tsv").exists());
    }

    #[cfg(unix)]
    #[test]
    fn an_input_is_never_replaced_whatever_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("in/sub")).unwrap();
        fs::write(path("in/sub/a.tsv"), "junction_aa\nCASSF\n").unwrap();
        fs::write(path("in/scores.tsv"), "repertoire_id\tlogit\n").unwrap();
        fs::write(path("labels.tsv"), "").unwrap();
        std::os::unix::fs::symlink(path("in/sub"), path("link")).unwrap();
        fs::hard_link(path("labels.tsv"), path("hard.tsv")).unwrap();
        let inputs = [path("in"), path("labels.tsv")];
        let check = |name: &str, existing| {
            text(file(&path(name), &Sources::of(&inputs), existing), dir.path())
        };
        for name in ["in/sub/a.tsv", "in/../in/sub/a.tsv", "link/a.tsv", "labels.tsv", "hard.tsv"] {
            let expected = format!("{name} is an input, expected another output");
            assert_eq!(check(name, Existing::Replace), expected);
        }
        assert_eq!(check("in/new.tsv", Existing::Keep), "may be written");
        assert_eq!(check("in/scores.tsv", Existing::Replace), "may be written", "no repertoire");
        assert_eq!(check("/dev/null", Existing::Keep), "may be written");
        fs::write(path("old.tsv"), "").unwrap();
        insta::assert_snapshot!(check("old.tsv", Existing::Keep), @"old.tsv already exists: --overwrite replaces it, or choose another name");
        assert_eq!(check("old.tsv", Existing::Replace), "may be written");
        std::os::unix::fs::symlink(path("nowhere"), path("dangling.tsv")).unwrap();
        assert!(check("dangling.tsv", Existing::Keep).contains("already exists"));
    }
}
