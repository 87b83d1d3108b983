//! Known antigens beside the leading clonotypes, and what chance gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Explanation;
use crate::ReportError;
use crate::element::{Element, element};
use crate::page::{paragraph, section};
use crate::table::table;
use crate::tsv::Table;

/// Matches that are shown.
const SHOWN: usize = 40;
/// Letters of a text that are shown.
const LETTERS: usize = 60;
/// Above it matches are no finding.
const LEVEL: f64 = 0.05;

const TEXT: &str = "Receptors of databases with the same V gene and a junction of the same length that differs in one residue or none. A match is no proof that the clonotype binds the antigen.";
const CHANCE: &str = "Chance is as many clonotypes drawn at random from the same repertoires. It does not know that some junctions are easily made: these are shared by many people, lead more often and are in databases more often. Each database has its own names for antigens.";

/// Columns of matches, and their headings.
const MATCHES: [(&str, &str); 13] = [
    ("rank", "rank"),
    ("junction_aa", "junction"),
    ("v_call", "V"),
    ("match", "match"),
    ("database_junction_aa", "junction there"),
    ("database_v_call", "V there"),
    ("antigen_species", "species of the antigen"),
    ("antigen", "antigen"),
    ("epitope", "epitope"),
    ("mhc", "MHC"),
    ("host_species", "host"),
    ("database", "database"),
    ("score", "score"),
];

/// An export of a database that was read.
#[derive(Deserialize)]
pub(super) struct Export {
    path: PathBuf,
    database: String,
    used: u64,
}

/// A row of `annotation_chance.tsv`.
struct Chance {
    output: String,
    /// Empty for any.
    antigen_species: String,
    leading: usize,
    found: usize,
    expected: f64,
    p_value: f64,
    p_adjusted: f64,
    clonotypes: usize,
    without_v: usize,
}

/// The table of chance, by repertoire; that of all has an empty id.
pub(super) struct Chances(BTreeMap<String, Vec<Chance>>);

impl Chances {
    /// Reads it, if the explanation has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, ReportError> {
        let path = folder.join("annotation_chance.tsv");
        if !path.is_file() {
            return Ok(None);
        }
        let table = Table::read(&path, usize::MAX)?;
        let texts = |name: &str| table.text(name);
        let number = |name: &str| -> Result<Vec<f64>, ReportError> {
            let of = |(row, own): (usize, Option<f64>)| {
                own.ok_or_else(|| table.wrong(row, name, "", "a number"))
            };
            table.numbers(name)?.into_iter().enumerate().map(of).collect()
        };
        let counts = ["leading", "found", "clonotypes", "without_v"].map(number);
        let [leading, found, clonotypes, without_v] = counts;
        let (leading, found, clonotypes, without_v) = (leading?, found?, clonotypes?, without_v?);
        let [expected, p_value, p_adjusted] = ["expected", "p_value", "p_adjusted"].map(number);
        let (expected, p_value, p_adjusted) = (expected?, p_value?, p_adjusted?);
        let (ids, outputs) = (texts("repertoire_id")?, texts("output")?);
        let species = texts("antigen_species")?;
        let mut all: BTreeMap<String, Vec<Chance>> = BTreeMap::new();
        for row in 0..table.len() {
            all.entry(ids[row].to_owned()).or_default().push(Chance {
                output: outputs[row].to_owned(),
                antigen_species: species[row].to_owned(),
                leading: leading[row] as usize,
                found: found[row] as usize,
                expected: expected[row],
                p_value: p_value[row],
                p_adjusted: p_adjusted[row],
                clonotypes: clonotypes[row] as usize,
                without_v: without_v[row] as usize,
            });
        }
        Ok(Some(Self(all)))
    }
}

impl Explanation<'_> {
    /// The section of the repertoire `id`, or of all if it is empty, from the matches in `folder`; for one output, or for
    /// all. Nothing if no database was given.
    pub(super) fn antigens(
        &self,
        (id, output): (&str, Option<&str>),
        folder: &Path,
    ) -> Result<Option<Element>, ReportError> {
        let Some(chances) = &self.chances else { return Ok(None) };
        let rows = chances.0.get(id).map_or(&[][..], Vec::as_slice);
        let rows: Vec<&Chance> =
            rows.iter().filter(|own| output.is_none_or(|output| own.output == output)).collect();
        let mut own = section("antigens", "Known antigens", None);
        for any in rows.iter().filter(|own| own.antigen_species.is_empty()) {
            own = own.with(element("p").with(element("b").text(sentence(any))));
        }
        if let Some(first) = rows.first().filter(|own| 2 * own.without_v > own.clonotypes) {
            own = own.with(paragraph(&format!(
                "{} of {} clonotypes have no V gene: these cannot match.",
                first.without_v, first.clonotypes
            )));
        }
        own = own.with(paragraph(TEXT)).with(paragraph(CHANCE)).all(self.exports());
        let found: Vec<&Chance> = rows
            .into_iter()
            .filter(|own| !own.antigen_species.is_empty() && own.found > 0)
            .collect();
        if !found.is_empty() {
            own = own.with(species(&found));
        }
        Ok(Some(own.all(matches(&folder.join("annotations.tsv"), output)?)))
    }

    /// What the receptors are from.
    fn exports(&self) -> Option<Element> {
        let export = |own: &Export| {
            let Export { path, database, used } = own;
            let name =
                path.file_name().map_or_else(String::new, |own| own.to_string_lossy().into());
            format!("{used} chains of {database} ({name})")
        };
        let all: Vec<String> = self.origin.antigens.iter().map(export).collect();
        (!all.is_empty()).then(|| paragraph(&format!("Receptors: {}.", all.join(", "))))
    }
}

/// How many match, and how many would by chance.
fn sentence(any: &Chance) -> String {
    let Chance { output, leading, found, expected, p_value, .. } = any;
    let expected = mean(*expected);
    if *found == 0 {
        return format!(
            "For {output}, none of the {leading} leading clonotypes matches a receptor whose antigen is known; {expected} would by chance."
        );
    }
    let verdict = if *p_value < LEVEL {
        "more than chance explains."
    } else {
        "do not read it as a finding."
    };
    let verb = if *found == 1 { "matches" } else { "match" };
    format!(
        "For {output}, {found} of the {leading} leading clonotypes {verb} a receptor whose antigen is known; {expected} would by chance (P {}): {verdict}",
        probability(*p_value)
    )
}

/// An expected number.
fn mean(value: f64) -> String {
    match value {
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 0.1 => format!("{value:.1}"),
        value if value >= 0.001 => format!("{value:.3}"),
        _ if value > 0.0 => format!("{value:.0e}"),
        _ => "0".to_owned(),
    }
}

fn probability(value: f64) -> String {
    if value < 0.001 { format!("{value:.0e}") } else { format!("{value:.3}") }
}

/// Matches by species of antigen, those found.
fn species(found: &[&Chance]) -> Element {
    let row = |own: &&Chance| {
        vec![
            shortened(&own.antigen_species),
            own.output.clone(),
            own.found.to_string(),
            mean(own.expected),
            probability(own.p_value),
            probability(own.p_adjusted),
        ]
    };
    let names = [
        "species of the antigen",
        "output",
        "leading clonotypes",
        "by chance",
        "P",
        "P, all species looked at",
    ];
    table(
        "Leading clonotypes by species of the antigen that they match",
        &names,
        found.iter().map(row),
    )
}

/// The leading clonotypes that match; nothing if there are none.
fn matches(path: &Path, output: Option<&str>) -> Result<Option<Element>, ReportError> {
    let all = Table::read(path, usize::MAX)?;
    let outputs = all.text("output")?;
    let mut columns = vec![outputs.clone()];
    for (name, _) in MATCHES {
        columns.push(all.text(name)?);
    }
    let rows: Vec<usize> =
        (0..all.len()).filter(|row| output.is_none_or(|own| outputs[*row] == own)).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let caption = if rows.len() > SHOWN {
        format!("The first {SHOWN} of {} matches; annotations.tsv has all", rows.len())
    } else {
        "Matches".to_owned()
    };
    let mut names = vec!["output"];
    names.extend(MATCHES.map(|(_, title)| title));
    let row = |row: &usize| columns.iter().map(|own| shortened(own[*row])).collect();
    Ok(Some(table(
        &caption,
        &names,
        rows.iter().take(SHOWN).map(row).collect::<Vec<Vec<String>>>(),
    )))
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(found: usize, expected: f64, p_value: f64) -> Chance {
        let (output, antigen_species) = ("sick".to_owned(), String::new());
        let (leading, clonotypes, without_v, p_adjusted) = (100, 1_000, 0, p_value);
        Chance {
            output,
            antigen_species,
            leading,
            found,
            expected,
            p_value,
            p_adjusted,
            clonotypes,
            without_v,
        }
    }

    #[test]
    fn matches_are_said_beside_chance() {
        let text = |found, expected, p| sentence(&chance(found, expected, p));
        insta::assert_snapshot!(text(3, 2.1, 0.35), @"For sick, 3 of the 100 leading clonotypes match a receptor whose antigen is known; 2.1 would by chance (P 0.350): do not read it as a finding.");
        insta::assert_snapshot!(text(1, 0.02, 0.0004), @"For sick, 1 of the 100 leading clonotypes matches a receptor whose antigen is known; 0.020 would by chance (P 4e-4): more than chance explains.");
        insta::assert_snapshot!(text(0, 0.0, 1.0), @"For sick, none of the 100 leading clonotypes matches a receptor whose antigen is known; 0 would by chance.");
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"\u{e9}".repeat(100));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (60, true));
        assert_eq!([12.3, 2.14, 0.05, 1e-5, 0.0].map(mean), ["12", "2.1", "0.050", "1e-5", "0"]);
    }
}
