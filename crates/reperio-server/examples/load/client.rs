//! Clients that send the mix, each as soon as it has its answer.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::mix::{File, choose};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Longest wait that a client that is told to come again takes.
const PAUSE: Duration = Duration::from_secs(1);

/// An answer.
pub(crate) struct Answer {
    pub(crate) clonotypes: usize,
    /// 0 if the connection broke.
    pub(crate) status: u16,
    pub(crate) time: Duration,
}

/// A connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn new(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a file to be scored, waited for as long as the server waits; status and body of the answer.
    pub(crate) fn score(&mut self, name: &str, bytes: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let head = format!(
            "POST /v1/score?model=demo&name={name} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\nAccept: text/tab-separated-values\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), bytes].concat())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status =
            line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok())
            .ok_or_else(broken)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}

/// All answers of so many clients.
pub(crate) fn load(address: &str, files: &[File], clients: usize, time: Duration) -> Vec<Answer> {
    let end = Instant::now() + time;
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..clients {
            let tell = tell.clone();
            scope.spawn(move || {
                let mut random = ChaCha8Rng::seed_from_u64(number as u64);
                let mut client = Client::new(address).ok();
                while Instant::now() < end {
                    let file = choose(files, random.random_range(0..100));
                    let begun = Instant::now();
                    let name = format!("s{}.tsv.gz", file.clonotypes);
                    let answer =
                        client.as_mut().and_then(|client| client.score(&name, &file.bytes).ok());
                    let status = answer.map_or(0, |(status, _)| status);
                    let _ = tell.send(Answer {
                        clonotypes: file.clonotypes,
                        status,
                        time: begun.elapsed(),
                    });
                    match status {
                        0 => client = Client::new(address).ok(),
                        429 => thread::sleep(PAUSE),
                        _ => {}
                    }
                }
            });
        }
    });
    drop(tell);
    told.into_iter().collect()
}
