//! `reperio fit-generator`: fits the background generator to real repertoires.

use std::path::{Path, PathBuf};

use anyhow::Result;
use reperio_data::generator::FitOptions;
use reperio_data::generator::divergence::{Comparison, Divergences};
use reperio_data::generator::held_out::{self, Fitted, Group};
use reperio_data::progress::Observer;
use serde::Serialize;

use crate::arguments::inputs::ReadArgs;
use crate::shell::Shell;
use crate::shell::output::{Report, align};
use crate::shell::outputs::{self, OverwriteArgs, Sources};

/// Fit the background generator to real repertoires
///
/// Each INPUT counts as one project. Prints Jensen-Shannon divergences in bits. Held-out runs are
/// compared with what the generator draws and with its training runs. Each project is compared with
/// what a generator fitted to the other projects draws, and with the other projects themselves. Every
/// two projects are compared with each other.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio fit-generator project1.tsv.gz project2.tsv.gz --locus TRB --out generator.json.gz")]
pub(crate) struct Args {
    /// Cohort stores, repertoire files or folders of files, one per project
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Generator file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Hold out every N-th repertoire of each project to compare with
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..))]
    hold_out: u64,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    read: ReadArgs,
}

/// What `fit-generator --json` prints.
#[derive(Serialize)]
struct FittedGenerator {
    /// Generator file.
    out: PathBuf,
    /// Repertoires that it was fitted to.
    repertoires: u64,
    /// Clonotypes that it was fitted to.
    clonotypes: u64,
    /// Ids of the repertoires that were held out.
    held_out: Vec<String>,
    /// Divergences of `a` (a generator or real repertoires) from `b`.
    comparisons: Vec<Comparison>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    let sources = Sources::of(&args.inputs);
    let _lock = outputs::file(&args.out, &sources, args.overwrite.existing())?;
    let mut projects = Vec::new();
    for input in &args.inputs {
        let request = shell.request(std::slice::from_ref(input), None, args.read.options());
        let load = move |observer: &dyn Observer| request.load(observer);
        let read = shell.read("run the command again", load)?;
        projects.push((name(input), read.into_repertoires()));
    }
    shell.check_interrupted("run the command again")?;
    let groups: Vec<Group<'_>> = projects
        .iter()
        .map(|(name, repertoires)| Group {
            name: name.clone(),
            repertoires: repertoires.iter().collect(),
        })
        .collect();
    let fitted = held_out::fit(&groups, args.hold_out as usize, &FitOptions::default())?;
    let Fitted { generator, held_out, comparisons } = fitted;
    generator.save(&args.out)?;
    let (repertoires, clonotypes) = generator.fitted_to();
    let out = args.out.clone();
    shell.print(&FittedGenerator { out, repertoires, clonotypes, held_out, comparisons })
}

fn name(input: &Path) -> String {
    let name = input.file_name().unwrap_or(input.as_os_str()).to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

impl Report for FittedGenerator {
    fn lines(&self) -> Vec<String> {
        let header = ["repertoires", "against", "length", "V", "J", "V and J", "3-mers"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for Comparison { a, b, divergences } in &self.comparisons {
            let Divergences { length, v, j, vj, kmer3, .. } = divergences;
            let numbers = [length, v, j, vj, kmer3].map(|value| format!("{value:.4}"));
            rows.push([a.clone(), b.clone()].into_iter().chain(numbers).collect());
        }
        let mut lines = if self.comparisons.is_empty() { Vec::new() } else { align(&rows) };
        let (n, clonotypes, out) = (self.repertoires, self.clonotypes, self.out.display());
        lines.push(format!("Fitted to {clonotypes} clonotypes of {n} repertoires: {out}"));
        lines
    }
}
