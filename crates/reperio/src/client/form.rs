//! Files as a form, `multipart/form-data`, streamed.
//!
//! # References
//!
//! RFC 7578; the HTML standard, "multipart form data", for the escapes in names.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use reperio_data::cohort::CohortError;
use reperio_data::progress::{Observer, Progress};

use super::error::ClientError;

/// Files that are sent.
#[derive(Clone, Debug)]
pub(crate) struct Files(Vec<Sent>);

/// A file that is sent.
#[derive(Clone, Debug)]
struct Sent {
    path: PathBuf,
    /// The last part of its path.
    name: String,
    bytes: u64,
}

impl Files {
    /// The files at `paths`, of which each must be there, and have a name of its own.
    pub(crate) fn of(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let missing: Vec<PathBuf> = paths.iter().filter(|path| !path.exists()).cloned().collect();
        if !missing.is_empty() {
            return Err(CohortError::NoSuchInput { inputs: missing }.into());
        }
        let files: Vec<Sent> = paths.iter().map(|path| sent(path)).collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(again) = files.iter().find(|file| !names.insert(&file.name)) {
            return Err(ClientError::SameName { name: again.name.clone() }.into());
        }
        Ok(Self(files))
    }

    /// A text of the server, which knows the names of the files alone, with their paths.
    pub(crate) fn with_paths(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let found = starts(&out).then(|| self.at_the_start_of(rest)).flatten();
            if let Some(Sent { path, name, .. }) = found {
                out.push_str(&path.display().to_string());
                rest = &rest[name.len()..];
            } else {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        out
    }

    /// The file whose name `text` begins with.
    fn at_the_start_of(&self, text: &str) -> Option<&Sent> {
        self.0.iter().find(|file| text.strip_prefix(file.name.as_str()).is_some_and(ends))
    }
}

/// Whether a name can begin behind `text`.
fn starts(text: &str) -> bool {
    text.chars().next_back().is_none_or(|c| c.is_whitespace() || "=([".contains(c))
}

/// Whether a name can end before `text`.
fn ends(text: &str) -> bool {
    text.chars().next().is_none_or(|c| c.is_whitespace() || ":,;)]".contains(c))
}

fn sent(path: &Path) -> Result<Sent, ClientError> {
    let found = fs::metadata(path);
    let found = found.map_err(|source| ClientError::Read { path: path.to_owned(), source })?;
    let name = path.file_name().filter(|_| found.is_file());
    let name = name.ok_or_else(|| ClientError::NotAFile { path: path.to_owned() })?;
    let name = name.to_string_lossy().into_owned();
    Ok(Sent { path: path.to_owned(), name, bytes: found.len() })
}

/// The body of a request.
pub(super) struct Body<'a> {
    parts: std::vec::IntoIter<Part<'a>>,
    /// What is being read.
    open: Option<Box<dyn Read>>,
    /// Bytes left of the open file.
    left: u64,
    /// The file that is open, or was last.
    file: Option<&'a Sent>,
    done: u64,
    total: u64,
    observer: &'a dyn Observer,
    /// Why reading failed: what reads the body has only an [`io::Error`] of it.
    pub(super) failed: Option<ClientError>,
}

enum Part<'a> {
    Text(Vec<u8>),
    File(&'a Sent),
}

impl<'a> Body<'a> {
    /// A form with `files` between lines with `boundary`.
    pub(super) fn new(files: &'a Files, boundary: &str, observer: &'a dyn Observer) -> Self {
        let mut parts = Vec::new();
        for file in &files.0 {
            parts.push(Part::Text(head(&file.name, boundary).into_bytes()));
            parts.push(Part::File(file));
            parts.push(Part::Text(b"\r\n".to_vec()));
        }
        parts.push(Part::Text(format!("--{boundary}--\r\n").into_bytes()));
        let total = files.0.iter().map(|file| file.bytes).sum();
        let parts = parts.into_iter();
        Self { parts, open: None, left: 0, file: None, done: 0, total, observer, failed: None }
    }

    /// Bytes of all of it.
    pub(super) fn len(&self) -> u64 {
        let bytes = |part: &Part<'_>| match part {
            Part::Text(text) => text.len() as u64,
            Part::File(file) => file.bytes,
        };
        self.parts.as_slice().iter().map(bytes).sum()
    }

    /// Opens the next part. False at the end.
    fn next(&mut self) -> Result<bool, ClientError> {
        self.open = match self.parts.next() {
            None => None,
            Some(Part::Text(text)) => {
                self.left = text.len() as u64;
                Some(Box::new(Cursor::new(text)))
            }
            Some(Part::File(file)) => {
                (self.left, self.file) = (file.bytes, Some(file));
                let opened = File::open(&file.path).map_err(|err| unreadable(file, err))?;
                Some(Box::new(opened))
            }
        };
        Ok(self.open.is_some())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ClientError> {
        if self.observer.cancelled() {
            return Err(ClientError::Stopped);
        }
        while self.left == 0 {
            if !self.next()? {
                return Ok(0);
            }
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let open = self.open.as_mut().expect("bytes are left of what is open");
        match (open.read(&mut buffer[..most]), self.file) {
            (Ok(0), Some(file)) => Err(ClientError::Shorter { path: file.path.clone() }),
            (Err(err), Some(file)) => Err(unreadable(file, err)),
            (Ok(n), _) => {
                self.left -= n as u64;
                self.tell(n as u64);
                Ok(n)
            }
            (Err(_), None) => unreachable!("a text is read before the first file, and cannot fail"),
        }
    }

    fn tell(&mut self, n: u64) {
        self.done = (self.done + n).min(self.total); // Close enough: the lines between the files are short.
        let (done, total) = (self.done, self.total);
        self.observer.progress(Progress { task: "sending", done, total, unit: "bytes" });
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer).map_err(|err| {
            let text = err.to_string();
            self.failed = Some(err);
            io::Error::other(text)
        })
    }
}

fn unreadable(file: &Sent, source: io::Error) -> ClientError {
    ClientError::Read { path: file.path.clone(), source }
}

/// What stands before a file.
fn head(name: &str, boundary: &str) -> String {
    let name = name.replace('\n', "%0A").replace('\r', "%0D").replace('"', "%22");
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use reperio_data::progress::Silent;

    use super::*;

    fn files(contents: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().unwrap();
        let write = |(name, content): &(&str, &str)| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            path
        };
        let paths = contents.iter().map(write).collect();
        (dir, paths)
    }

    #[test]
    fn a_form_is_as_long_as_it_says() {
        let (_dir, paths) = files(&[("a.tsv", "one\n"), ("empty", ""), ("q\"q", "three")]);
        let files = Files::of(&paths).unwrap();
        let mut body = Body::new(&files, "x", &Silent);
        let (length, mut text) = (body.len(), String::new());
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, length);
        insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
        --x
        Content-Disposition: form-data; name="file"; filename="a.tsv"
        Content-Type: application/octet-stream

        one

        --x
        Content-Disposition: form-data; name="file"; filename="empty"
        Content-Type: application/octet-stream


        --x
        Content-Disposition: form-data; name="file"; filename="q%22q"
        Content-Type: application/octet-stream

        three
        --x--
        "#);
    }

    #[test]
    fn only_files_of_distinct_names_are_sent() {
        let (dir, paths) = files(&[("a.tsv", ""), ("sub/a.tsv", "")]);
        let told = |paths: &[PathBuf]| {
            let text = format!("{:#}", Files::of(paths).unwrap_err());
            text.replace(&format!("{}/", dir.path().display()), "")
        };
        assert_eq!(
            told(&paths),
            "two inputs are called \"a.tsv\", expected distinct names with --server"
        );
        assert_eq!(
            told(&[dir.path().join("sub")]),
            "sub is no file: name the files that --server is to get, one by one"
        );
        assert_eq!(told(&[dir.path().join("b.tsv")]), "no such file or folder: b.tsv");
    }

    #[test]
    fn a_file_that_shrinks_is_told_by_name() {
        let (_dir, paths) = files(&[("a.tsv", "one\n")]);
        let files = Files::of(&paths).unwrap();
        fs::write(&paths[0], "on").unwrap();
        let mut body = Body::new(&files, "x", &Silent);
        assert!(io::copy(&mut body, &mut io::sink()).is_err());
        assert!(matches!(body.failed, Some(ClientError::Shorter { .. })));
    }

    #[test]
    fn names_in_texts_become_paths_again() {
        let (dir, paths) = files(&[("in/a.tsv", ""), ("in/a", "")]);
        let files = Files::of(&paths).unwrap();
        let told = files.with_paths("a.tsv:3: no, a is short path=a (a) banana a.tsv.gz b/a");
        let told = told.replace(&format!("{}/", dir.path().display()), "");
        assert_eq!(told, "in/a.tsv:3: no, in/a is short path=in/a (in/a) banana a.tsv.gz b/a");
    }
}
