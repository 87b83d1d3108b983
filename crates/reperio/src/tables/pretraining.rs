//! How a pre-training went, for people and as a table.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_model::pretrain::{BaseUse, Figures, PretrainReport, Views};

use crate::shell::output::{align, row};
use crate::shell::table;

/// Name of the table of losses.
pub(crate) const LOSSES: &str = "losses.tsv";

/// Digits of a checksum that lines show.
const DIGITS: usize = 12;

/// Writes a row for each epoch: 0 is before the first update.
pub(crate) fn write(path: &Path, report: &PretrainReport) -> Result<()> {
    let epochs = &report.epochs;
    let number = |own: &usize| *own as u64;
    let columns = vec![
        Column::new(
            "epoch".into(),
            epochs.iter().map(|own| number(&own.epoch)).collect::<Vec<_>>(),
        ),
        Column::new(
            "training_loss".into(),
            epochs.iter().map(|own| own.training_loss).collect::<Vec<_>>(),
        ),
        Column::new(
            "held_out_loss".into(),
            epochs.iter().map(|own| own.validation_loss).collect::<Vec<_>>(),
        ),
    ];
    table::write(path, DataFrame::new(epochs.len(), columns)?)
}

/// The same for a terminal.
pub(crate) fn lines(report: &PretrainReport) -> Vec<String> {
    let PretrainReport { views, repertoires, fitted, held_out, best_epoch, .. } = report;
    let each = if *views == Views::Halves { "repertoires" } else { "subjects" };
    let mut lines = vec![
        format!("Views: {views}"),
        format!(
            "{repertoires} repertoires: {fitted} {each} to learn from, {held_out} subjects held out"
        ),
    ];
    if *views != Views::Halves {
        lines.push(
            "What differs between the repertoires of a subject (cell type, tissue, time) is learned to be ignored; \
             --views halves keeps it"
                .to_owned(),
        );
    }
    lines.push(String::new());
    let loss = |epoch: usize| {
        let own = report.epochs.iter().find(|own| own.epoch == epoch);
        own.and_then(|own| own.validation_loss)
            .map_or_else(String::new, |loss| format!("{loss:.4}"))
    };
    let figures =
        |own: &Figures| [format!("{:.3}", own.top1), format!("{:.1}", own.effective_rank)];
    let ([start, start_rank], [end, end_rank]) = (figures(&report.start), figures(&report.end));
    let (kept, chance) = (format!("epoch {best_epoch}"), format!("{:.3}", report.end.chance));
    lines.extend(align(&[
        row([&"held-out subjects", &"start", &kept, &"chance"]),
        row([&"loss", &loss(0), &loss(*best_epoch), &""]),
        row([&"views that find their own first", &start, &end, &chance]),
        row([&"dimensions in use", &start_rank, &end_rank, &""]),
    ]));
    if *best_epoch == 0 {
        lines.push("No epoch lowered the held-out loss: the base is a random network".to_owned());
    }
    lines
}

/// What a training started from, and whether its held-out figures are of repertoires that the base knows.
pub(crate) fn started_from(own: &BaseUse) -> Vec<String> {
    let BaseUse { sha256, repertoires, here, seen } = own;
    let name = sha256.get(..DIGITS).unwrap_or(sha256);
    let mut lines = vec![format!(
        "The network starts from base {name}, pre-trained on {repertoires} repertoires without labels"
    )];
    if *seen > 0 {
        lines.push(format!(
            "The base has seen {seen} of these {here} repertoires, without their labels: held-out figures are transductive \
             and may be too good for people whom it has not seen"
        ));
    }
    lines
}
