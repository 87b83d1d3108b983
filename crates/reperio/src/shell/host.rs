//! A shell inside another process: threads and a log of its own, and an observer in place of a terminal.

use std::ffi::OsString;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tracing::dispatcher::{self, Dispatch};

use super::output::Output;
use super::progress::Bars;
use super::{Shell, check_threads, logging, words};
use crate::embed::Host;

/// Bytes of a thread's stack: a command runs in one of these threads, as it runs in the program's first, which has as many.
const STACK: usize = 8 << 20;

/// What a command of another process works with in place of what the program has to itself.
pub(super) struct Embedded {
    pool: ThreadPool,
    log: Dispatch,
}

impl Shell {
    /// A shell that prints nothing and leaves the process as it is.
    pub(crate) fn embedded(host: Host, arguments: &[OsString]) -> Result<Self> {
        let Host { threads, cohorts, observer, log, command_line, verbose } = host;
        let command_line = command_line.unwrap_or_else(|| words(arguments));
        let threads = threads.unwrap_or(0);
        check_threads(threads)?;
        let file = logging::LogFile::default();
        let dispatch = logging::to_host(verbose, log, file.clone());
        let own = dispatch.clone();
        let spawn = move |thread: rayon::ThreadBuilder| {
            let log = own.clone();
            let run = move || dispatcher::with_default(&log, || thread.run());
            let builder = thread::Builder::new().name("reperio".to_owned()).stack_size(STACK);
            builder.spawn(run).map(drop)
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads).spawn_handler(spawn).build();
        let pool = pool.context("cannot start the threads")?;
        Ok(Self {
            output: Output::kept(),
            bars: Arc::new(Bars::told(observer)),
            log: file,
            command_line,
            given: cohorts,
            embedded: Some(Embedded { pool, log: dispatch }),
        })
    }

    /// Does work with the threads and the log of this shell.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.embedded {
            Some(Embedded { pool, log }) => pool.install(|| dispatcher::with_default(log, work)),
            None => work(),
        }
    }
}
