//! Which columns of the metadata can be read from the repertoires: batches that a model can see.

use std::path::Path;

use reperio_model::confounders::{Confounder, Confounders};

use crate::ReportError;
use crate::confounding::{self, SOURCE};
use crate::element::Element;
use crate::page::{paragraph, section};
use crate::table::table;

const TEXT: &str = "How well depth, V/J usage and junction lengths predict the other columns of the metadata: the first ten with 2 to 10 values, or with numbers. What they predict well is a batch that a model can see. It does harm where it goes with the target.";

/// The section; nothing in a folder without the table, or if there is no such column.
pub(super) fn section_of(folder: &Path) -> Result<Option<Element>, ReportError> {
    let all = confounding::of_table(&folder.join("batch_effects.tsv"))?;
    if all.is_empty() {
        return Ok(None);
    }
    let mut titles = vec!["column"];
    titles.extend(SOURCE);
    let rows = all.iter().flat_map(|own| {
        own.sources.iter().map(|source| {
            let name = std::iter::once(own.column.clone());
            name.chain(confounding::row(source)).collect::<Vec<_>>()
        })
    });
    let own = section("batches", "Columns that can be read from the repertoires", Some(TEXT));
    let own = own.with(paragraph(&sentence(&all)));
    Ok(Some(own.with(table("What predicts the columns", &titles, rows))))
}

/// "batch can be read from V/J usage alone (AUC 0.987)."
fn sentence(all: &[Confounders]) -> String {
    let strong = |own: &Confounders| {
        let from: Vec<String> = own.strong().map(Confounder::alone).collect();
        let column = &own.column;
        (!from.is_empty()).then(|| format!("{column} can be read from {}", from.join(" and from ")))
    };
    let strong: Vec<String> = all.iter().filter_map(strong).collect();
    if strong.is_empty() {
        "None of them can be read from the repertoires.".to_owned()
    } else {
        strong.join("; ") + "."
    }
}
