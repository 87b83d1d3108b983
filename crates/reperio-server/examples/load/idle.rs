//! Connections that do nothing, or hardly anything.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Half of them begin a request and send a byte of it a second.
const DRIP: &[u8] = b"POST /v1/score?model=demo&name=slow.tsv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";

/// Connections that are open until [`end`](Self::end).
pub(crate) struct Idle {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

/// Opens so many.
pub(crate) fn open(address: &str, number: usize) -> io::Result<Idle> {
    let _ = rlimit::increase_nofile_limit(number as u64 + 1024);
    let mut streams = Vec::new();
    for i in 0..number {
        let mut stream = TcpStream::connect(address)?;
        if i % 4 == 1 {
            stream.write_all(DRIP)?; // The others drip their headers, or are silent.
        }
        stream.set_nonblocking(true)?;
        streams.push(stream);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            for stream in streams.iter_mut().skip(1).step_by(2) {
                let _ = stream.write(b"G"); // It may be closed.
            }
            thread::sleep(Duration::from_secs(1));
        }
        let is_open = |stream: &mut TcpStream| match stream.read(&mut [0]) {
            Err(err) => err.kind() == io::ErrorKind::WouldBlock,
            Ok(n) => n > 0,
        };
        streams.iter_mut().filter_map(|stream| is_open(stream).then_some(())).count()
    });
    Ok(Idle { stop, thread })
}

impl Idle {
    /// Closes them; how many the server had not closed.
    pub(crate) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(0)
    }
}
