//! The `reperio` program: one module a subcommand, each with its `Args` and its `run`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::{Global, Shell};

mod cohort_args;
mod counts;
mod demo;
mod describe;
mod evaluate;
mod evaluation_table;
mod explain;
mod fit_generator;
mod import;
mod inputs;
mod predictions;
mod ranking;
mod rarefy;
mod recovery;
mod run_config;
mod score;
mod sequences;
mod shell;
mod simulate;
mod train;

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
    Score(score::Args),
    Explain(explain::Args),
    Simulate(simulate::Args),
    FitGenerator(fit_generator::Args),
    Demo(demo::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    shell::exit_code(Shell::start(&cli.global).and_then(|shell| match &cli.command {
        Command::Import(args) => import::run(args, &shell),
        Command::Describe(args) => describe::run(args, &shell),
        Command::Train(args) => train::run(args, &shell),
        Command::Evaluate(args) => evaluate::run(args, &shell),
        Command::Score(args) => score::run(args, &shell),
        Command::Explain(args) => explain::run(args, &shell),
        Command::Simulate(args) => simulate::run(args, &shell),
        Command::FitGenerator(args) => fit_generator::run(args, &shell),
        Command::Demo(args) => demo::run(args, &shell),
    }))
}
