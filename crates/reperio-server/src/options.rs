//! How the server runs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Options of [`serve`](crate::serve()).
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens. Port 0 takes any free one.
    pub address: SocketAddr,
    /// Folder of models: run folders and model files.
    pub models: PathBuf,
    /// Folder of everything that the server keeps.
    pub data: PathBuf,
    /// File of tokens; without one, only the loopback address is allowed and nobody needs a token.
    pub tokens: Option<PathBuf>,
    /// Certificate chain and private key, in PEM.
    pub tls: Option<TlsFiles>,
    /// Further names by which browsers may call the server.
    pub hosts: Vec<String>,
    /// Bytes of an upload, as it is sent and decompressed.
    pub max_upload: u64,
    /// Commands that run at once.
    pub workers: usize,
    /// Threads of each.
    pub threads: usize,
    /// How long a command may run.
    pub time_limit: Duration,
    /// Jobs that may wait.
    pub queue: usize,
    /// Days that ended jobs and their results are kept.
    pub keep_days: u32,
    /// Whether uploads are kept as long as the results, instead of being removed when their job ends.
    pub keep_inputs: bool,
    /// Requests a second that a token may make for longer than a moment.
    pub rate: u32,
    /// Connections that may be open.
    pub connections: usize,
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, followed by those above it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}
