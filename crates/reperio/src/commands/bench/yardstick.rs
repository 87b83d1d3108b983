//! A PyTorch program in its own process: one JSON request per line, one JSON answer per line.
//!
//! The programs are in `crates/reperio-model/benches/yardstick/`, with the protocol, and are embedded in
//! the binary.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

macro_rules! program {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../reperio-model/benches/yardstick/", $name)))
    };
}

const PROGRAMS: [(&str, &str); 4] = [
    program!("yardstick.py"),
    program!("cohort.py"),
    program!("published.py"),
    program!("best.py"),
];

/// Writes the programs to `folder`.
pub(super) fn install(folder: &Path) -> Result<()> {
    for (name, text) in PROGRAMS {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// A request to a yardstick.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) task: &'a str,
    pub(super) device: &'a str,
    pub(super) threads: usize,
}

/// Its answer.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) seconds: Vec<f64>,
    pub(super) peak_bytes: Option<u64>,
    pub(super) logits: Vec<f64>,
    #[serde(default)]
    pub(super) loss: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Failed { error: String },
    Done(Answer),
}

/// A running program; it ends with this value.
pub(super) struct Yardstick {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Where its standard error goes.
    log: PathBuf,
    /// Version of PyTorch.
    pub(super) torch: String,
}

#[derive(Deserialize)]
struct Greeting {
    torch: String,
}

impl Yardstick {
    /// Starts `python` on the programs in `folder` with the workload in `input`.
    pub(super) fn start(python: &Path, folder: &Path, input: &Path) -> Result<Self> {
        let log = folder.join("errors.txt");
        let errors = fs::OpenOptions::new().create(true).append(true).open(&log);
        let errors = errors.with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(python)
            .arg(folder.join("yardstick.py"))
            .arg(input)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the yardstick has no output")?);
        let mut own = Self { child, requests, answers, log, torch: String::new() };
        own.torch = own.read::<Greeting>()?.torch;
        Ok(own)
    }

    /// Asks and waits.
    pub(super) fn ask(&mut self, request: Request<'_>) -> Result<Answer> {
        let requests = self.requests.as_mut().context("the yardstick has ended")?;
        let line = serde_json::to_string(&request)?;
        // A program that has ended says why in what `read` finds.
        let _ = writeln!(requests, "{line}").and_then(|()| requests.flush());
        match self.read()? {
            Line::Done(answer) => Ok(answer),
            Line::Failed { error } => bail!("the yardstick failed: {error}"),
        }
    }

    fn read<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line).context("cannot read from the yardstick")?;
        if line.is_empty() {
            bail!("the yardstick ended: {}", self.last_words());
        }
        serde_json::from_str(&line).with_context(|| format!("the yardstick said {line:?}"))
    }

    /// The last line that the program wrote to standard error.
    fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        last.unwrap_or("without a message").to_owned()
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        self.requests = None; // The end of its input ends the program.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
