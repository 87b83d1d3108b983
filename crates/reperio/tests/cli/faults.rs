//! A disk that fails and a process that dies at any call which changes the output: nothing half-written under a final
//! name, a clear error, and the same bytes after a rerun.
//!
//! `faults.c` stands between the program and the C library. Each command is tried at a few of its calls; with
//! `REPERIO_FAULTS=all` at each of them in every way, and at 200 random moments, a third with each signal.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "says what was tried and what was skipped"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{bytes, done, folder, on_cohort, reperio, small_cohort};

/// What `faults.c` can do to a call.
const WAYS: [&str; 5] = ["once", "full", "kill", "term", "int"];
/// Calls of each command that are tried, unless all are.
const TRIED: usize = 10;
/// Random moments of each signal, where everything is tried.
const MOMENTS: u32 = 67;
/// A command that takes longer than this has hung.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether everything is to be tried.
fn all() -> bool {
    std::env::var("REPERIO_FAULTS").is_ok_and(|value| value == "all")
}

/// Whether a file is none that a person looks at.
fn is_hidden(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file.starts_with('.'))
}

/// A command that writes `out`, and how it is run again after it was cut short.
struct Case {
    dir: TempDir,
    library: PathBuf,
    command: Vec<&'static str>,
    again: Vec<&'static str>,
    expected: BTreeMap<String, Vec<u8>>,
}

impl Case {
    /// Runs the command once, undisturbed. None where calls cannot be reached so: elsewhere than on Linux.
    fn new(command: &[&'static str], again: &[&'static str], prepare: &[&[&str]]) -> Option<Self> {
        let dir = folder();
        let library = dir.path().join("faults.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/faults.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
        if !cfg!(target_os = "linux") {
            eprintln!("skipped: not Linux");
            return None;
        }
        // The C compiler that the program was built with.
        assert!(compiler.status().expect("a C compiler").success());
        small_cohort(&dir, 16, 40);
        for command in prepare {
            done(&dir, command);
        }
        let (command, again) = (command.to_vec(), again.to_vec());
        let mut case = Self { dir, library, command, again, expected: BTreeMap::new() };
        let output = case.run(&case.command, None);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        case.expected = case.results();
        assert!(!case.expected.is_empty());
        Some(case)
    }

    /// Runs a command, whose call of a number is to go wrong in some way.
    fn run(&self, arguments: &[&str], fault: Option<(usize, &str)>) -> Output {
        let mut command = reperio(&self.dir, arguments);
        command.args(["--threads", "1"]).env("LD_PRELOAD", &self.library);
        let under = self.dir.path().canonicalize().expect("a folder").join("out");
        command.env("FAULT_UNDER", under).env("FAULT_COUNT", self.dir.path().join("count"));
        if let Some((at, how)) = fault {
            command.env("FAULT_AT", at.to_string()).env("FAULT_HOW", how);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        child.and_then(std::process::Child::wait_with_output).expect("the program starts")
    }

    /// Calls of the run before.
    fn calls(&self) -> usize {
        let count = fs::read_to_string(self.dir.path().join("count")).expect("a count");
        count.trim().parse().expect("a number")
    }

    /// The files of `out` that a person takes for results: all but what a run keeps to go on with.
    fn results(&self) -> BTreeMap<String, Vec<u8>> {
        let out = self.dir.path().join("out");
        let mut files = if out.exists() { bytes(&out) } else { BTreeMap::new() };
        files.retain(|name, _| {
            let is_work = ["checkpoint/", "import.journal", "sha256", "folds/"];
            let is_temporary = name.contains(".reperio-");
            // They hold the command line, which `--resume` changes.
            let has_command = ["config.toml", "report.html", "explanation.json"];
            let has_command = has_command.iter().any(|own| name.ends_with(own));
            is_temporary || !(is_work.iter().any(|own| name.contains(own)) || has_command)
        });
        files
    }

    fn clear(&self) {
        let _ = fs::remove_dir_all(self.dir.path().join("out"));
    }

    /// Whether a file is as it was in the undisturbed run. The tables of a comparison hold seconds: these end alike.
    fn is_whole(&self, name: &str, content: &[u8]) -> bool {
        let Some(expected) = self.expected.get(name) else { return false };
        let last = |content: &[u8]| content.last().copied();
        let is_timed = name.starts_with("compare.");
        expected == content || is_timed && last(expected) == last(content)
    }

    /// Every file with a final name is whole; the command run again ends as if nothing had happened.
    fn check(&self, when: &str) {
        for (name, content) in self.results().iter().filter(|(name, _)| !is_hidden(name)) {
            assert!(self.is_whole(name, content), "{when}: {name} is half-written");
        }
        let output = self.run(&self.again, None);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{when}, then run again: {text}");
        let after = self.results();
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&after), names(&self.expected), "{when}, then run again");
        for (name, content) in &after {
            assert!(self.is_whole(name, content), "{when}, then run again: {name} differs");
        }
    }

    /// Every call, or some of them, goes wrong.
    fn calls_go_wrong(&self) {
        let calls = self.calls();
        assert!(calls > 2, "{calls} calls: the library does not see them");
        let step = if all() { 1 } else { calls.div_ceil(TRIED) };
        for (i, at) in (1..=calls).step_by(step).enumerate() {
            for (w, how) in WAYS.into_iter().enumerate() {
                if !all() && i % WAYS.len() != w {
                    continue;
                }
                self.clear();
                let output = self.run(&self.command, Some((at, how)));
                let when = format!("{}: call {at} of {calls}, {how}", self.command[0]);
                self.check_end(&output, how, &when);
                self.check(&when);
            }
        }
        println!("{}: {calls} calls, every {step}. tried", self.command[0]);
    }

    /// The program says what went wrong, or nothing did.
    fn check_end(&self, output: &Output, how: &str, when: &str) {
        let text = String::from_utf8_lossy(&output.stderr);
        match (how, output.status.code()) {
            ("kill", None) => {}
            (_, Some(0)) => {
                // A lock that cannot be removed is left, and is none any more.
                let written = self.results().into_keys().filter(|name| !is_hidden(name)).count();
                assert_eq!(written, self.expected.len(), "{when}: done, it says");
            }
            ("term" | "int", Some(130)) => assert!(text.contains("interrupted"), "{when}: {text}"),
            ("once" | "full", Some(1)) => {
                let says = text.contains("error: ") && text.contains("No space left on device");
                assert!(says, "{when}: {text}");
            }
            (_, code) => panic!("{when}: exit code {code:?}: {text}"),
        }
    }

    /// The process gets a signal at a random moment.
    fn signals_come(&self) {
        if !all() {
            return;
        }
        self.clear();
        let started = Instant::now();
        self.run(&self.command, None);
        let whole = started.elapsed();
        let mut state = 1_u32;
        for signal in ["-KILL", "-TERM", "-INT"] {
            for _ in 0..MOMENTS {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let moment = whole * (state >> 16) / (1 << 16);
                self.clear();
                let mut command = reperio(&self.dir, &self.command);
                command.args(["--threads", "1"]).stdout(Stdio::null()).stderr(Stdio::null());
                let mut child = command.spawn().expect("the program starts");
                std::thread::sleep(moment);
                let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
                let started = Instant::now();
                while child.try_wait().expect("a child").is_none() {
                    assert!(started.elapsed() < PATIENCE, "{}: does not end", self.command[0]);
                    std::thread::sleep(Duration::from_millis(1));
                }
                self.check(&format!("{}: {signal} after {moment:?}", self.command[0]));
            }
        }
        println!("{}: {MOMENTS} moments of each signal in {whole:?}", self.command[0]);
    }
}

/// Tries a command that writes `out`, and `more` to run it again.
fn try_all(command: &[&'static str], more: &[&'static str], prepare: &[&[&str]]) {
    let again = [command, more].concat();
    if let Some(case) = Case::new(command, &again, prepare) {
        case.calls_go_wrong();
        case.signals_come();
    }
}

const SHORT: [&str; 4] = ["--epochs", "2", "--out", "out"];

/// A training that writes the model `run`.
fn model() -> Vec<&'static str> {
    on_cohort("train", &["--epochs", "2", "--out", "run"])
}

#[test]
fn an_import_survives_every_fault() {
    try_all(&["import", "files", "--metadata", "labels.tsv", "--out", "out"], &[], &[]);
}

#[test]
fn a_training_survives_every_fault() {
    try_all(&on_cohort("train", &SHORT), &["--resume"], &[]);
}

#[test]
fn an_evaluation_survives_every_fault() {
    let command = on_cohort("evaluate", &[&SHORT[..], &["--folds", "2"]].concat());
    try_all(&command, &["--resume"], &[]);
}

#[test]
fn a_comparison_survives_every_fault() {
    let methods = ["--methods", "burden,depth-diversity", "--folds", "2", "--out", "out"];
    try_all(&on_cohort("compare", &methods), &["--resume"], &[]);
}

#[test]
fn a_score_survives_every_fault() {
    let command = ["score", "--model", "run", "files", "--out", "out/scores.tsv"];
    try_all(&command, &["--overwrite"], &[&model()[..]]);
}

#[test]
fn an_explanation_survives_every_fault() {
    let command = ["explain", "--model", "run", "files", "--out", "out"];
    try_all(&command, &["--overwrite"], &[&model()[..]]);
}
