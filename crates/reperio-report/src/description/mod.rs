//! The page of a description: what a cohort holds, and what predicts its labels without any sequence.

mod clonality;
mod effects;
mod usage;

use std::path::Path;

use reperio_stats::moments::quantile;
use serde::Deserialize;

use crate::element::{Element, element};
use crate::folder::{self, DESCRIPTION};
use crate::forest::{Forest, Marker, Row};
use crate::labels::Labels;
use crate::page::{Page, paragraph, section};
use crate::table::table;
use crate::tsv::Table;
use crate::{ReportError, confounding};

/// Repertoires that are shown; the table has all.
const SHOWN: usize = 1000;

/// `description.json`: where the tables came from, and what the labels mean.
#[derive(Deserialize)]
struct Origin {
    version: String,
    command: Vec<String>,
    labels: Vec<Labels>,
}

const SHARES: &str = "Shares of lengths and genes are means over repertoires, so that every repertoire counts alike. The effect of a gene, or of clonality, is the difference of the mean of a class from that of all others, in units of the standard deviation.";

pub(crate) fn page(folder: &Path, origin: &str) -> Result<String, ReportError> {
    let origin: Origin = folder::parse(&folder.join(DESCRIPTION), origin)?;
    let repertoires = Table::read(&folder.join("repertoires.tsv"), usize::MAX)?;
    let (mut verdict, mut sections) = confounding::sections(folder)?;
    if verdict.is_empty() {
        verdict.push(
            "No target was given. With --target, the page shows what predicts it.".to_owned(),
        );
    }
    let positive = origin.labels.first().and_then(Labels::binary).map(|[positive, _]| positive);
    sections.extend(effects::section_of(folder)?);
    sections.push(depth(folder, &repertoires, &origin.labels)?);
    sections.extend(clonality::section_of(folder, &repertoires, &origin.labels)?);
    sections.push(usage::lengths(folder)?);
    sections.push(usage::genes(folder, positive)?);
    sections.extend(dropped(folder)?);
    sections.push(all(&repertoires));
    let reading = confounding::READING.into_iter().chain([SHARES]).map(paragraph);
    sections.push(section("reading", "How to read this page", None).all(reading));
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

/// The `values` of the repertoires of each class of the first target, or of all.
fn by_class<'a>(
    repertoires: &'a Table,
    labels: &'a [Labels],
    values: &[Option<f64>],
) -> Vec<(&'a str, Vec<f64>)> {
    let prefix = labels.first().map_or_else(String::new, |own| crate::labels::prefix(labels, own));
    let label = repertoires.optional(&format!("{prefix}label"));
    let mut names = labels.first().map_or_else(Vec::new, Labels::classes);
    if names.is_empty() || label.is_none() {
        names = vec![""];
    }
    let of = |class: &'a str| {
        let inside =
            |i: &usize| class.is_empty() || label.as_ref().is_some_and(|own| own[*i] == class);
        (class, (0..values.len()).filter(inside).filter_map(|i| values[i]).collect())
    };
    names.into_iter().map(of).collect()
}

/// Clonotypes by class of the first target.
fn depth(folder: &Path, repertoires: &Table, labels: &[Labels]) -> Result<Element, ReportError> {
    let clonotypes = repertoires.numbers("clonotypes")?;
    let known = |own: Option<f64>| own.filter(|own| *own > 0.0);
    let clonotypes: Vec<Option<f64>> = clonotypes.into_iter().map(known).collect();
    let subjects = subjects(folder)?;
    let mut all: Vec<f64> = clonotypes.iter().copied().flatten().collect();
    let whole = quarters(&mut all).map_or(0.0, |[_, median, _]| median.log10());
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for (class, mut own) in by_class(repertoires, labels, &clonotypes) {
        let name = if class.is_empty() { "all" } else { class };
        let Some([low, median, high]) = quarters(&mut own) else { continue };
        rows.push(Row {
            interval: Some([low.log10(), high.log10()]),
            text: format!("{median:.0}"),
            spread: own.iter().map(|own| own.log10()).collect(),
            ..Row::of(name, "term", Marker::Disc, Some(median.log10()))
        });
        let people = subjects.iter().find(|(own, _)| own == class);
        let people = people.map_or_else(String::new, |(_, n)| n.clone());
        let mut row = vec![name.to_owned(), own.len().to_string(), people];
        row.extend([low, median, high].map(|value| format!("{value:.0}")));
        cells.push(row);
    }
    let forest = Forest {
        id: "depth-forest",
        title: "Clonotypes of a repertoire, by class (log10)",
        description: "Median and quarters of each class. Each small dot is a repertoire. The dashed line marks the median of all.",
        nothing: whole,
    };
    let titles = ["class", "repertoires", "subjects", "lower quarter", "median", "upper quarter"];
    Ok(section("depth", "Depth", None)
        .with(element("div").set("class", "forests").with(forest.draw(&rows)))
        .with(table("Clonotypes", &titles, cells)))
}

/// How many people the repertoires of each class are of, where that is known.
fn subjects(folder: &Path) -> Result<Vec<(String, String)>, ReportError> {
    let path = folder.join("classes.tsv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let all = Table::read(&path, usize::MAX)?;
    let (names, subjects) = (all.text("class")?, all.text("subjects")?);
    Ok(names.into_iter().zip(subjects).map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
}

/// Rows that were dropped; nothing if none were.
fn dropped(folder: &Path) -> Result<Option<Element>, ReportError> {
    let own = Table::read(&folder.join("dropped.tsv"), usize::MAX)?;
    let (reasons, counts) = (own.text("reason")?, own.text("rows")?);
    let rows =
        reasons.iter().zip(counts).map(|(reason, n)| vec![reason.replace('_', " "), n.to_owned()]);
    let text = "Rows of the files that cannot be used, by reason.";
    let made = section("dropped", "Dropped rows", Some(text));
    Ok((!own.is_empty()).then(|| made.with(table("Dropped rows", &["reason", "rows"], rows))))
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
