//! A job from the upload to its results.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::time::Duration;

use reperio_data::atomic::WriteError;
use reperio_data::progress::{Observer, Progress};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::connection::{Answer, Server};
use super::error::ClientError;
use super::form::Files;
use super::retry;

/// First and longest pause between two looks at a job.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];

/// What a server is asked to do.
pub(crate) struct Request {
    /// Command.
    pub(crate) command: &'static str,
    /// Parameters of the API.
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Its input.
    pub(crate) files: Files,
}

/// A job that is done.
#[derive(Debug)]
pub(crate) struct Done {
    id: String,
    /// Warnings of the command, with the paths that it was given.
    pub(crate) warnings: Vec<String>,
    /// What it wrote.
    pub(crate) files: Vec<Written>,
}

/// A file of the results.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Written {
    /// Path in the folder of the results.
    pub(crate) path: String,
    /// SHA-256, in hexadecimal digits.
    sha256: String,
}

/// What a server says of a job.
#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    state: State,
    position: Option<u64>,
    progress: Option<Advance>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    files: Vec<Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Debug, Deserialize)]
struct Advance {
    task: String,
    done: u64,
    total: u64,
    unit: String,
}

/// Sends the files, waits until the job has ended, and cancels it if the person asks to stop.
pub(crate) fn run(
    server: &Server,
    request: &Request,
    observer: &dyn Observer,
) -> Result<Done, ClientError> {
    let mut job = submit(server, request, observer)?;
    let path = format!("/v1/jobs/{}", job.id);
    let [mut pause, longest] = PAUSES;
    let mut shown = Shown::default();
    while matches!(job.state, State::Queued | State::Running) {
        shown.show(&job, observer);
        let next = retry::rest(pause, observer).and_then(|()| server.json(&path, observer));
        job = next.inspect_err(|err| {
            if matches!(err, ClientError::Stopped) {
                let _ = server.post(&format!("{path}/cancel")); // It may have ended by now.
            }
        })?;
        pause = longest.min(pause * 3 / 2);
    }
    shown.end(observer);
    let with_paths = |text: &String| request.files.with_paths(text);
    match job.state {
        State::Failed => Err(ClientError::Failed(with_paths(&job.error.unwrap_or_default()))),
        State::Cancelled => Err(ClientError::Failed("the job was cancelled".to_owned())),
        _ => {
            let warnings = job.warnings.iter().map(with_paths).collect();
            Ok(Done { warnings, id: job.id, files: job.files })
        }
    }
}

fn submit(server: &Server, request: &Request, observer: &dyn Observer) -> Result<Job, ClientError> {
    let Request { command, parameters, files } = request;
    let (key, path) = (random_key()?, format!("/v1/{command}"));
    let answer = retry::until_it_passes(observer, || {
        server.post_files(&path, parameters, files, &key, observer)
    });
    let answer = answer.map_err(|err| told(err, files))?;
    match id_of_ended(&answer) {
        Some(id) => server.json(&format!("/v1/jobs/{id}"), observer), // A try before was heard.
        None => server.object(answer),
    }
}

/// The job whose result an answer is.
fn id_of_ended(answer: &Answer) -> Option<String> {
    answer.header("reperio-job").filter(|_| answer.status == 200).map(str::to_owned)
}

/// An error as the command would have told it here.
fn told(err: ClientError, files: &Files) -> ClientError {
    match err {
        ClientError::Refused(mut problem) => {
            problem.detail = files.with_paths(&problem.detail);
            ClientError::Refused(problem)
        }
        other => other,
    }
}

fn random_key() -> Result<String, ClientError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(ClientError::Random)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

impl Server {
    /// What the command prints with `--json`.
    pub(crate) fn report<T: DeserializeOwned>(
        &self,
        done: &Done,
        observer: &dyn Observer,
    ) -> Result<T, ClientError> {
        self.json(&format!("/v1/jobs/{}/result?as=json", done.id), observer)
    }

    /// Gives a file of the results to `save`, which must not keep what it read if that fails, and may be called again.
    pub(crate) fn file(
        &self,
        done: &Done,
        file: &Written,
        observer: &dyn Observer,
        mut save: impl FnMut(&mut dyn Read) -> Result<(), WriteError>,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/jobs/{}/files/{}", done.id, encoded(&file.path));
        retry::until_it_passes(observer, || {
            let from = self.get(&path)?.into_reader();
            let mut arriving = Arriving { from, file, hash: Sha256::new(), failed: None };
            let saved = save(&mut arriving);
            match arriving.failed {
                Some(Fault::Damaged) => Err(ClientError::Damaged { name: file.path.clone() }),
                Some(Fault::Broken(err)) => Err(self.lost(ureq::Error::Io(err))),
                None => Ok(saved?),
            }
        })
    }
}

/// A file on its way, held against its hash.
struct Arriving<'a, R> {
    from: R,
    file: &'a Written,
    hash: Sha256,
    failed: Option<Fault>,
}

enum Fault {
    Broken(io::Error),
    Damaged,
}

impl<R: Read> Read for Arriving<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.from.read(buffer) {
            Ok(0) if !buffer.is_empty() => {
                let hash = format!("{:x}", self.hash.clone().finalize());
                if hash == self.file.sha256 {
                    return Ok(0);
                }
                self.failed = Some(Fault::Damaged);
                Err(io::ErrorKind::InvalidData.into())
            }
            Ok(n) => {
                self.hash.update(&buffer[..n]);
                Ok(n)
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => Err(err),
            Err(err) => {
                let kind = err.kind();
                self.failed = Some(Fault::Broken(err));
                Err(kind.into())
            }
        }
    }
}

/// A path in a URL.
fn encoded(path: &str) -> String {
    let mut out = String::new();
    for &byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // A string takes everything.
        }
    }
    out
}

/// What the bars show of a job.
#[derive(Default)]
struct Shown {
    /// Jobs before it when it was first seen to wait.
    before: Option<u64>,
    /// The task that runs, its units and what they are.
    task: Option<(String, u64, &'static str)>,
}

impl Shown {
    fn show(&mut self, job: &Job, observer: &dyn Observer) {
        if let Some(position) = job.position {
            let before = *self.before.get_or_insert(position.max(1));
            let done = before.saturating_sub(position);
            self.tell(observer, "waiting for other jobs", done, before, "jobs");
        }
        if let Some(Advance { task, done, total, unit }) = &job.progress {
            self.tell(observer, task, *done, *total, unit_of(unit));
        }
    }

    fn tell(
        &mut self,
        observer: &dyn Observer,
        task: &str,
        done: u64,
        total: u64,
        unit: &'static str,
    ) {
        if self.task.as_ref().is_some_and(|(known, ..)| known != task) {
            self.end(observer);
        }
        self.task = Some((task.to_owned(), total, unit));
        observer.progress(Progress { task, done, total, unit });
    }

    /// The task that was shown last has ended, though nobody may have looked.
    fn end(&mut self, observer: &dyn Observer) {
        if let Some((task, total, unit)) = self.task.take() {
            observer.progress(Progress { task: &task, done: total, total, unit });
        }
    }
}

/// The same, for as long as the program runs.
fn unit_of(unit: &str) -> &'static str {
    const UNITS: [&str; 6] = ["repertoires", "files", "sequences", "clonotypes", "rows", "bytes"];
    UNITS.into_iter().find(|own| *own == unit).unwrap_or("units")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Observer for Kept {
        fn progress(&self, Progress { task, done, total, unit }: Progress<'_>) {
            self.0.lock().unwrap().push(format!("{task} {done}/{total} {unit}"));
        }

        fn scalar(&self, _: &str, _: u64, _: f64) {}

        fn cancelled(&self) -> bool {
            false
        }
    }

    fn job(position: Option<u64>, progress: Option<(&str, u64)>) -> Job {
        let unit = "repertoires".to_owned();
        let advance = |(task, done): (&str, u64)| Advance {
            task: task.to_owned(),
            done,
            total: 9,
            unit: unit.clone(),
        };
        Job {
            id: String::new(),
            state: State::Running,
            position,
            progress: progress.map(advance),
            error: None,
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }

    #[test]
    fn a_task_ends_before_the_next_is_shown() {
        let (kept, mut shown) = (Kept::default(), Shown::default());
        for own in [
            job(Some(2), None),
            job(Some(1), None),
            job(None, Some(("reading", 3))),
            job(None, Some(("scoring", 1))),
        ] {
            shown.show(&own, &kept);
        }
        shown.end(&kept);
        insta::assert_snapshot!(kept.0.lock().unwrap().join("\n"), @"
        waiting for other jobs 0/2 jobs
        waiting for other jobs 1/2 jobs
        waiting for other jobs 2/2 jobs
        reading 3/9 repertoires
        reading 9/9 repertoires
        scoring 1/9 repertoires
        scoring 9/9 repertoires
        ");
    }

    #[test]
    fn a_damaged_file_is_not_taken() {
        let file = Written { path: "a".to_owned(), sha256: format!("{:x}", Sha256::digest("abc")) };
        let read = |content: &'static [u8]| {
            let (mut out, hash) = (Vec::new(), Sha256::new());
            let mut arriving = Arriving { from: content, file: &file, hash, failed: None };
            io::copy(&mut arriving, &mut out).is_ok()
        };
        assert!(read(b"abc"));
        assert!(!read(b"abd") && !read(b"ab"));
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(encoded("repertoires/a b?/x.tsv"), "repertoires/a%20b%3F/x.tsv");
    }
}
