//! Logs: short lines for people on stderr, JSON lines for programs in `RUN/log.jsonl`.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::MultiProgress;
use tracing::dispatcher::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::embed::Log;

/// The file of JSON lines: nowhere, until a run folder exists.
#[derive(Clone, Default)]
pub(crate) struct LogFile(Arc<Mutex<Option<File>>>);

impl LogFile {
    /// Writes to `file` from now on.
    pub(crate) fn set(&self, file: File) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(file) => file.write(line),
            None => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines above the progress bars.
struct AboveBars(MultiProgress);

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the log of this process.
pub(crate) fn start(verbose: u8, quiet: bool, bars: MultiProgress, file: LogFile) {
    let level = if quiet { LevelFilter::ERROR } else { level(verbose) };
    let human = fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || AboveBars(bars.clone()))
        .with_filter(level);
    tracing_subscriber::registry().with(human).with(machine(file)).init();
}

/// From which lines on a person is told.
fn level(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    }
}

/// The log of one call inside another process.
pub(crate) fn to_host(verbose: u8, log: Log, file: LogFile) -> Dispatch {
    let human = fmt::layer()
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .with_writer(Host(log))
        .with_filter(level(verbose));
    tracing_subscriber::registry().with(human).with(machine(file)).into()
}

/// JSON lines.
fn machine<S>(file: LogFile) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(move || file.clone())
        .with_filter(LevelFilter::INFO)
}

/// The log of another process.
struct Host(Log);

/// A line for it.
struct HostLine<'a> {
    host: &'a Host,
    level: Level,
}

impl<'a> MakeWriter<'a> for Host {
    type Writer = HostLine<'a>;

    fn make_writer(&'a self) -> HostLine<'a> {
        HostLine { host: self, level: Level::INFO }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> HostLine<'a> {
        HostLine { host: self, level: *meta.level() }
    }
}

impl Write for HostLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        (self.host.0)(self.level, String::from_utf8_lossy(line).trim());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
