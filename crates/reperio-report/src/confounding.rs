//! What predicts a target without any sequence.

use std::path::Path;

use reperio_model::confounders::{Confounder, Confounders, SourceKind};

use crate::ReportError;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::page::{number, section};
use crate::table::table;
use crate::tsv::Table;

/// Name of the table.
const TABLE: &str = "confounders.tsv";

/// How to read its sections.
pub(crate) const READING: [&str; 2] = [
    "A source that predicts a target well can stand in for the disease: cases and controls may have been sequenced in different places, to different depth or with different primers. A model can then be right for the wrong reason. Each source predicts the target by itself by ridge regression, in the same folds.",
    "P values of sources come from 999 permutations of the labels and are widened because folds learn from each other. A source is called out if its AUC is at least 0.65 (R2 0.1) and its P value, times the number of sources, is below 0.05.",
];

/// What a run found of every target; nothing in a folder without the table.
pub(crate) fn read(folder: &Path) -> Result<Vec<Confounders>, ReportError> {
    of_table(&folder.join(TABLE))
}

/// The columns and their sources in a table; nothing if there is none.
pub(crate) fn of_table(path: &Path) -> Result<Vec<Confounders>, ReportError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let all = Table::read(path, usize::MAX)?;
    let (of, names) = (all.text("target")?, all.text("source")?);
    let (auc, r2, p_value) = (all.numbers("auc")?, all.numbers("r2")?, all.numbers("p_value")?);
    let (repertoires, confounds) = (all.text("repertoires")?, all.text("confounds")?);
    let mut found: Vec<Confounders> = Vec::new();
    for i in 0..all.len() {
        let wrong = || all.wrong(i, "repertoires", repertoires[i], "a number");
        let one = Confounder {
            kind: kind(names[i]),
            name: names[i].to_owned(),
            repertoires: repertoires[i].parse().map_err(|_| wrong())?,
            auc: auc[i],
            r2: r2[i],
            p_value: p_value[i],
            confounds: confounds[i] == "true",
        };
        match found.last_mut().filter(|last| last.column == of[i]) {
            Some(last) => last.sources.push(one),
            None => found.push(Confounders { column: of[i].to_owned(), sources: vec![one] }),
        }
    }
    Ok(found)
}

/// The kind of a source by its name.
fn kind(name: &str) -> SourceKind {
    match name {
        "depth" => SourceKind::Depth,
        "V/J usage" => SourceKind::Genes,
        "junction lengths" => SourceKind::Lengths,
        _ => SourceKind::Column,
    }
}

/// A sentence a target, and its section; nothing in a folder without the table.
pub(crate) fn sections(folder: &Path) -> Result<(Vec<String>, Vec<Element>), ReportError> {
    let all = read(folder)?;
    let sections = all.iter().enumerate().map(|(t, own)| one(t, own));
    Ok((all.iter().map(Confounders::sentence).collect(), sections.collect()))
}

/// The sources of one target.
fn one(t: usize, own: &Confounders) -> Element {
    let is_number = own.sources.iter().all(|source| source.auc.is_none());
    let (title, chance) = if is_number { ("R2", 0.0) } else { ("AUC", 0.5) };
    let bar = |source: &Confounder| {
        let (class, marker) =
            if source.confounds { ("best", Marker::Diamond) } else { ("rival", Marker::Small) };
        Row::of(&source.name, class, marker, source.auc.or(source.r2))
    };
    let id = format!("confounders-{}", t + 1);
    let forest = Forest {
        id: &format!("{id}-forest"),
        title,
        description: "Held-out predictions from one source alone. The dashed line marks chance. A diamond predicts the target well, and not by chance.",
        nothing: chance,
    };
    let drawn: Vec<Row> = own.sources.iter().map(bar).collect();
    section(&id, &format!("{}: what predicts it without sequences", own.column), None)
        .with(element("div").set("class", "forests").with(forest.draw(&drawn)))
        .with(table("Sources", &SOURCE, own.sources.iter().map(row)))
}

/// Columns of a table of sources.
pub(crate) const SOURCE: [&str; 5] = ["source", "repertoires", "AUC", "R2", "P"];

/// The row of a source in it.
pub(crate) fn row(own: &Confounder) -> Vec<String> {
    vec![
        own.name.clone(),
        own.repertoires.to_string(),
        number(own.auc),
        number(own.r2),
        number(own.p_value),
    ]
}
