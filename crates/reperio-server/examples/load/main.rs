//! Loads a server on this machine, for a bounded time, and says what it made of it.
//!
//! ```text
//! reperio serve --models models --data /tmp/load --rate 100000 &
//! cargo run --release -p reperio-server --example load -- --address 127.0.0.1:8750 --pid $! --clients 64 --seconds 60
//! ```
//!
//! `--program target/release/reperio --model models/demo.safetensors` scores the same mix by the command line, one after the
//! other. `--idle 2000` opens so many connections that send nothing or a byte a second. `--bomb` sends files that
//! decompress to 10 GB instead.

#![expect(clippy::print_stdout, reason = "it is a program for the terminal")]

mod bombs;
mod client;
mod idle;
mod mix;
mod table;

use std::path::PathBuf;
use std::time::Duration;

/// What to do.
struct Options {
    address: String,
    pid: Option<u32>,
    clients: usize,
    time: Duration,
    idle: usize,
    bomb: bool,
    program: Option<PathBuf>,
    model: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    if options.bomb {
        return bombs::send_all(&options.address, options.pid);
    }
    let files = mix::files();
    let idle = idle::open(&options.address, options.idle)?;
    let answers = client::load(&options.address, &files, options.clients, options.time);
    println!("{}", table::of(&answers, options.clients, options.time));
    if options.idle > 0 {
        println!("idle connections: {} opened, {} open at the end", options.idle, idle.end());
    }
    if let Some(pid) = options.pid {
        println!("largest memory of the server: {} MB", table::largest_memory(pid)? / 1000);
    }
    if let Some(program) = &options.program {
        println!("{}", mix::by_command_line(program, &options.model, &files)?);
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let mut options = Options {
        address: "127.0.0.1:8750".to_owned(),
        pid: None,
        clients: 64,
        time: Duration::from_mins(1),
        idle: 0,
        bomb: false,
        program: None,
        model: "models/demo.safetensors".into(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--bomb" {
            options.bomb = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} without a value"))?;
        match word.as_str() {
            "--address" => options.address = value,
            "--pid" => options.pid = Some(value.parse()?),
            "--clients" => options.clients = value.parse::<usize>()?.clamp(1, 256),
            "--seconds" => options.time = Duration::from_secs(value.parse::<u64>()?.min(600)),
            "--idle" => options.idle = value.parse::<usize>()?.min(10_000),
            "--program" => options.program = Some(value.into()),
            "--model" => options.model = value.into(),
            _ => return Err(format!("{word} is no option").into()),
        }
    }
    if !options.address.starts_with("127.0.0.1:") {
        return Err("only a server on this machine is loaded".into());
    }
    Ok(options)
}
