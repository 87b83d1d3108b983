//! How unequal the clonotypes of a repertoire are, by class.

use std::path::Path;

use super::{by_class, quarters};
use crate::ReportError;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::labels::Labels;
use crate::page::{number, section};
use crate::table::table;
use crate::tsv::Table;

const TEXT: &str = "Clonality is 0 where all clonotypes are equally frequent and near 1 where one holds all copies: 1 minus Pielou's evenness, the Shannon entropy of the frequencies over its maximum. It depends on how cells were sorted, how much material was sequenced and how copies were counted.";

/// The section; nothing in a folder without clonality, or if no repertoire has copies.
pub(super) fn section_of(
    folder: &Path,
    repertoires: &Table,
    labels: &[Labels],
) -> Result<Option<Element>, ReportError> {
    if repertoires.optional("clonality").is_none() {
        return Ok(None);
    }
    let values = repertoires.numbers("clonality")?;
    if values.iter().flatten().all(|own| *own <= 0.0) {
        return Ok(None);
    }
    let effects = effects(folder)?;
    let effect = |class: &str| effects.iter().find(|(own, _)| own == class).and_then(|own| own.1);
    let whole = quarters(&mut values.iter().copied().flatten().collect::<Vec<_>>());
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for (class, mut own) in by_class(repertoires, labels, &values) {
        let Some([low, median, high]) = quarters(&mut own) else { continue };
        let name = if class.is_empty() { "all" } else { class };
        rows.push(Row {
            interval: Some([low, high]),
            spread: own.clone(),
            ..Row::of(name, "term", Marker::Disc, Some(median))
        });
        let mut row = vec![name.to_owned(), own.len().to_string()];
        row.extend([low, median, high].map(|value| number(Some(value))));
        row.push(number(effect(class)));
        cells.push(row);
    }
    let forest = Forest {
        id: "clonality-forest",
        title: "Clonality of a repertoire, by class",
        description: "Median and quarters of each class. Each small dot is a repertoire. The dashed line marks the median of all.",
        nothing: whole.map_or(0.0, |[_, median, _]| median),
    };
    let titles = ["class", "repertoires", "lower quarter", "median", "upper quarter", "effect"];
    Ok(Some(
        section("clonality", "Clonality", Some(TEXT))
            .with(element("div").set("class", "forests").with(forest.draw(&rows)))
            .with(table("Clonality", &titles, cells)),
    ))
}

/// How far each class is from the others.
fn effects(folder: &Path) -> Result<Vec<(String, Option<f64>)>, ReportError> {
    let path = folder.join("classes.tsv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let all = Table::read(&path, usize::MAX)?;
    let names = all.text("class")?.into_iter().map(str::to_owned);
    Ok(names.zip(all.numbers("clonality_effect")?).collect())
}
