//! Commands inside another process: no terminal, no signals, nothing of the process is changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args as _, FromArgMatches as _, Parser};
use reperio_data::cohort::Cohort;
use reperio_data::progress::Observer;
use tracing::Level;

use crate::Cli;
use crate::arguments::inputs::{self, ReadArgs};
use crate::shell::{Interrupted, Shell};

/// Takes a line of the log, with how much it matters.
pub type Log = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// What the process that calls a command lends it.
pub struct Host {
    /// Threads; `None` for one per core. Results do not depend on their number.
    pub threads: Option<usize>,
    /// Cohorts in memory, by the name that stands for each among the arguments in place of a path.
    pub cohorts: BTreeMap<PathBuf, Arc<Cohort>>,
    /// Is told of progress, and says when to stop.
    pub observer: Arc<dyn Observer + Send + Sync>,
    /// Gets the lines of the log.
    pub log: Log,
    /// The command line that records and pages state; `None` for the arguments as they are.
    pub command_line: Option<Vec<String>>,
    /// Which lines: 0 for warnings, 1 for each step, 2 for everything.
    pub verbose: u8,
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The arguments are not those of the command.
    #[error("{0}")]
    Usage(String),
    /// The observer asked to stop. What was done is saved; the text says how to continue.
    #[error("{0}")]
    Interrupted(String),
    /// The command failed.
    #[error("{0}")]
    Failed(String),
}

/// Runs the command called `command` with `arguments`, as the program would, and returns the JSON object that it
/// prints with `--json`.
///
/// It writes the files that the program writes, and nothing else: no word to the terminal. Calls in several threads
/// at once do not disturb each other: each has threads and a log of its own.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use reperio_data::progress::Silent;
///
/// let host = reperio::Host {
///     threads: Some(1),
///     cohorts: Default::default(),
///     observer: Arc::new(Silent),
///     log: Arc::new(|_, line| assert!(line.is_empty(), "{line}")),
///     command_line: None,
///     verbose: 0,
/// };
/// let devices = reperio::call("devices", &[], host)?;
/// assert!(devices.contains("cpu"));
/// # Ok::<(), reperio::CallError>(())
/// ```
///
/// # Errors
///
/// If the arguments are wrong, the observer asks to stop, or the command fails; the texts are those of the program.
pub fn call(command: &str, arguments: &[OsString], host: Host) -> Result<String, CallError> {
    let mut words: Vec<OsString> = ["reperio", "--json", command].map(OsString::from).to_vec();
    words.extend_from_slice(arguments);
    let cli = Cli::try_parse_from(&words).map_err(|err| CallError::Usage(usage(&err)))?;
    words.remove(1); // As a person would have typed it.
    let shell = Shell::embedded(host, &words).map_err(|err| failed(&err))?;
    shell.within(|| cli.command.run(&shell)).map_err(|err| failed(&err))?;
    Ok(shell.into_printed())
}

/// Reads what a command would read, with options of reading as the command line has them.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use reperio_data::progress::Silent;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("donor.tsv");
/// std::fs::write(&path, "junction_aa\tv_call\tj_call\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\n")?;
/// let host = reperio::Host {
///     threads: Some(1),
///     cohorts: Default::default(),
///     observer: Arc::new(Silent),
///     log: Arc::new(|_, _| ()),
///     command_line: None,
///     verbose: 0,
/// };
/// let cohort = reperio::read(&[path], None, &["--locus".into(), "TRB".into()], host)?;
/// assert_eq!(cohort.metadata().ids(), ["donor"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`call`].
pub fn read(
    paths: &[PathBuf],
    metadata: Option<&PathBuf>,
    arguments: &[OsString],
    host: Host,
) -> Result<Cohort, CallError> {
    let parser = ReadArgs::augment_args(clap::Command::new("read").no_binary_name(true));
    let parsed = parser.try_get_matches_from(arguments);
    let parsed = parsed.and_then(|matches| ReadArgs::from_arg_matches(&matches));
    let options = parsed.map_err(|err| CallError::Usage(usage(&err)))?.options();
    let shell = Shell::embedded(host, arguments).map_err(|err| failed(&err))?;
    let request = shell.request(paths, metadata, options);
    shell.within(|| inputs::load(request, &shell)).map_err(|err| failed(&err))
}

/// Which kind of failure the error of a command is.
fn failed(err: &anyhow::Error) -> CallError {
    let text = format!("{err:#}");
    if err.downcast_ref::<Interrupted>().is_some() {
        CallError::Interrupted(text)
    } else {
        CallError::Failed(text)
    }
}

/// What is wrong, without the hint to `--help`, which only a terminal has.
fn usage(err: &clap::Error) -> String {
    let text = err.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or(&text);
    let text = text.split("\n\nFor more information").next().unwrap_or(text);
    text.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use reperio_data::progress::Progress;

    use super::*;

    /// Keeps what it is told; asks to stop once it is set.
    #[derive(Default)]
    struct Kept {
        stop: AtomicBool,
        tasks: Mutex<Vec<String>>,
    }

    impl Observer for Kept {
        fn progress(&self, progress: Progress<'_>) {
            self.tasks.lock().unwrap().push(progress.task.to_owned());
        }

        fn scalar(&self, _: &str, _: u64, _: f64) {}

        fn cancelled(&self) -> bool {
            self.stop.load(Ordering::Relaxed)
        }
    }

    fn host(observer: Arc<Kept>, lines: Arc<Mutex<Vec<String>>>) -> Host {
        Host {
            threads: Some(2),
            cohorts: BTreeMap::new(),
            observer,
            log: Arc::new(move |level, line| {
                lines.lock().unwrap().push(format!("{level} {line}"));
            }),
            command_line: None,
            verbose: 0,
        }
    }

    fn words(arguments: &[&str]) -> Vec<OsString> {
        arguments.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_call_returns_its_report_and_tells_its_host() {
        let dir = tempfile::tempdir().unwrap();
        let table = "junction_aa\tv_call\tj_call\nCASSF\tTRBV9\tTRBJ2-3\n";
        for (name, content) in [("a.tsv", table), ("notes.txt", "from the laboratory\n")] {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        let (kept, lines) = (Arc::new(Kept::default()), Arc::default());
        let arguments = [dir.path().into()];
        let found = call("describe", &arguments, host(Arc::clone(&kept), Arc::clone(&lines)));
        assert!(found.unwrap().contains("\"repertoires\""));
        assert!(kept.tasks.lock().unwrap().iter().any(|task| task == "reading repertoires"));
        assert!(lines.lock().unwrap().iter().any(|line| line.starts_with("WARN ")), "{lines:?}");
        kept.stop.store(true, Ordering::Relaxed);
        let stopped = call("describe", &arguments, host(kept, lines)).unwrap_err();
        assert!(
            matches!(&stopped, CallError::Interrupted(text) if text.starts_with("interrupted; "))
        );
    }

    #[test]
    fn cohorts_in_memory_stand_where_a_path_would() {
        let given = Arc::new(Cohort::default());
        let mut host = host(Arc::default(), Arc::default());
        host.cohorts = BTreeMap::from([(PathBuf::from("mine"), given)]);
        let empty = call("describe", &words(&["mine"]), host).unwrap();
        assert!(empty.contains("\"repertoires\": []"), "{empty}");
    }

    #[test]
    fn wrong_arguments_are_told_in_a_line() {
        let told = |arguments: &[&str]| {
            let host = host(Arc::default(), Arc::default());
            call("score", &words(arguments), host).unwrap_err().to_string()
        };
        let wrong = told(&["--model", "m", "--out", "o", "--coverage", "x", "in"]);
        assert!(wrong.starts_with("invalid value 'x' for '--coverage"), "{wrong}");
        assert!(!wrong.contains("--help"), "{wrong}");
        assert!(told(&["a.tsv"]).contains("--model"));
    }
}
