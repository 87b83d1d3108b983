//! `reperio serve`: scores and explanations over HTTP and in a browser.

mod program;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use reperio_server::{Options, TlsFiles};
use serde::Serialize;

use self::program::Program;
use crate::client;
use crate::shell::Shell;
use crate::shell::output::Report;

/// Where it listens unless told otherwise.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8750);

/// Jobs that run at once unless told otherwise: reading a file keeps little more than one core busy.
const WORKERS: usize = 4;

/// Serve scores and explanations over HTTP and in a browser
///
/// Offers the models in a folder: run folders and model files, each by its name. They are looked at again when they
/// change. Technicians open the address in a browser, programs send files to /v1/score and /v1/explain; the API is
/// described at /v1/openapi.json. Results equal those of the commands to the byte. An accepted job is not lost: it waits in
/// DATA, also if the server is killed, and runs once.
///
/// Without --tokens everybody on this machine, and nobody else, can use it. Off the loopback address tokens are needed:
/// make them with `reperio token`. Uploads are removed when their job ends, results after --keep-days.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio serve --models models --data /var/lib/reperio
  reperio token technician --tokens tokens.toml
  reperio serve --models models --data /var/lib/reperio --tokens tokens.toml \\
      --address 0.0.0.0:8750 --tls-cert cert.pem --tls-key key.pem")]
pub(crate) struct Args {
    /// Folder of models: run folders and model files
    #[arg(long, value_name = "DIR", required_unless_present = "health")]
    models: Option<PathBuf>,
    /// Folder for jobs, results and the audit log
    #[arg(long, value_name = "DIR", required_unless_present = "health")]
    data: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = ADDRESS)]
    address: SocketAddr,
    /// File of tokens, as `reperio token` writes it
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Certificate of the server and those above it, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Name by which browsers call the server, for example of a proxy before it; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Largest upload, for example 500MiB; also after decompression
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = bytes)]
    max_upload: u64,
    /// Jobs that run at once [default: 4, or as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Minutes that a job may run
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    time_limit: u32,
    /// Jobs that may wait; more are refused
    #[arg(long, value_name = "N", default_value_t = 256)]
    queue: usize,
    /// Days that results are kept
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    keep_days: u32,
    /// Keep uploads as long as their results
    #[arg(long)]
    keep_inputs: bool,
    /// Requests a second that a token may make
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Connections that may be open
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Serve nothing, and ask the server at this address whether it can take jobs
    #[arg(long, value_name = "URL", exclusive = true)]
    health: Option<String>,
}

/// What `serve --json` prints once it listens.
#[derive(Serialize)]
struct Listening {
    /// Where.
    url: String,
}

/// What `serve --health --json` prints.
#[derive(Serialize)]
struct Ready {
    /// The server that can take jobs.
    ready: String,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    if let Some(url) = &args.health {
        client::is_ready(url)?;
        return shell.print(&Ready { ready: url.clone() });
    }
    let options = args.options()?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let listening = |address: SocketAddr| {
        let _ = shell.print(&Listening { url: format!("{scheme}://{address}") }); // A reader that has gone.
    };
    let stopping = || shell.observer().cancelled();
    reperio_server::serve(options, Arc::new(Program), listening, stopping)?;
    Ok(())
}

impl Args {
    fn options(&self) -> Result<Options> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = self.workers.map_or(WORKERS.min(cores), usize::from);
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        let given = |path: &Option<PathBuf>| path.clone().expect("required without --health");
        let (models, data) = (given(&self.models), given(&self.data));
        if !models.is_dir() {
            bail!("--models {}, expected a folder", models.display());
        }
        Ok(Options {
            address: self.address,
            models,
            data,
            tokens: self.tokens.clone(),
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            hosts: self.host.clone(),
            max_upload: self.max_upload,
            workers,
            threads: Shell::threads().div_ceil(workers),
            time_limit: Duration::from_secs(60 * u64::from(self.time_limit)),
            queue: self.queue,
            keep_days: self.keep_days,
            keep_inputs: self.keep_inputs,
            rate: self.rate,
            connections: self.connections as usize,
        })
    }
}

impl Report for Listening {
    fn lines(&self) -> Vec<String> {
        vec![format!("listening at {}", self.url)]
    }
}

impl Report for Ready {
    fn lines(&self) -> Vec<String> {
        vec![format!("{} can take jobs", self.ready)]
    }
}

/// Parses a number of bytes with an optional unit.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" | "K" => 10,
        "MiB" | "M" => 20,
        "GiB" | "G" => 30,
        _ => return Err("expected a number of bytes, KiB, MiB or GiB".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a whole number".to_owned())?;
    let bytes = number.checked_mul(1 << shift).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "expected at least one byte and less than 2^64".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("12"), Ok(12));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bytes("500 MiB"), Ok(500 << 20));
        for wrong in ["", "GiB", "1.5GiB", "0", "1TB", "-1", "99999999999GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
