//! The `reperio` program: one module per subcommand, each with its `Args` and its `run`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    bench, compare, demo, describe, devices, evaluate, explain, fit_generator, import, report,
    score, simulate, train,
};
use crate::shell::{Global, Shell};

mod arguments;
mod commands;
mod shell;
mod tables;

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
    Train(train::Args),
    Evaluate(evaluate::Args),
    Compare(compare::Args),
    Score(score::Args),
    Explain(explain::Args),
    Report(report::Args),
    Simulate(simulate::Args),
    FitGenerator(fit_generator::Args),
    Devices(devices::Args),
    Demo(demo::Args),
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    shell::exit_code(Shell::start(&cli.global).and_then(|shell| match &cli.command {
        Command::Import(args) => import::run(args, &shell),
        Command::Describe(args) => describe::run(args, &shell),
        Command::Train(args) => train::run(args, &shell),
        Command::Evaluate(args) => evaluate::run(args, &shell),
        Command::Compare(args) => compare::run(args, &shell),
        Command::Score(args) => score::run(args, &shell),
        Command::Explain(args) => explain::run(args, &shell),
        Command::Report(args) => report::run(args, &shell),
        Command::Simulate(args) => simulate::run(args, &shell),
        Command::FitGenerator(args) => fit_generator::run(args, &shell),
        Command::Devices(args) => devices::run(args, &shell),
        Command::Demo(args) => demo::run(args, &shell),
        Command::Bench(args) => bench::run(args, &shell),
    }))
}
