//! What every command shares: the terminal, the log, signals and exit codes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reperio_data::cohort::{Cohort, ReadRequest};
use reperio_data::format::ReadOptions;
use reperio_data::progress::Observer;

use self::host::Embedded;
use self::logging::LogFile;
use self::output::{Output, Report, printable};
use self::progress::Bars;
use self::tensorboard::EventWriter;

pub(crate) mod clock;
mod host;
pub(crate) mod logging;
pub(crate) mod memory;
pub(crate) mod output;
pub(crate) mod outputs;
pub(crate) mod paths;
pub(crate) mod progress;
pub(crate) mod signals;
pub(crate) mod table;
pub(crate) mod tensorboard;

/// How often reading looks for a signal.
const TICK: Duration = Duration::from_millis(50);

/// How long reading may take to stop by itself after a signal.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exit code of a command that failed.
pub(crate) const FAILED: u8 = 1;

/// Exit code of a command that a signal stopped, after it saved what it had.
const INTERRUPTED: u8 = 130;

/// Options that every command takes.
#[derive(clap::Args)]
#[command(next_help_heading = "Every command")]
pub(crate) struct Global {
    /// Print one JSON object instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// Print more on stderr (-v each step, -vv everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Print only errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Threads to use [default: all cores]; results do not depend on their number
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// A running command's connections to the outside: those of the program, or those that another process lends it.
pub(crate) struct Shell {
    output: Output,
    bars: Arc<Bars>,
    log: LogFile,
    command_line: Vec<String>,
    /// Cohorts in memory, by the name that stands for each in place of a path.
    given: BTreeMap<PathBuf, Arc<Cohort>>,
    embedded: Option<Embedded>,
}

/// The words of a command line, for the records of what was run.
pub(crate) fn words(arguments: &[OsString]) -> Vec<String> {
    arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Work stopped because a signal asked for it; what was done is saved.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {resume}")]
pub(crate) struct Interrupted {
    /// How to continue.
    pub(crate) resume: String,
}

impl Shell {
    /// Starts logging, the thread pool and the signal thread.
    pub(crate) fn start(global: &Global, command_line: Vec<String>) -> Result<Self> {
        let interrupted = signals::listen().context("cannot wait for signals")?;
        let bars = Bars::new(global.quiet, interrupted);
        let log = LogFile::default();
        logging::start(global.verbose, global.quiet, bars.lines(), log.clone());
        let threads = global.threads.map_or(0, usize::from);
        check_threads(threads)?;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot start the threads")?;
        let output = Output::Terminal { json: global.json };
        let (bars, given) = (Arc::new(bars), BTreeMap::new());
        Ok(Self { output, bars, log, command_line, given, embedded: None })
    }

    /// The command line that is running.
    pub(crate) fn command_line(&self) -> Vec<String> {
        self.command_line.clone()
    }

    /// A request to read `inputs`, of which some may name cohorts in memory.
    pub(crate) fn request(
        &self,
        inputs: &[PathBuf],
        metadata: Option<&PathBuf>,
        options: ReadOptions,
    ) -> ReadRequest {
        let (mut given, mut paths) = (Vec::new(), Vec::new());
        for input in inputs {
            match self.given.get(input) {
                Some(cohort) => given.push(Arc::clone(cohort)),
                None => paths.push(input.clone()),
            }
        }
        ReadRequest { inputs: paths, given, metadata: metadata.cloned(), options }
    }

    /// Where library functions report to.
    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.bars
    }

    /// Threads in use.
    pub(crate) fn threads() -> usize {
        rayon::current_num_threads()
    }

    /// Appends the log and the scalars of this run to files in `folder`, which must exist.
    pub(crate) fn log_to(&self, folder: &Path) -> Result<()> {
        let path = folder.join("log.jsonl");
        let file = fs::OpenOptions::new().create(true).append(true).open(&path);
        self.log.set(file.with_context(|| format!("cannot write {}", path.display()))?);
        let events = EventWriter::create(&folder.join("tensorboard"));
        self.bars.set_events(events.context("cannot write TensorBoard events")?);
        Ok(())
    }

    /// Prints the result: a table, or with `--json` one object.
    pub(crate) fn print<R: Report>(&self, report: &R) -> Result<()> {
        self.output.print(report, || self.bars.finish())
    }

    /// What was printed for the process that called the command.
    pub(crate) fn into_printed(self) -> String {
        self.output.into_kept()
    }

    /// Does work that loses nothing when it is cut short at any moment: reading, importing. Once a signal has come and
    /// the work has not ended by itself (a disk or a pipe that gives nothing), it is left behind.
    pub(crate) fn read<T, E>(
        &self,
        resume: &str,
        work: impl FnOnce(&dyn Observer) -> Result<T, E> + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        E: Into<anyhow::Error> + Send + 'static,
    {
        if self.embedded.is_some() {
            return self.or_interrupted(work(&*self.bars), resume); // In the threads of the call.
        }
        let (done, result) = mpsc::channel();
        let bars = Arc::clone(&self.bars);
        let worker = thread::spawn(move || {
            let _ = done.send(work(&*bars)); // Nobody waits any more after a signal.
        });
        let mut since = None;
        loop {
            match result.recv_timeout(TICK) {
                Ok(result) => {
                    let _ = worker.join(); // It has sent its result: there is nothing left to fail.
                    return self.or_interrupted(result, resume);
                }
                Err(RecvTimeoutError::Disconnected) => match worker.join() {
                    Err(panic) => std::panic::resume_unwind(panic),
                    Ok(()) => unreachable!("the result is sent before the end"),
                },
                Err(RecvTimeoutError::Timeout) if self.observer().cancelled() => {
                    if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                        return Err(interrupted(resume));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Turns the failure of work that a signal stopped into [`Interrupted`].
    pub(crate) fn or_interrupted<T, E: Into<anyhow::Error>>(
        &self,
        result: Result<T, E>,
        resume: &str,
    ) -> Result<T> {
        result.map_err(
            |err| {
                if self.observer().cancelled() { interrupted(resume) } else { err.into() }
            },
        )
    }

    /// Fails with [`Interrupted`] once a signal has come.
    pub(crate) fn check_interrupted(&self, resume: &str) -> Result<()> {
        if self.observer().cancelled() { Err(interrupted(resume)) } else { Ok(()) }
    }
}

/// Largest number of threads per core.
const THREADS_A_CORE: usize = 4;

/// Refuses more threads than help: each takes memory, and thousands stop the machine.
fn check_threads(threads: usize) -> Result<()> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let most = THREADS_A_CORE * cores;
    if threads > most {
        bail!(
            "--threads {threads}, expected at most {most}: {THREADS_A_CORE} for each of {cores} cores"
        );
    }
    Ok(())
}

/// The error of work that a signal stopped; `resume` says how to continue.
pub(crate) fn interrupted(resume: &str) -> anyhow::Error {
    Interrupted { resume: resume.to_owned() }.into()
}

/// Reports a failure and chooses the exit code: 0 done, 1 failed, 130 interrupted.
#[expect(clippy::print_stderr, reason = "the one place where errors reach the user")]
pub(crate) fn exit_code(result: Result<()>) -> u8 {
    let Err(err) = result else { return 0 };
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    };
    if err.chain().any(broken_pipe) {
        return 0; // The reader (`head`, `less`) has seen enough.
    }
    eprintln!("error: {}", printable(&format!("{err:#}")));
    if err.downcast_ref::<Interrupted>().is_some() { INTERRUPTED } else { FAILED }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_is_success_and_a_signal_130() {
        let pipe = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(exit_code(Err(pipe.context("cannot write to stdout"))), 0);
        let interrupted = Interrupted { resume: "run it again".to_owned() };
        assert_eq!(exit_code(Err(interrupted.into())), INTERRUPTED);
        assert_eq!(exit_code(Err(anyhow::anyhow!("no"))), FAILED);
    }
}
