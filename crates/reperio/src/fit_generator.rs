//! `reperio fit-generator`: fits the background generator to real repertoires.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reperio_data::cohort;
use reperio_data::generator::divergence::{Comparison, Divergences, Profile};
use reperio_data::generator::{FitOptions, Generator};
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{self, Background, Clonotypes, SimulationConfig};
use serde::Serialize;

use crate::inputs::ReadArgs;
use crate::shell::output::{Report, align};
use crate::shell::{Shell, paths};

/// Repertoires drawn for a comparison, and clonotypes of each.
const DRAWN: (usize, usize) = (100, 4000);

/// Fit the background generator to real repertoires
///
/// Each INPUT counts as one project. Prints Jensen-Shannon divergences in bits: between each project
/// and what a generator fitted to the others draws, and, beside it, between that project and the
/// others themselves.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio fit-generator project1.tsv.gz project2.tsv.gz --locus TRB --out generator.json.gz")]
pub(crate) struct Args {
    /// Cohort stores, repertoire files or folders of files, one a project
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Generator file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
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
    /// Divergences: `a` is a project, `b` the others or the generator fitted to the others.
    comparisons: Vec<Comparison>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    paths::make_parent(&args.out)?;
    let mut projects = Vec::new();
    for input in &args.inputs {
        let options = args.read.options();
        let read = cohort::load(std::slice::from_ref(input), None, &options, shell.observer());
        let read = shell.or_interrupted(read, "run the command again")?;
        projects.push((name(input), read.repertoires));
    }
    let mut comparisons = Vec::new();
    if projects.len() > 1 {
        for held_out in 0..projects.len() {
            shell.check_interrupted("run the command again")?;
            comparisons.extend(compare(&projects, held_out)?);
        }
    }
    let all: Vec<&Repertoire> = projects.iter().flat_map(|(_, repertoires)| repertoires).collect();
    let generator = Generator::fit(&all, &FitOptions::default())?;
    generator.save(&args.out)?;
    let (repertoires, clonotypes) = generator.fitted_to();
    shell.print(&FittedGenerator { out: args.out.clone(), repertoires, clonotypes, comparisons })
}

fn name(input: &Path) -> String {
    let name = input.file_name().unwrap_or(input.as_os_str()).to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// One project against the others, and against a generator fitted to the others.
fn compare(projects: &[(String, Vec<Repertoire>)], held_out: usize) -> Result<[Comparison; 2]> {
    let (a, project) = &projects[held_out];
    let others: Vec<&Repertoire> = (0..projects.len())
        .filter(|&other| other != held_out)
        .flat_map(|other| &projects[other].1)
        .collect();
    let generator = Generator::fit(&others, &FitOptions::default())
        .with_context(|| format!("cannot fit to all but {a}"))?;
    let config = SimulationConfig {
        repertoires: DRAWN.0,
        clonotypes: Clonotypes::Fixed(DRAWN.1),
        ..SimulationConfig::default()
    };
    let drawn = simulate::cohort(&config, Background::Generator(&generator))?;
    let drawn: Vec<&Repertoire> = drawn.cohort.repertoires.iter().collect();
    let real = Profile::of(&project.iter().collect::<Vec<_>>());
    let comparison = |b: &str, other: &[&Repertoire]| {
        let divergences = real.compare(&Profile::of(other));
        Comparison { a: a.clone(), b: b.to_owned(), divergences }
    };
    Ok([comparison("other projects", &others), comparison("generator", &drawn)])
}

impl Report for FittedGenerator {
    fn lines(&self) -> Vec<String> {
        let header = ["project", "against", "length", "V", "J", "V and J", "3-mers"];
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
