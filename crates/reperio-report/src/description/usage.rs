//! Junction lengths and gene usage, by class.

use std::path::Path;

use crate::ReportError;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::lines::{Line, Scale, lines};
use crate::page::{SERIES, folded, legend, number, section};
use crate::table::table;
use crate::tsv::Table;

/// Genes that are drawn.
const SHOWN: usize = 16;

/// The distinct values of a column, in their order.
fn distinct<'a>(values: &[&'a str]) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for value in values {
        if !all.contains(value) {
            all.push(value);
        }
    }
    all
}

/// A class for people; repertoires without a label have none.
fn named(class: &str, classes: usize) -> &str {
    match class {
        "" if classes == 1 => "all",
        "" => "no label",
        class => class,
    }
}

/// Mean shares of the junction lengths.
pub(super) fn lengths(folder: &Path) -> Result<Element, ReportError> {
    let all = Table::read(&folder.join("lengths.tsv"), usize::MAX)?;
    let of = all.text("class")?;
    let (length, share) = (all.numbers("length")?, all.numbers("mean_share")?);
    let classes = distinct(&of);
    let points = |class: &str| -> Vec<[f64; 2]> {
        let rows = (0..all.len()).filter(|&i| of[i] == class);
        rows.filter_map(|i| Some([length[i]?, share[i]?])).collect()
    };
    let drawn: Vec<Line> = classes
        .iter()
        .enumerate()
        .map(|(i, class)| Line { class: SERIES[i % SERIES.len()], points: points(class) })
        .collect();
    let about = "Share of the clonotypes with each length, anchors included: the mean over the repertoires of a class.";
    let axes = ["residues of the junction", "share of the clonotypes"];
    let picture = lines("lengths-lines", "Junction lengths", about, axes, Scale::Linear, &drawn);
    let caption =
        element("figcaption").with(element("b").text("Junction lengths")).text(". ").text(about);
    let mut known: Vec<u64> = length.iter().flatten().map(|own| *own as u64).collect();
    known.sort_unstable();
    known.dedup();
    let names: Vec<&str> = classes.iter().map(|own| named(own, classes.len())).collect();
    let rows = known.iter().map(|&wanted| {
        let of = |class: &&str| {
            let found =
                (0..all.len()).find(|&i| of[i] == *class && length[i] == Some(wanted as f64));
            number(found.and_then(|i| share[i]))
        };
        std::iter::once(wanted.to_string()).chain(classes.iter().map(of)).collect::<Vec<_>>()
    });
    let mut titles = vec!["length"];
    titles.extend(&names);
    let figure = element("figure").with(caption).with(picture);
    let own = section("lengths", "Junction lengths", None);
    let own = if names.len() > 1 { own.with(legend(names.iter().copied())) } else { own };
    Ok(own
        .with(element("div").set("class", "alone").with(figure))
        .with(folded("As a table", table("Mean share by length", &titles, rows))))
}

/// The genes whose usage differs most between the `positive` class and the others; of one class the most used ones.
pub(super) fn genes(folder: &Path, positive: Option<&str>) -> Result<Element, ReportError> {
    let all = Table::read(&folder.join("genes.tsv"), usize::MAX)?;
    let (gene, of) = (all.text("gene")?, all.text("class")?);
    let (share, effect) = (all.numbers("mean_share")?, all.numbers("effect")?);
    let classes = distinct(&of);
    // A gene has a row for each class: that of the positive one is shown, or of the last.
    let positive = positive.filter(|own| classes.contains(own));
    let last = positive.or(classes.last().copied()).unwrap_or_default();
    let by = |i: usize| if classes.len() > 1 { effect[i] } else { share[i] }.unwrap_or(0.0).abs();
    let mut rows: Vec<usize> = (0..all.len()).filter(|&i| of[i] == last).collect();
    rows.sort_by(|&a, &b| by(b).total_cmp(&by(a)).then(gene[a].cmp(gene[b])));
    rows.truncate(SHOWN);
    let names: Vec<&str> = classes.iter().map(|own| named(own, classes.len())).collect();
    let cells = rows.iter().map(|&i| {
        let shares = classes.iter().map(|class| {
            let found = (0..all.len()).find(|&other| gene[other] == gene[i] && of[other] == *class);
            number(found.and_then(|found| share[found]))
        });
        let mut cells: Vec<String> = std::iter::once(gene[i].to_owned()).chain(shares).collect();
        cells.push(if classes.len() > 1 { number(effect[i]) } else { String::new() });
        cells
    });
    let title = format!("effect of {}", named(last, classes.len()));
    let mut titles = vec!["gene"];
    titles.extend(&names);
    titles.push(&title);
    let text = "The file genes.tsv has all genes, with the spread over the repertoires.";
    let mut own = section("genes", "Gene usage", Some(text));
    if classes.len() > 1 {
        let about = format!(
            "Difference of the mean share of {} from that of all others, in standard deviations.",
            named(last, classes.len())
        );
        let forest = Forest {
            id: "genes-forest",
            title: "Genes whose usage differs most",
            description: &about,
            nothing: 0.0,
        };
        let bar = |&i: &usize| {
            let class = if effect[i].is_some_and(|own| own < 0.0) { "best" } else { "term" };
            Row {
                interval: effect[i].map(|own| [own.min(0.0), own.max(0.0)]),
                ..Row::of(gene[i], class, Marker::Disc, effect[i])
            }
        };
        let drawn: Vec<Row> = rows.iter().map(bar).collect();
        own = own.with(element("div").set("class", "forests").with(forest.draw(&drawn)));
    }
    Ok(own.with(table("Mean share of the clonotypes", &titles, cells)))
}
