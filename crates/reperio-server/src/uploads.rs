//! Uploads, streamed to the disk.
//!
//! A client names no path. A file lies in a folder that the server made for the upload alone, under the last part of its
//! name, which may hold letters, digits and a few other characters: the name is the id of a repertoire, and errors state it.

use std::path::{Path, PathBuf};

use axum::body::Bytes;
use axum::http::StatusCode;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::problem::{Answer, Problem};
use crate::store::Input;

/// Bytes of a name.
const LONGEST_NAME: usize = 128;

/// Files of an upload.
const MOST_FILES: usize = 1000;

/// Bytes that wait to be written.
const BUFFER: usize = 1 << 18;

/// An upload under way. Dropped before it is [`kept`](Self::keep), it leaves nothing.
pub(crate) struct Upload {
    folder: PathBuf,
    left: u64,
    most: u64,
    inputs: Vec<Input>,
    kept: bool,
}

impl Upload {
    /// Makes the folder, which must not exist.
    pub(crate) async fn begin(folder: PathBuf, most: u64) -> Answer<Self> {
        fs::create_dir(&folder).await.map_err(|err| failed(&err))?;
        Ok(Self { folder, left: most, most, inputs: Vec::new(), kept: false })
    }

    /// Begins a file.
    pub(crate) async fn file(&mut self, name: &str) -> Answer<Writing<'_>> {
        check_name(name)?;
        if self.inputs.len() == MOST_FILES {
            return Err(too_large(format!("more than {MOST_FILES} files in one request")));
        }
        let path = self.folder.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).await;
        let file = file.map_err(|err| match err.kind() {
            std::io::ErrorKind::AlreadyExists => Problem::bad_request(format!(
                "two files are called {name:?}, expected distinct names"
            )),
            _ => failed(&err),
        })?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Writing { upload: self, file, name: name.to_owned(), bytes: 0, hash: Sha256::new() })
    }

    /// What has arrived, with the hash of it all; the folder stays.
    pub(crate) async fn keep(mut self) -> Answer<(Vec<Input>, String)> {
        if self.inputs.is_empty() {
            return Err(Problem::bad_request("no file in the request, expected at least one"));
        }
        sync(&self.folder).await?;
        self.kept = true;
        let mut hash = Sha256::new();
        for Input { name, sha256, .. } in &self.inputs {
            hash.update(format!("{sha256} {name}\n"));
        }
        Ok((std::mem::take(&mut self.inputs), format!("{:x}", hash.finalize())))
    }

    /// Bytes that arrived.
    pub(crate) fn bytes(&self) -> u64 {
        self.most - self.left
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.folder); // The next start removes what is left.
        }
    }
}

/// A file under way.
pub(crate) struct Writing<'a> {
    upload: &'a mut Upload,
    file: BufWriter<File>,
    name: String,
    bytes: u64,
    hash: Sha256,
}

impl Writing<'_> {
    /// Adds bytes to the file.
    pub(crate) async fn write(&mut self, bytes: &Bytes) -> Answer<()> {
        let n = bytes.len() as u64;
        let most = self.upload.most;
        let left = self.upload.left.checked_sub(n);
        let text = || {
            too_large(format!(
                "the upload is larger than {most} bytes, the most that this server takes"
            ))
        };
        self.upload.left = left.ok_or_else(text)?;
        self.bytes += n;
        self.hash.update(bytes);
        self.file.write_all(bytes).await.map_err(|err| failed(&err))
    }

    /// The file is whole.
    pub(crate) async fn end(mut self) -> Answer<()> {
        self.file.flush().await.map_err(|err| failed(&err))?;
        self.file.get_ref().sync_all().await.map_err(|err| failed(&err))?;
        let sha256 = format!("{:x}", self.hash.finalize());
        self.upload.inputs.push(Input { name: self.name, bytes: self.bytes, sha256 });
        Ok(())
    }
}

/// Writes a folder's entries to the disk.
pub(crate) async fn sync(folder: &Path) -> Answer<()> {
    let opened = File::open(folder).await.map_err(|err| failed(&err))?;
    opened.sync_all().await.map_err(|err| failed(&err))
}

/// Whether a file may have this name.
fn check_name(name: &str) -> Answer<()> {
    let plain = |c: char| c.is_alphanumeric() || " ._-+()".contains(c);
    let good = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
        && name.chars().all(plain);
    if good {
        return Ok(());
    }
    Err(Problem::bad_request(format!(
        "file name {name:?}, expected at most {LONGEST_NAME} bytes of letters, digits, spaces and . _ - + ( ), without a dot or a space at its ends"
    )))
}

fn too_large(text: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
}

/// The problem that a fault of the disk is.
pub(crate) fn failed(err: &std::io::Error) -> Problem {
    let full = [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded];
    if full.contains(&err.kind()) {
        tracing::error!("{err}");
        return Problem::new(StatusCode::INSUFFICIENT_STORAGE, "the server's disk is full");
    }
    Problem::internal(err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for good in ["patient7.tsv.gz", "Probe 3 (neu).csv", "Ærø-1.txt", "a"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(129);
        for bad in [
            "",
            ".",
            "..",
            "../a",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:a",
            ".hidden",
            "a\0b",
            "a\nb",
            " a",
            "a ",
            "a.",
            "<b>",
            "a'b",
            "a\"b",
            "a;b",
            "a%2fb",
            "a\u{202e}b",
            long.as_str(),
        ] {
            let problem = check_name(bad).unwrap_err();
            assert_eq!(problem.status, 400, "{bad}");
        }
    }

    #[tokio::test]
    async fn an_upload_that_is_not_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("upload");
        let mut upload = Upload::begin(folder.clone(), 5).await.unwrap();
        let mut file = upload.file("a.tsv").await.unwrap();
        file.write(&Bytes::from_static(b"abc")).await.unwrap();
        file.end().await.unwrap();
        assert_eq!(upload.file("a.tsv").await.err().unwrap().status, 400);
        let mut file = upload.file("b.tsv").await.unwrap();
        assert_eq!(file.write(&Bytes::from_static(b"abc")).await.unwrap_err().status, 413);
        drop(file);
        drop(upload);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_kept_upload_has_the_hashes_of_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut upload = Upload::begin(dir.path().join("upload"), 100).await.unwrap();
        let mut file = upload.file("a.tsv").await.unwrap();
        file.write(&Bytes::from_static(b"ab")).await.unwrap();
        file.write(&Bytes::from_static(b"c")).await.unwrap();
        file.end().await.unwrap();
        assert_eq!(upload.bytes(), 3);
        let (inputs, all) = upload.keep().await.unwrap();
        // sha256sum of `abc`, FIPS 180-2.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(inputs, [Input { name: "a.tsv".into(), bytes: 3, sha256: abc.into() }]);
        assert_eq!(all, format!("{:x}", Sha256::digest(format!("{abc} a.tsv\n"))));
        assert_eq!(std::fs::read(dir.path().join("upload/a.tsv")).unwrap(), b"abc");
    }
}
