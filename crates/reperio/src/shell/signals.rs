//! Signals: the first asks the command to save and stop, the second ends the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Number of the signal that a write over the file-size limit sends (Linux, macOS, the BSDs).
const SIGXFSZ: i32 = 25;

/// Waits for SIGINT and SIGTERM on a thread of its own; the returned flag says that one came.
///
/// SIGXFSZ is taken as well and ignored, so that a write over the file-size limit fails with an
/// error that can be reported instead of ending the program.
pub(crate) fn listen() -> io::Result<Arc<AtomicBool>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let guard = runtime.enter(); // Signals are registered here, before any work begins.
    let interrupt = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    let file_size = signal(SignalKind::from_raw(SIGXFSZ))?;
    drop(guard);
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let _file_size = file_size;
        runtime.block_on(wait(interrupt, terminate, &seen));
    })?;
    Ok(flag)
}

#[expect(clippy::print_stderr, reason = "the person at the keyboard wants an answer at once")]
#[expect(clippy::exit, reason = "a second signal means now")]
async fn wait(mut interrupt: Signal, mut terminate: Signal, seen: &AtomicBool) {
    either(&mut interrupt, &mut terminate).await;
    seen.store(true, Ordering::Relaxed);
    eprintln!("stopping as soon as the work is saved; interrupt again to stop at once");
    either(&mut interrupt, &mut terminate).await;
    std::process::exit(130);
}

async fn either(a: &mut Signal, b: &mut Signal) {
    std::future::poll_fn(|context| {
        if a.poll_recv(context).is_ready() {
            std::task::Poll::Ready(())
        } else {
            b.poll_recv(context).map(|_| ())
        }
    })
    .await;
}
