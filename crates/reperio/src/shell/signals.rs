//! Signals: the first asks the command to save and stop, the second ends the program.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;

use tokio::runtime::Builder;

use self::system::Signals;

/// Waits for SIGINT and SIGTERM (Ctrl-C and Ctrl-Break on Windows) on a thread of its own; the returned flag says that
/// one came.
pub(crate) fn listen() -> io::Result<Arc<AtomicBool>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter(); // Signals are registered here, before any work begins.
    let signals = Signals::register()?;
    drop(guard);
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(wait(signals, &seen));
    })?;
    Ok(flag)
}

#[expect(clippy::print_stderr, reason = "the person at the keyboard wants an answer at once")]
#[expect(clippy::exit, reason = "a second signal means now")]
async fn wait(mut signals: Signals, seen: &AtomicBool) {
    signals.next().await;
    seen.store(true, Ordering::Relaxed);
    eprintln!("stopping as soon as the work is saved; interrupt again to stop at once");
    signals.next().await;
    std::process::exit(130);
}

impl Signals {
    /// Waits for either signal.
    async fn next(&mut self) {
        poll_fn(|context| {
            if self.interrupt.poll_recv(context).is_ready() {
                Poll::Ready(())
            } else {
                self.terminate.poll_recv(context).map(drop)
            }
        })
        .await;
    }
}

#[cfg(unix)]
mod system {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Number of the signal that a write over the file-size limit sends (Linux, macOS, the BSDs).
    const SIGXFSZ: i32 = 25;

    /// The signals that stop the program.
    pub(super) struct Signals {
        pub(super) interrupt: Signal,
        pub(super) terminate: Signal,
        /// Taken and ignored, so that a write over the file-size limit fails with an error that can be reported
        /// instead of ending the program.
        _file_size: Signal,
    }

    impl Signals {
        pub(super) fn register() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                _file_size: signal(SignalKind::from_raw(SIGXFSZ))?,
            })
        }
    }
}

#[cfg(windows)]
mod system {
    use std::io;

    use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

    /// The keys that stop the program.
    pub(super) struct Signals {
        pub(super) interrupt: CtrlC,
        pub(super) terminate: CtrlBreak,
    }

    impl Signals {
        pub(super) fn register() -> io::Result<Self> {
            Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()? })
        }
    }
}
