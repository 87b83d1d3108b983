//! The page of several explained repertoires.

use reperio_data::cohort as names;
use reperio_model::labels::TargetKind;

use crate::element::{Element, element};
use crate::page::{Page, number, paragraph, section};
use crate::scores;
use crate::sequences;
use crate::table::{Cell, of_cells};
use crate::{NAME, ReportError};

const READING: [&str; 2] = [
    "Every repertoire has a page of its own with the waterfall of its score and its sequences. The links lead there as long as the folder is whole.",
    "The logit is a bias plus the evidence of every clonotype. The columns of the parts are the evidence of all clonotypes of the repertoire. These are exact sums.",
];

impl super::Explanation<'_> {
    /// The page.
    pub(super) fn cohort(&self) -> Result<String, ReportError> {
        let n = self.scores.ids.len();
        let warned = self.scores.first.iter().filter(|row| !self.scores.warnings[**row].is_empty());
        let mut verdict = vec![format!("{} of {n} repertoires have warnings.", warned.count())];
        verdict.extend(self.origin.no_signal.iter().map(|column| {
            format!("Training found no signal for {column}: its scores are at chance.")
        }));
        let text = "Distinct clonotypes of all repertoires, ranked by their highest evidence, with the number of repertoires that carry them.";
        let columns: Vec<&str> =
            self.origin.targets.iter().map(|own| own.column.as_str()).collect();
        let mut sections = self.distributions();
        sections.push(self.repertoires());
        sections.push(sequences::ranking(self.folder, text)?);
        sections.extend(self.antigens(("", None), self.folder)?);
        let reading = section("reading", "How to read this page", None);
        sections.push(reading.all(READING.map(paragraph)));
        let page = Page {
            command: "explain",
            title: &columns.join(", "),
            facts: &format!("{n} repertoires"),
            verdict,
            sections,
            words: &self.origin.command,
            version: &self.origin.version,
        };
        Ok(page.html())
    }

    /// The logits of every target of two classes, by called class.
    fn distributions(&self) -> Vec<Element> {
        let first = self.scores.first.iter();
        let mut at = 0;
        let mut sections = Vec::new();
        for (t, target) in self.origin.targets.iter().enumerate() {
            if matches!(target.kind, TargetKind::Binary { .. }) {
                let logits: Vec<Option<f64>> =
                    first.clone().map(|row| self.scores.number("logit", row + at)).collect();
                let classes: Vec<&str> =
                    first.clone().map(|row| self.scores.classes[row + at].as_str()).collect();
                let id = format!("target-{}", t + 1);
                let title = format!("{}: scores", target.column);
                let own = section(&id, &title, None);
                sections.push(own.with(scores::by_class(&id, &logits, &classes)));
            }
            at += target.width();
        }
        sections
    }

    /// A row a repertoire and target, with a link to its page.
    fn repertoires(&self) -> Element {
        let several = self.origin.targets.len() > 1;
        let rows = (0..self.scores.ids.len()).flat_map(|place| {
            let id = &self.scores.ids[place];
            self.targets(place).map(move |(target, first)| {
                let row = self.predicted(target, first);
                let href = format!("repertoires/{}/{NAME}", encoded(&names::file_name(id)));
                let link = element("a").set("href", href).text(id);
                let target = if several { target.column.clone() } else { String::new() };
                let of = |name| Cell::from(number(self.scores.number(name, row)));
                let mut cells = vec![Cell::of(id.clone(), link), Cell::from(target)];
                cells.push(Cell::from(self.scores.clonotypes[first].clone()));
                cells.extend(["probability", "value"].map(of));
                cells.push(Cell::from(self.scores.classes[first].clone()));
                cells.push(Cell::from(self.scores.sets[first].clone()));
                cells.extend(["logit", "bias"].map(of));
                let parts = self.scores.parts.iter();
                cells.extend(parts.map(|(_, values)| Cell::from(number(values[row]))));
                cells.push(Cell::from(self.scores.warnings[first].clone()));
                cells
            })
        });
        let mut titles = vec![
            "repertoire",
            "target",
            "clonotypes",
            "probability",
            "value",
            "class",
            "prediction set",
            "logit",
            "bias",
        ];
        titles.extend(self.scores.parts.iter().map(|(part, _)| part.as_str()));
        titles.push("warnings");
        let table = of_cells("Scores and what they are made of", &titles, rows.collect());
        section("repertoires", "Repertoires", None).with(table)
    }
}

/// A file name in a link.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(format!("%{byte:02X}").chars());
        }
    }
    out
}
