//! The page of a description: what a cohort holds, and what predicts its labels without any sequence.

mod confounding;
mod usage;

use std::path::Path;

use reperio_stats::moments::quantile;
use serde::Deserialize;

use crate::ReportError;
use crate::element::{Element, element};
use crate::folder::{DESCRIPTION, content};
use crate::forest::{Forest, Marker, Row};
use crate::labels::Labels;
use crate::page::{Page, paragraph, section};
use crate::table::table;
use crate::tsv::Table;

pub use confounding::confounding;

/// Repertoires that are shown; the table has all.
const SHOWN: usize = 1000;

/// `description.json`: where the tables came from, and what the labels mean.
#[derive(Deserialize)]
struct Origin {
    version: String,
    command: Vec<String>,
    labels: Vec<Labels>,
}

const READING: [&str; 3] = [
    "A source that predicts a target well can stand in for the disease: cases and controls may have been sequenced in different places, to different depth or with different primers. A model can then be right for the wrong reason. Each source predicts the target by itself by ridge regression, in the same folds.",
    "P values come from 999 permutations of the labels and are widened because folds learn from each other. A source is called out if its AUC is at least 0.65 (R2 0.1) and its P value, times the number of sources, is below 0.05.",
    "Shares of lengths and genes are means over repertoires, so that every repertoire counts alike. The effect of a gene is the difference of the mean shares in units of their standard deviation.",
];

pub(crate) fn page(folder: &Path, origin: &str) -> Result<String, ReportError> {
    let origin: Origin =
        serde_json::from_str(origin).map_err(|err| content(&folder.join(DESCRIPTION), &err))?;
    let repertoires = Table::read(&folder.join("repertoires.tsv"), usize::MAX)?;
    let (mut verdict, mut sections) = confounding::sections(folder)?;
    if verdict.is_empty() {
        verdict.push(
            "No target was given. With --target, the page shows what predicts it.".to_owned(),
        );
    }
    let positive = origin.labels.first().and_then(Labels::binary).map(|[positive, _]| positive);
    sections.push(depth(&repertoires, &origin.labels)?);
    sections.push(usage::lengths(folder)?);
    sections.push(usage::genes(folder, positive)?);
    sections.extend(dropped(folder)?);
    sections.push(all(&repertoires));
    sections.push(section("reading", "How to read this page", None).all(READING.map(paragraph)));
    let counted: Vec<String> = origin.labels.iter().map(Labels::counted).collect();
    let counted =
        if counted.is_empty() { String::new() } else { format!(" ({})", counted.join("; ")) };
    let columns: Vec<&str> = origin.labels.iter().map(|own| own.column.as_str()).collect();
    let title = if columns.is_empty() {
        "Cohort".to_owned()
    } else {
        format!("Cohort: {}", columns.join(", "))
    };
    let page = Page {
        command: "describe",
        title: &title,
        facts: &format!("{} repertoires{counted}", repertoires.len()),
        verdict,
        sections,
        words: &origin.command,
        version: &origin.version,
    };
    Ok(page.html())
}

/// Where the quarters of the values end; the second is the median.
fn quarters(values: &mut [f64]) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| quantile(values, share);
    Some([at(0.25)?, at(0.5)?, at(0.75)?])
}

/// Clonotypes by class of the first target.
fn depth(repertoires: &Table, labels: &[Labels]) -> Result<Element, ReportError> {
    let clonotypes = repertoires.numbers("clonotypes")?;
    let prefix = labels.first().map_or_else(String::new, |own| crate::labels::prefix(labels, own));
    let label = repertoires.optional(&format!("{prefix}label"));
    let mut names = labels.first().map_or_else(Vec::new, Labels::classes);
    if names.is_empty() || label.is_none() {
        names = vec![""];
    }
    let of = |class: &str| -> Vec<f64> {
        let inside =
            |i: &usize| class.is_empty() || label.as_ref().is_some_and(|own| own[*i] == class);
        let rows = (0..repertoires.len()).filter(inside);
        rows.filter_map(|i| clonotypes[i].filter(|own| *own > 0.0)).collect()
    };
    let whole = quarters(&mut of("")).map_or(0.0, |[_, median, _]| median.log10());
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for class in names {
        let mut own = of(class);
        let name = if class.is_empty() { "all" } else { class };
        let Some([low, median, high]) = quarters(&mut own) else { continue };
        rows.push(Row {
            interval: Some([low.log10(), high.log10()]),
            text: format!("{median:.0}"),
            spread: own.iter().map(|own| own.log10()).collect(),
            ..Row::of(name, "term", Marker::Disc, Some(median.log10()))
        });
        let mut row = vec![name.to_owned(), own.len().to_string()];
        row.extend([low, median, high].map(|value| format!("{value:.0}")));
        cells.push(row);
    }
    let forest = Forest {
        id: "depth-forest",
        title: "Clonotypes of a repertoire, by class (log10)",
        description: "Median and quarters of each class. Each small dot is a repertoire. The dashed line marks the median of all.",
        nothing: whole,
    };
    let titles = ["class", "repertoires", "lower quarter", "median", "upper quarter"];
    Ok(section("depth", "Depth", None)
        .with(element("div").set("class", "forests").with(forest.draw(&rows)))
        .with(table("Clonotypes", &titles, cells)))
}

/// Rows that were dropped; nothing if none were.
fn dropped(folder: &Path) -> Result<Option<Element>, ReportError> {
    let own = Table::read(&folder.join("dropped.tsv"), usize::MAX)?;
    let (reasons, counts) = (own.text("reason")?, own.text("rows")?);
    let rows =
        reasons.iter().zip(counts).map(|(reason, n)| vec![reason.replace('_', " "), n.to_owned()]);
    let text = "Rows of the files that cannot be used, by reason.";
    let made = section("dropped", "Dropped rows", Some(text));
    Ok((own.len() > 0).then(|| made.with(table("Dropped rows", &["reason", "rows"], rows))))
}

/// Every repertoire.
fn all(repertoires: &Table) -> Element {
    let names = repertoires.names();
    let columns: Vec<Vec<&str>> =
        names.iter().filter_map(|name| repertoires.optional(name)).collect();
    let titles: Vec<String> = names.iter().map(|name| name.replace('_', " ")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let n = repertoires.len();
    let text =
        (n > SHOWN).then(|| format!("The first {SHOWN} of {n}. The file repertoires.tsv has all."));
    let row = |i: usize| {
        columns.iter().map(|own| crate::scores::rounded(own[i])).collect::<Vec<String>>()
    };
    section("repertoires", "Repertoires", text.as_deref()).with(table(
        "Repertoires",
        &titles,
        (0..n.min(SHOWN)).map(row),
    ))
}
