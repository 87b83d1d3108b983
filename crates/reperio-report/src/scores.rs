//! The page of a table of scores: their distribution, prediction sets, warnings, and all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reperio_stats::moments::quantile;

use crate::element::Element;
use crate::folder::content;
use crate::histogram;
use crate::page::{Page, decimals, number, paragraph, section};
use crate::table::table;
use crate::tsv::Table;
use crate::{ReportError, save};

/// Repertoires that are shown; the table has all.
const SHOWN: usize = 1000;

const READING: [&str; 3] = [
    "A score is the probability of the positive class, or of each class, or the predicted number. The logit is the score before it becomes a probability: 0 is even.",
    "A prediction set holds every label that the model cannot rule out. Two labels in it mean that the model cannot decide. None means that the repertoire is unlike any class.",
    "A warning says that a repertoire is unlike those that the model was trained on. Do not rely on its score.",
];

/// The page beside a table of scores: `scores.html` beside `scores.tsv` or `scores.tsv.gz`.
pub fn beside(table: &Path) -> PathBuf {
    let name = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let name = name.strip_suffix(".tsv").unwrap_or(name);
    table.with_file_name(format!("{name}.html"))
}

/// Writes the page beside the table at `path`.
pub(crate) fn write(path: &Path) -> Result<PathBuf, ReportError> {
    let page = page(path)?;
    let out = beside(path);
    save(&out, &page)?;
    Ok(out)
}

fn page(path: &Path) -> Result<String, ReportError> {
    let all = Table::read(path, usize::MAX)?;
    let ids = all.text("repertoire_id")?;
    let warnings = all.text("warnings")?;
    // Every target has a prediction set.
    let prefixes: Vec<&str> =
        all.names().iter().filter_map(|name| name.strip_suffix("prediction_set")).collect();
    if prefixes.is_empty() {
        return Err(content(
            path,
            &"no column `prediction_set`, expected a table that `score` wrote",
        ));
    }
    let warned = warnings.iter().filter(|own| !own.is_empty()).count();
    let mut sections = Vec::new();
    for (t, prefix) in prefixes.iter().enumerate() {
        sections.push(target(&all, prefix, t)?);
    }
    sections.extend(warned_of(&warnings));
    sections.push(repertoires(&all));
    sections.push(section("reading", "How to read this page", None).all(READING.map(paragraph)));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let targets: Vec<&str> = prefixes.iter().map(|own| own.trim_end_matches('.')).collect();
    let title = targets.join(", ");
    let page = Page {
        command: "score",
        title: if title.is_empty() { "Scores" } else { &title },
        facts: &format!("{} repertoires in {name}", ids.len()),
        verdict: vec![format!("{warned} of {} repertoires have warnings.", ids.len())],
        sections,
        words: &[],
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(page.html())
}

/// Distribution of the scores of one target, and its prediction sets.
fn target(all: &Table, prefix: &str, t: usize) -> Result<Element, ReportError> {
    let id = format!("target-{}", t + 1);
    let column = prefix.trim_end_matches('.');
    let title = if column.is_empty() { "Scores".to_owned() } else { format!("{column}: scores") };
    let mut own = section(&id, &title, None);
    let logit = format!("{prefix}logit");
    if let (Some(classes), true) =
        (all.optional(&format!("{prefix}class")), all.names().contains(&logit))
    {
        own = own.with(by_class(&id, &all.numbers(&logit)?, &classes));
    } else if all.names().contains(&format!("{prefix}value")) {
        own = own.with(quantiles(&all.numbers(&format!("{prefix}value"))?));
    }
    for (name, caption) in
        [("class", "Repertoires by class"), ("prediction_set", "Repertoires by prediction set")]
    {
        let numbers = name == "prediction_set" && all.names().contains(&format!("{prefix}value"));
        if let Some(values) = all.optional(&format!("{prefix}{name}")).filter(|_| !numbers) {
            let rows = counted(&values)
                .into_iter()
                .map(|(value, n)| vec![value.to_owned(), n.to_string()]);
            own = own.with(table(caption, &[name.replace('_', " ").as_str(), "repertoires"], rows));
        }
    }
    Ok(own)
}

/// Logits by called class: the one above 0 above the axis.
pub(crate) fn by_class(id: &str, logits: &[Option<f64>], classes: &[&str]) -> Element {
    let of = |positive: bool| {
        let rows = logits.iter().zip(classes).filter_map(|(own, class)| Some(((*own)?, *class)));
        rows.filter(move |(own, _)| (*own >= 0.0) == positive)
    };
    let side = |positive: bool| -> (&str, Vec<f64>) {
        let name = of(positive).map(|(_, class)| class).next();
        let other = if positive { "the positive class" } else { "the negative class" };
        (name.unwrap_or(other), of(positive).map(|(own, _)| own).collect())
    };
    histogram::by_class(&format!("{id}-histogram"), &[side(false), side(true)])
}

/// Smallest, middle and largest number, and the quarters.
fn quantiles(values: &[Option<f64>]) -> Element {
    let mut known: Vec<f64> = values.iter().copied().flatten().collect();
    known.sort_by(f64::total_cmp);
    let at = |share: f64| number(quantile(&known, share));
    let rows = [
        ("smallest", 0.0),
        ("lower quarter", 0.25),
        ("median", 0.5),
        ("upper quarter", 0.75),
        ("largest", 1.0),
    ];
    table(
        "Predicted numbers",
        &["of all repertoires", "number"],
        rows.map(|(name, share)| vec![name.to_owned(), at(share)]),
    )
}

/// How often each value stands in a column; empty ones are left out.
fn counted<'a>(values: &[&'a str]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for value in values.iter().filter(|own| !own.is_empty()) {
        *counts.entry(*value).or_insert(0) += 1;
    }
    counts
}

/// How often each kind of warning was given: what stands before its colon.
fn warned_of(warnings: &[&str]) -> Option<Element> {
    let kinds = warnings.iter().flat_map(|own| own.split("; ")).filter(|own| !own.is_empty());
    let kinds: Vec<&str> = kinds.map(|own| own.split(':').next().unwrap_or(own)).collect();
    let rows = counted(&kinds).into_iter().map(|(kind, n)| vec![kind.to_owned(), n.to_string()]);
    let rows: Vec<Vec<String>> = rows.collect();
    let own = section("warnings", "Warnings", None);
    (!rows.is_empty())
        .then(|| own.with(table("Repertoires by warning", &["warning", "repertoires"], rows)))
}

/// Every repertoire with all of its columns.
fn repertoires(all: &Table) -> Element {
    let text = (all.len() > SHOWN)
        .then(|| format!("The first {SHOWN} of {}. The table has all.", all.len()));
    let columns: Vec<Vec<&str>> =
        all.names().iter().filter_map(|name| all.optional(name)).collect();
    let titles: Vec<String> = all.names().iter().map(|name| name.replace('_', " ")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let row = |i: usize| columns.iter().map(|own| rounded(own[i])).collect::<Vec<String>>();
    let own = section("repertoires", "Repertoires", text.as_deref());
    own.with(table("Scores", &titles, (0..all.len().min(SHOWN)).map(row)))
}

/// A number of the table with three decimals; anything else as it is.
pub(crate) fn rounded(field: &str) -> String {
    match field.parse::<f64>() {
        Ok(value) if field.contains('.') && value.is_finite() => decimals(value),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stands_beside_the_table() {
        let name = |path: &str| beside(Path::new(path)).display().to_string();
        assert_eq!(name("out/scores.tsv.gz"), "out/scores.html");
        assert_eq!(name("a.b.tsv"), "a.b.html");
        assert_eq!(name("plain"), "plain.html");
    }

    #[test]
    fn only_fractions_are_rounded() {
        assert_eq!(["0.12345", "17", "none", "1e-7"].map(rounded), ["0.123", "17", "none", "1e-7"]);
    }
}
