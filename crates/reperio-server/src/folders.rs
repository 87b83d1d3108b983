//! Where the server keeps its files.
//!
//! ```text
//! DATA/store.sqlite      jobs and the audit log
//! DATA/incoming/ID       an upload under way; removed at the start
//! DATA/jobs/ID/input     what was uploaded; removed when the job ends
//! DATA/jobs/ID/out       results
//! DATA/models/SHA256     copies of models
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::Work;

/// The folder of everything that the server keeps.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    data: PathBuf,
}

impl Folders {
    /// Makes the folders of `data` that are not there, readable by the server alone, and removes uploads that did not end.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        fs::create_dir_all(data)?;
        let own = Self { data: data.canonicalize()? };
        close_to_others(&own.data)?;
        match fs::remove_dir_all(own.data.join("incoming")) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
        for folder in ["incoming", "jobs", "models"] {
            fs::create_dir_all(own.data.join(folder))?;
        }
        Ok(own)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.data.join("store.sqlite")
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.data.join("models")
    }

    pub(crate) fn incoming(&self, id: &str) -> PathBuf {
        self.data.join("incoming").join(id)
    }

    pub(crate) fn job(&self, id: &str) -> PathBuf {
        self.data.join("jobs").join(id)
    }

    pub(crate) fn input(&self, id: &str) -> PathBuf {
        self.job(id).join("input")
    }

    pub(crate) fn out(&self, id: &str) -> PathBuf {
        self.job(id).join("out")
    }

    /// Gives an upload that has ended to its job.
    pub(crate) fn take(&self, id: &str) -> io::Result<()> {
        fs::create_dir(self.job(id))?;
        fs::rename(self.incoming(id), self.input(id))?;
        fs::File::open(self.job(id))?.sync_all()?;
        fs::File::open(self.data.join("jobs"))?.sync_all()
    }

    /// Removes an upload that became no job.
    pub(crate) fn refuse(&self, id: &str) {
        gone(&self.incoming(id));
        gone(&self.job(id));
    }

    /// Removes a job's files. What cannot be removed now is removed by the next start.
    pub(crate) fn remove(&self, id: &str) {
        gone(&self.job(id));
    }

    /// Removes what a job that has no result has written.
    pub(crate) fn remove_out(&self, id: &str) {
        gone(&self.out(id));
    }

    /// Removes what was uploaded for a job.
    pub(crate) fn remove_inputs(&self, id: &str) {
        gone(&self.input(id));
    }

    /// Removes the folders of jobs that are not `known`: those of uploads that were never accepted.
    pub(crate) fn sweep(&self, known: &[String]) -> io::Result<()> {
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        for entry in fs::read_dir(self.data.join("jobs"))? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
                gone(&entry.path());
            }
        }
        Ok(())
    }

    /// A text of the command, with the names that its caller knows in place of the server's paths: as if the command had
    /// been started beside the files and the model.
    pub(crate) fn without_paths(&self, text: &str, id: &str, work: &Work) -> String {
        let below = |path: PathBuf| format!("{}/", path.display());
        let text = text.replace(&below(self.input(id)), "").replace(&below(self.out(id)), "");
        let text = text.replace(&self.out(id).display().to_string(), "out");
        let model = work.model_folder.join("model.safetensors").display().to_string();
        text.replace(&model, &work.model)
            .replace(&work.model_folder.display().to_string(), &work.model)
    }
}

fn gone(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("cannot remove {}: {err}", folder.display());
        }
        _ => {}
    }
}

/// Patients' files are nobody else's to read.
#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
