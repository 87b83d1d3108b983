//! What each head of the network attends to in one repertoire.

use super::Explanation;
use crate::ReportError;
use crate::element::{Element, element};
use crate::lines::{Line, Scale, lines};
use crate::page::{SERIES, legend, number, section};
use crate::table::table;
use crate::tsv::Table;

impl Explanation<'_> {
    /// The curve of attention and the heads; nothing for a model without a network.
    pub(super) fn attention(&self, place: usize) -> Result<Option<Element>, ReportError> {
        let curve = Table::read(&self.own_folder(place).join("attention.tsv"), usize::MAX)?;
        let clonotypes = curve.numbers("clonotypes")?;
        let heads: Vec<&String> =
            curve.names().iter().filter(|name| name.starts_with("attention_")).collect();
        if heads.is_empty() {
            return Ok(None);
        }
        let mut columns = Vec::new();
        for head in &heads {
            columns.push(curve.numbers(head)?);
        }
        let names: Vec<String> = heads.iter().map(|name| name.replace('_', " ")).collect();
        let line = |(i, shares): (usize, &Vec<Option<f64>>)| Line {
            class: SERIES[i % SERIES.len()],
            points: clonotypes
                .iter()
                .zip(shares)
                .filter_map(|(n, own)| Some([(*n)?, (*own)?]))
                .collect(),
        };
        let all: Vec<Line> = columns.iter().enumerate().map(line).collect();
        let about = "How much of a head's attention its most attended clonotypes carry together. A head that rests on few rises at the left.";
        let axes = ["most attended clonotypes", "share of the attention"];
        let picture = lines("attention-curve", "Attention", about, axes, Scale::Logarithm, &all);
        let caption =
            element("figcaption").with(element("b").text("Attention")).text(". ").text(about);
        let rows = (0..curve.len()).map(|i| {
            let mut cells = vec![clonotypes[i].map_or_else(String::new, |n| format!("{n:.0}"))];
            cells.extend(columns.iter().map(|own| number(own[i])));
            cells
        });
        let mut titles = vec!["most attended"];
        titles.extend(names.iter().map(String::as_str));
        let own = section("attention", "Attention of the network", None)
            .with(legend(names.iter().map(String::as_str)))
            .with(
                element("div")
                    .set("class", "alone")
                    .with(element("figure").with(caption).with(picture)),
            )
            .with(self.heads(place)?)
            .with(table("Share of the attention of the most attended clonotypes", &titles, rows));
        Ok(Some(own))
    }

    /// Each head with the number of clonotypes that carry most of its attention, and its operating class.
    fn heads(&self, place: usize) -> Result<Element, ReportError> {
        const COLUMNS: [(&str, &str); 5] = [
            ("attention", "attention"),
            ("member", "member"),
            ("head", "head"),
            ("sequences_90", "clonotypes with 90 %"),
            ("operating_class", "class"),
        ];
        let ids = self.heads.text("repertoire_id")?;
        let mut columns = Vec::new();
        for (name, _) in COLUMNS {
            columns.push(self.heads.text(name)?);
        }
        let rows = (0..self.heads.len()).filter(|&i| ids[i] == self.scores.ids[place]);
        let rows = rows.map(|i| columns.iter().map(|own| own[i].replace('_', " ")).collect());
        let caption = "Heads by operating class, from I (an average over most of the repertoire) to IV (a few clonotypes picked out)";
        Ok(table(caption, &COLUMNS.map(|(_, title)| title), rows.collect::<Vec<Vec<String>>>()))
    }
}
