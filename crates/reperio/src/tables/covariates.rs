//! `covariates.tsv`: what the covariates add to each logit.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_model::explain::ExplainedRepertoire;
use reperio_model::model::{CovariateShare, Model};

use crate::shell::table;

/// Name of the table.
pub(crate) const NAME: &str = "covariates.tsv";

/// Writes a row for each covariate and output of every repertoire; nothing of a model without covariates.
pub(crate) fn write(path: &Path, model: &Model, all: &[ExplainedRepertoire]) -> Result<()> {
    if model.info().covariates.is_empty() {
        return Ok(());
    }
    let outputs = model.output_names();
    let mut rows: Vec<(&str, &CovariateShare, usize)> = Vec::new();
    for one in all {
        for share in &one.covariates {
            rows.extend((0..outputs.len()).map(|output| (one.id.as_str(), share, output)));
        }
    }
    let evidence: Vec<f64> = rows.iter().map(|(_, share, output)| share.added[*output]).collect();
    let columns = vec![
        table::text("repertoire_id", rows.iter().map(|(id, ..)| (*id).to_owned())),
        table::text("covariate", rows.iter().map(|(_, share, _)| share.column.clone())),
        table::text("value", rows.iter().map(|(_, share, _)| share.value.clone())),
        table::text("output", rows.iter().map(|(.., output)| outputs[*output].clone())),
        Column::new("evidence".into(), evidence),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}
