//! `reperio score`: a trained model's scores of repertoires.

mod remote;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use polars::prelude::{Column, DataFrame};
use reperio_data::progress::Observer;
use reperio_model::combine::PredictionSet;
use reperio_model::evaluate::COVERAGE;
use reperio_model::model::{Model, Prediction, TargetPrediction};
use reperio_model::score::{self, Score};
use serde::{Deserialize, Serialize};

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::arguments::page::{self, PageArgs};
use crate::arguments::server::ServerArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Sources};
use crate::shell::{Shell, table};
use crate::tables::predictions;

/// Rows of a table on the terminal; the file has all of them.
const SHOWN: usize = 20;

/// Score repertoires with a trained model
///
/// The model file alone is enough. Writes one row per repertoire: logit, probability, class,
/// prediction set (the classes that cannot be ruled out; both or none if the model cannot decide),
/// number of clonotypes used, and warnings if the repertoire is unlike the training population. A page
/// that shows all of it stands beside the table: scores.html beside scores.tsv.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio score --model run patient7.tsv.gz --out scores.tsv
  reperio score --model model.safetensors cohort --out scores.tsv --json
  reperio score --server https://reperio.example.org --model covid patient7.tsv.gz --out scores.tsv")]
pub(crate) struct Args {
    /// Run folder or model file; with --server, a name
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Table to write (.tsv, .tsv.gz)
    #[arg(long, value_name = "TSV")]
    out: PathBuf,
    /// Share of repertoires whose prediction set should contain their class, in (0, 1)
    #[arg(long, value_name = "SHARE", default_value_t = COVERAGE)]
    coverage: f64,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// What `score --json` prints.
#[derive(Serialize, Deserialize)]
pub(crate) struct Scores {
    /// Table written.
    out: PathBuf,
    /// Every repertoire's score, sorted by id.
    repertoires: Vec<Score>,
    /// Targets for which training found no signal: their probabilities are close to the class shares.
    no_signal: Vec<String>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Scores> {
    let server = args.server.open()?;
    let file = Model::file(&args.model);
    let model = server.is_none().then_some(&file);
    let sources = Sources::of(&args.input.inputs).and(&args.input.metadata).and(model);
    let existing = args.overwrite.existing();
    let _lock = outputs::file(&args.out, &sources, existing)?;
    let beside = args.page.beside(&args.out);
    let page_lock = beside.as_ref().map(|page| outputs::file(page, &sources, existing));
    let _page_lock = page_lock.transpose()?;
    if !(args.coverage > 0.0 && args.coverage < 1.0) {
        bail!("--coverage {}, expected a share between 0 and 1", args.coverage);
    }
    let (scores, warnings) = match server {
        Some(server) => remote::score(args, server, shell)?,
        None => score_here(args, &file, shell)?,
    };
    if beside.is_some() {
        page::of_scores(&args.out)?;
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(scores)
}

/// The scores, whose table is written, and what to warn of.
fn score_here(args: &Args, file: &Path, shell: &Shell) -> Result<(Scores, Vec<String>)> {
    let model = Model::load(file)?;
    let device = args.device.open_for(&model.info().config.model)?;
    let model = model.on(&device);
    let (request, coverage) = (args.input.request(shell), args.coverage);
    let score = move |observer: &dyn Observer| {
        score::inputs(&model, &request, coverage, observer).map(|scores| (model, scores))
    };
    let (model, scores) = shell.read("run the command again", score)?;
    table::write(&args.out, frame(&model, &scores)?)?;
    let empty = scores.iter().filter(|own| own.prediction.clonotypes == 0);
    let mut warnings: Vec<String> = empty
        .map(|Score { repertoire_id, .. }| {
            format!("{repertoire_id} has no clonotypes: it gets no score")
        })
        .collect();
    let no_signal = model.no_signal();
    warnings.extend(no_signal.iter().map(|column| {
        format!(
            "training found no signal for {column}: its probabilities are close to the class shares"
        )
    }));
    Ok((Scores { out: args.out.clone(), repertoires: scores, no_signal }, warnings))
}

fn frame(model: &Model, scores: &[Score]) -> Result<DataFrame> {
    let ids: Vec<&str> = scores.iter().map(|score| score.repertoire_id.as_str()).collect();
    let mut columns = vec![Column::new("repertoire_id".into(), ids)];
    let (said, targets) = (scores.iter().map(|score| &score.prediction), &model.info().targets);
    columns.extend(predictions::columns(targets, &said.collect::<Vec<&Prediction>>()));
    for (t, target) in targets.iter().enumerate() {
        let name = format!("{}prediction_set", target.prefix(targets));
        let set = |score: &Score| {
            score.prediction_sets[t].as_ref().map_or_else(String::new, PredictionSet::text)
        };
        columns.push(table::text(&name, scores.iter().map(set)));
    }
    let clonotypes: Vec<u64> =
        scores.iter().map(|score| score.prediction.clonotypes as u64).collect();
    columns.push(Column::new("clonotypes".into(), clonotypes));
    let warnings = scores.iter().map(|score| score.prediction.warnings.join("; "));
    columns.push(table::text("warnings", warnings));
    Ok(DataFrame::new(scores.len(), columns)?)
}

impl Report for Scores {
    fn lines(&self) -> Vec<String> {
        let mut rows = vec![row([&"repertoire", &"clonotypes", &"score", &"", &"warnings"])];
        for Score { repertoire_id, prediction, .. } in self.repertoires.iter().take(SHOWN) {
            let (number, class) = in_short(&prediction.targets[0]);
            let warnings = prediction.warnings.len();
            rows.push(row([repertoire_id, &prediction.clonotypes, &number, &class, &warnings]));
        }
        let mut lines = align(&rows);
        if self.repertoires.len() > SHOWN {
            lines.push(format!("... {} more", self.repertoires.len() - SHOWN));
        }
        lines.push(format!("{} scores in {}", self.repertoires.len(), self.out.display()));
        lines
    }
}

/// The probability of the predicted class and its name, or the number.
fn in_short(prediction: &TargetPrediction) -> (String, String) {
    if let Some(value) = prediction.value {
        return (format!("{value:.4}"), String::new());
    }
    let class = prediction.class.clone().unwrap_or_default();
    match prediction.probabilities[..] {
        [] => ("no score".to_owned(), class),
        [p] => (format!("{p:.4}"), class),
        ref many => (format!("{:.4}", many.iter().copied().fold(0.0, f64::max)), class),
    }
}
