//! The terms of a model: how far each moves a logit, and what it found.

use reperio_model::parts::Finding;
use reperio_model::train::{OutOfFold, TermReport};

use super::SHOWN;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::page::{self, number, or_dash};
use crate::table::table;

/// Columns of a table of terms.
pub(crate) const TERM: [&str; 5] = ["term", "part", "alone", "weight", "reach"];

/// The row of a term in it.
pub(crate) fn term(term: &TermReport) -> Vec<String> {
    let known = |value: f64| number((term.weight > 0.0).then_some(value));
    vec![
        term.name.clone(),
        term.part.name().to_owned(),
        number(term.auc.or(term.r2)),
        known(term.weight),
        known(term.reach),
    ]
}

/// What the model is made of.
pub(super) fn section(t: usize, terms: &[TermReport], held_out: &OutOfFold) -> Element {
    let id = format!("target-{}", t + 1);
    let bar = |term: &TermReport| Row {
        name: term.name.clone(),
        class: if term.weight > 0.0 { "term" } else { "control" },
        marker: Marker::Disc,
        value: Some(term.reach),
        interval: Some([0.0, term.reach]),
        spread: Vec::new(),
        text: if term.weight > 0.0 { format!("{:.2}", term.reach) } else { or_dash(String::new()) },
    };
    let forest = Forest {
        id: &format!("{id}-forest"),
        title: "How far each term moves a logit",
        description: "Weight of a term times the standard deviation of its held-out outputs; no weight, no line.",
        nothing: 0.0,
    };
    let rows: Vec<Row> = terms.iter().map(bar).collect();
    page::section(&id, &format!("{}: what the model is made of", held_out.column), None)
        .with(element("div").set("class", "forests").with(forest.draw(&rows)))
        .with(table("Terms of the model", &TERM, terms.iter().map(term)))
}

/// What each term with a weight counts, the strongest first.
pub(super) fn findings(t: usize, terms: &[TermReport], held_out: &OutOfFold) -> Option<Element> {
    let one = |term: &TermReport| -> Vec<Element> {
        let several = term.found.len() > 1;
        let of = |(output, found): (usize, &Vec<Finding>)| {
            if found.is_empty() {
                return None;
            }
            let row = |finding: &Finding| {
                let [positive, negative] = finding
                    .carriers
                    .map_or_else(Default::default, |own| own.map(|n| n.to_string()));
                let stability = finding
                    .stability
                    .map_or_else(String::new, |own| format!("{:.0} %", 100.0 * own));
                vec![
                    finding.what.clone(),
                    number(Some(finding.weight)),
                    positive,
                    negative,
                    stability,
                ]
            };
            let caption = if several {
                format!("{}, output {}", term.name, output + 1)
            } else {
                term.name.clone()
            };
            let names =
                ["found", "weight", "positive carriers", "negative carriers", "chosen in folds"];
            Some(table(&caption, &names, found.iter().take(SHOWN).map(row)))
        };
        term.found.iter().enumerate().filter_map(of).collect()
    };
    let tables: Vec<Element> =
        terms.iter().filter(|term| term.weight > 0.0).flat_map(one).collect();
    let text =
        "The strongest of what each term counts. Carriers are training repertoires of each class.";
    let title = format!("{}: what the terms found", held_out.column);
    let own = page::section(&format!("target-{}-found", t + 1), &title, Some(text));
    (!tables.is_empty()).then(|| own.with(element("div").set("class", "tables").all(tables)))
}

/// Weights of the terms of target `t` in each fold of an evaluation.
pub(crate) fn by_fold(column: &str, t: usize, folds: &[&Vec<TermReport>]) -> Element {
    let mut terms: Vec<&str> = Vec::new();
    for term in folds.iter().copied().flatten() {
        if !terms.contains(&term.name.as_str()) {
            terms.push(&term.name);
        }
    }
    let row = |name: &&str| {
        let of = |fold: &&Vec<TermReport>| {
            let term = fold.iter().find(|term| term.name == *name && term.weight > 0.0);
            number(term.map(|term| term.reach))
        };
        std::iter::once((*name).to_owned()).chain(folds.iter().map(of)).collect::<Vec<_>>()
    };
    let numbered: Vec<String> = (1..=folds.len()).map(|fold| format!("fold {fold}")).collect();
    let mut names = vec!["term"];
    names.extend(numbered.iter().map(String::as_str));
    let text = "How far each term moves a logit in the model of each fold: its weight times the standard deviation of its held-out outputs. A dash is no weight.";
    page::section(
        &format!("target-{}-terms", t + 1),
        &format!("{column}: terms by fold"),
        Some(text),
    )
    .with(table("Reach of the terms by fold", &names, terms.iter().map(row)))
}
