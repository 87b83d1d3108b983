//! What predicts a target without any sequence.

use std::path::Path;

use reperio_model::confounders::Confounders;

use crate::ReportError;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::page::{number, section};
use crate::table::table;
use crate::tsv::Table;

/// What follows for a target, in a sentence.
pub fn confounding(own: &Confounders) -> String {
    let strong = own.sources.iter().filter(|source| source.confounds);
    let strong: Vec<String> = strong
        .map(|source| {
            let figure = if source.auc.is_some() { "AUC" } else { "R2" };
            let value = number(source.auc.or(source.r2));
            format!("{} alone ({figure} {value})", source.name)
        })
        .collect();
    sentence(&own.column, own.sources.len(), &strong)
}

fn sentence(column: &str, sources: usize, strong: &[String]) -> String {
    if sources == 0 {
        return format!("{column}: too few labelled repertoires to see what predicts it.");
    }
    if strong.is_empty() {
        return format!("No source without sequences predicts {column} well.");
    }
    format!(
        "{column} can be predicted from {}: check whether the classes were sequenced alike.",
        strong.join(" and from ")
    )
}

/// A sentence a target, and its section.
pub(super) fn sections(folder: &Path) -> Result<(Vec<String>, Vec<Element>), ReportError> {
    let all = Table::read(&folder.join("confounders.tsv"), usize::MAX)?;
    let (of, names) = (all.text("target")?, all.text("source")?);
    let (auc, r2) = (all.numbers("auc")?, all.numbers("r2")?);
    let (p, n) = (all.numbers("p_value")?, all.text("repertoires")?);
    let confounds = all.text("confounds")?;
    let mut targets = of.clone();
    targets.dedup();
    let (mut verdict, mut sections) = (Vec::new(), Vec::new());
    for (t, target) in targets.into_iter().enumerate() {
        let rows: Vec<usize> = (0..all.len()).filter(|&i| of[i] == target).collect();
        let is_number = rows.iter().all(|&i| auc[i].is_none());
        let (title, chance) = if is_number { ("R2", 0.0) } else { ("AUC", 0.5) };
        let value = |i: usize| auc[i].or(r2[i]);
        let strong = rows.iter().filter(|&&i| confounds[i] == "true");
        let strong: Vec<String> =
            strong.map(|&i| format!("{} alone ({title} {})", names[i], number(value(i)))).collect();
        verdict.push(sentence(target, rows.len(), &strong));
        let bar = |&i: &usize| {
            let class = if confounds[i] == "true" { "best" } else { "rival" };
            let marker = if confounds[i] == "true" { Marker::Diamond } else { Marker::Small };
            Row::of(names[i], class, marker, value(i))
        };
        let id = format!("confounders-{}", t + 1);
        let forest = Forest {
            id: &format!("{id}-forest"),
            title,
            description: "Held-out predictions from one source alone. The dashed line marks chance. A diamond predicts the target well, and not by chance.",
            nothing: chance,
        };
        let cells = rows.iter().map(|&i| {
            let name = names[i].to_owned();
            vec![name, n[i].to_owned(), number(auc[i]), number(r2[i]), number(p[i])]
        });
        let drawn: Vec<Row> = rows.iter().map(bar).collect();
        let own = section(&id, &format!("{target}: what predicts it without sequences"), None)
            .with(element("div").set("class", "forests").with(forest.draw(&drawn)))
            .with(table("Sources", &["source", "repertoires", "AUC", "R2", "P"], cells));
        sections.push(own);
    }
    Ok((verdict, sections))
}
