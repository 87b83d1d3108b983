//! The `reperio` program as a library: its [`main`], its definition ([`definition`]), and its commands inside another
//! process ([`call`]), such as a Python interpreter.
//!
//! One module per subcommand, each with its `Args` and its `run`. Whatever way a command is started, it is the same code.

#![forbid(unsafe_code)]

use std::ffi::OsString;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    bench, compare, demo, describe, devices, evaluate, explain, fit_generator, import, pretrain,
    report, score, serve, simulate, token, train,
};
use crate::shell::{Global, Shell};

mod arguments;
mod client;
mod commands;
mod embed;
mod shell;
mod tables;

pub use embed::{CallError, Host, Log, call, read};

/// Train, score and explain immune-repertoire classifiers
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Import(import::Args),
    Describe(describe::Args),
    Pretrain(pretrain::Args),
    Train(train::Args),
    Evaluate(evaluate::Args),
    Compare(compare::Args),
    Score(score::Args),
    Explain(explain::Args),
    Report(report::Args),
    Serve(serve::Args),
    Token(token::Args),
    Simulate(simulate::Args),
    FitGenerator(fit_generator::Args),
    Devices(devices::Args),
    Demo(demo::Args),
    Bench(bench::Args),
}

/// The program: parses `arguments` (the first is the program's name), runs the command, and prints its result and its
/// errors. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(err) => {
            let _ = err.print(); // `--help` for a reader that has gone.
            return u8::try_from(err.exit_code()).unwrap_or(shell::FAILED);
        }
    };
    let shell = Shell::start(&cli.global, shell::words(&arguments));
    shell::exit_code(shell.and_then(|shell| cli.command.run(&shell)))
}

/// What the program takes: every subcommand with its options.
///
/// # Examples
///
/// ```
/// let definition = reperio::definition();
/// assert!(definition.get_subcommands().any(|own| own.get_name() == "train"));
/// ```
pub fn definition() -> clap::Command {
    Cli::command()
}

impl Command {
    fn run(&self, shell: &Shell) -> Result<()> {
        match self {
            Self::Import(args) => import::run(args, shell),
            Self::Describe(args) => describe::run(args, shell),
            Self::Pretrain(args) => pretrain::run(args, shell),
            Self::Train(args) => train::run(args, shell),
            Self::Evaluate(args) => evaluate::run(args, shell),
            Self::Compare(args) => compare::run(args, shell),
            Self::Score(args) => score::run(args, shell),
            Self::Explain(args) => explain::run(args, shell),
            Self::Report(args) => report::run(args, shell),
            Self::Serve(args) => serve::run(args, shell),
            Self::Token(args) => token::run(args, shell),
            Self::Simulate(args) => simulate::run(args, shell),
            Self::FitGenerator(args) => fit_generator::run(args, shell),
            Self::Devices(args) => devices::run(args, shell),
            Self::Demo(args) => demo::run(args, shell),
            Self::Bench(args) => bench::run(args, shell),
        }
    }
}
