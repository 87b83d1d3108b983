//! The page of one repertoire: its score, what it is made of, and the sequences that drove it.

use reperio_model::labels::{Target, TargetKind};

use super::{Explanation, shading};
use crate::ReportError;
use crate::element::Element;
use crate::page::{Page, number, paragraph, section};
use crate::table::{Cell, of_cells, table};
use crate::tsv::Table;
use crate::waterfall::waterfall;

/// Clonotypes that are shown.
const SHOWN: usize = 30;

/// The column of the network's evidence that is of no residue.
const REST: &str = "residues_network_rest";

const READING: [&str; 3] = [
    "The logit is a bias plus the evidence of every clonotype, and the evidence of a clonotype is the sum of what each part of the model says of it. These are exact sums. The bias is the logit of a training repertoire between the classes.",
    "Attention says which clonotypes a head of the network looks at. It sums to 1 over the repertoire. Evidence says what follows from it.",
    "A prediction set holds every label that the model cannot rule out. Two labels in it mean that the model cannot decide. No label means that the repertoire is unlike any class.",
];

/// What the shading is of, from the k-mers and from the network.
const SHADING: [&str; 2] = [
    "Each k-mer shares its evidence equally among its residues.",
    "The network's evidence is followed from a junction without residues to the whole one, and each residue gets what it adds on the way (integrated gradients). What is there without residues, from the genes, the copies and the length, is in the column network rest and not in the shading.",
];

/// What is said of the shading of a ranking with the columns of `table`; nothing if it has none.
fn shading_text(table: &Table) -> Option<String> {
    let has = |name: &&str| table.optional(name).is_some();
    let [kmers, network] = shading::COLUMNS.each_ref().map(has);
    let of = match (kmers, network) {
        (true, true) => "the k-mers and the network",
        (true, false) => "the k-mers",
        (false, true) => "the network",
        (false, false) => return None,
    };
    let known = SHADING.into_iter().zip([kmers, network]).filter(|(_, known)| *known);
    let how: Vec<&str> = known.map(|(text, _)| text).collect();
    Some(format!(
        "A residue is shaded by its share of the clonotype's evidence from {of}: blue for, orange against. {} These are exact sums too. Public clonotypes and genes speak of whole clonotypes: other parts of the model are not in the shading.",
        how.join(" ")
    ))
}

impl Explanation<'_> {
    /// The page of the repertoire at `place`.
    pub(super) fn patient(&self, place: usize) -> Result<String, ReportError> {
        let (id, first) = (&self.scores.ids[place], self.scores.first[place]);
        let mut verdict: Vec<String> =
            self.targets(place).map(|(target, row)| self.verdict(target, row)).collect();
        let warnings = self.scores.warnings[first].split("; ").filter(|own| !own.is_empty());
        verdict.extend(warnings.map(|own| format!("Warning: {own}.")));
        let mut sections: Vec<Element> = self
            .targets(place)
            .enumerate()
            .map(|(t, (target, row))| self.sum(t, target, self.predicted(target, row)))
            .collect();
        sections.push(self.outputs(place));
        let table = Table::read(&self.own_folder(place).join("sequences.tsv.gz"), SHOWN)?;
        sections.push(self.sequences(place, &table)?);
        sections.extend(self.antigens((id, self.output(place)), &self.own_folder(place))?);
        sections.extend(self.attention(place)?);
        sections.extend(self.leans_on(place)?);
        let reading = section("reading", "How to read this page", None);
        let [sums, rest @ ..] = READING;
        let shading = shading_text(&table);
        let texts = [sums].into_iter().chain(shading.as_deref()).chain(rest);
        sections.push(reading.all(texts.map(paragraph)));
        let page = Page {
            command: "explain",
            title: id,
            facts: &format!("{} clonotypes", self.scores.clonotypes[first]),
            verdict,
            sections,
            words: &self.origin.command,
            version: &self.origin.version,
        };
        Ok(page.html())
    }

    /// From the bias over the parts to the logit.
    fn sum(&self, t: usize, target: &Target, row: usize) -> Element {
        let column = &target.column;
        let of = |name: &str| self.scores.number(name, row).unwrap_or(0.0);
        let steps: Vec<(String, f64)> = self
            .scores
            .parts
            .iter()
            .filter_map(|(part, values)| Some((part.clone(), values[row]?)))
            .collect();
        let output = &self.scores.outputs[row];
        let about = if matches!(target.kind, TargetKind::Regression { .. }) {
            "The bias, the evidence of all clonotypes by part of the model, and their sum: the predicted number in standard deviations from the training mean.".to_owned()
        } else {
            format!(
                "For {output}: the bias, the evidence of all clonotypes by part of the model, and the logit, their sum. To the right of the dashed line the score speaks for {output}."
            )
        };
        let id = format!("target-{}", t + 1);
        section(&id, &format!("{column}: what the score is made of"), None).with(waterfall(
            &format!("{id}-waterfall"),
            "From the bias to the logit",
            &about,
            &("bias".to_owned(), of("bias")),
            &steps,
            &("logit".to_owned(), of("logit")),
        ))
    }

    /// Every output with its numbers.
    fn outputs(&self, place: usize) -> Element {
        let rows = self.targets(place).flat_map(|(target, first)| {
            (first..first + target.width()).map(|row| {
                let of = |name| number(self.scores.number(name, row));
                let mut cells = vec![self.scores.outputs[row].clone()];
                cells.extend(["probability", "value", "logit", "bias", "evidence"].map(of));
                cells.extend(self.scores.parts.iter().map(|(_, values)| number(values[row])));
                cells
            })
        });
        let mut names = vec!["output", "probability", "value", "logit", "bias", "evidence"];
        names.extend(self.scores.parts.iter().map(|(part, _)| part.as_str()));
        let text = "Evidence is that of all clonotypes together, then by part of the model.";
        section("outputs", "All outputs", Some(text)).with(table("Outputs", &names, rows))
    }

    /// The clonotypes with the highest evidence.
    fn sequences(&self, place: usize, table: &Table) -> Result<Element, ReportError> {
        let junctions = table.text("junction_aa")?;
        let residues = shading::shares(table)?;
        let most = shading::most(&residues);
        let texts = [("V", table.text("v_call")?), ("J", table.text("j_call")?)];
        let copies = table.text("duplicate_count")?;
        let mut numbers = Vec::new();
        for (name, title) in self.columns(table, place) {
            numbers.push((title, table.numbers(&name)?));
        }
        let mut names = vec!["rank", "junction", "V", "J", "copies"];
        names.extend(numbers.iter().map(|(title, _)| title.as_str()));
        let row = |i: usize| {
            let mut cells = vec![Cell::from((i + 1).to_string())];
            let shaded = residues.get(i).map(|own| shading::shaded(junctions[i], own, most));
            cells.push(match shaded {
                Some(element) => Cell::of(junctions[i].to_owned(), element),
                None => Cell::from(junctions[i].to_owned()),
            });
            cells.extend(texts.iter().map(|(_, own)| Cell::from(own[i].to_owned())));
            cells.push(Cell::from(copies[i].to_owned()));
            cells.extend(numbers.iter().map(|(_, own)| Cell::from(short(own[i]))));
            cells
        };
        let rows = (0..table.len()).map(row).collect();
        let text = "Ranked by evidence for what the first target predicts. The file sequences.tsv.gz of the repertoire has more, and the share of every residue.";
        let own = section("sequences", "Sequences with the highest evidence", Some(text));
        Ok(own.with(of_cells("Clonotypes with the highest evidence", &names, rows)))
    }

    /// The output that the ranking of the repertoire is for: what its first target predicts.
    fn output(&self, place: usize) -> Option<&str> {
        let (target, row) = self.targets(place).next()?;
        Some(&self.scores.outputs[self.predicted(target, row)])
    }

    /// Columns of a ranking and their headings: evidence for what the first target predicts, in all and by part, and
    /// attention.
    fn columns(&self, table: &Table, place: usize) -> Vec<(String, String)> {
        let output = self.output(place).unwrap_or_default();
        let all = if table.names().iter().any(|name| name == "evidence") {
            "evidence".to_owned()
        } else {
            format!("evidence_{output}")
        };
        let parts = self.scores.parts.iter();
        let parts = parts.map(|(part, _)| (format!("{all}_{part}"), part.clone()));
        let rest = table.names().iter().filter(|name| *name == REST);
        let rest = rest.map(|name| (name.clone(), "network rest".to_owned()));
        let attention = table.names().iter().filter(|name| name.starts_with("attention_"));
        let attention = attention.map(|name| (name.clone(), name.replace('_', " ")));
        let first = [(all.clone(), "evidence".to_owned())];
        first.into_iter().chain(parts).chain(rest).chain(attention).collect()
    }
}

/// A number with four digits after the point, or fewer than that as a power of ten.
fn short(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value != 0.0 && value.abs() < 5e-4 => format!("{value:.1e}"),
        Some(value) => format!("{value:.4}"),
    }
}
