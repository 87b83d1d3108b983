//! The ranking of the clonotypes of a cohort, as tables: families of similar ones, and one by one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::ReportError;
use crate::element::Element;
use crate::logo::{Logo, MOST, Position};
use crate::page::{folded, number, paragraph, section};
use crate::table::{Cell, of_cells, table};
use crate::tsv::Table;

/// Families, and clonotypes, of each output that are shown.
const SHOWN: usize = 25;

/// Columns of the file, and their headings.
const COLUMNS: [(&str, &str); 9] = [
    ("rank", "rank"),
    ("junction_aa", "junction"),
    ("v_call", "V"),
    ("j_call", "J"),
    ("evidence", "evidence"),
    ("carriers", "carriers"),
    ("positive_carriers", "positive carriers"),
    ("negative_carriers", "negative carriers"),
    ("family", "family"),
];

/// Columns of the file of families, and their headings.
const FAMILY: [(&str, &str); 9] = [
    ("family", "family"),
    ("consensus", "junction"),
    ("members", "members"),
    ("v_call", "V"),
    ("j_calls", "J"),
    ("evidence", "evidence"),
    ("carriers", "carriers"),
    ("positive_carriers", "positive carriers"),
    ("negative_carriers", "negative carriers"),
];

const FAMILIES: &str = "A family is of one V gene and one length, and each of its clonotypes is within one substitution of another. It has the rank and the evidence of its first member, and the repertoires that carry any member. Its logo shows the ranked members, weighted by their evidence, from 0 bits for 20 residues alike to 4.3 bits for one residue. The files families.tsv and sequences.tsv.gz have more.";

/// Residues of each position of the members of a family, by output and family.
type Residues<'a> = BTreeMap<(&'a str, &'a str), Vec<(&'a str, f64)>>;

/// The section of `sequences.tsv.gz` and `families.tsv` in `folder`, two tables an output; a folder of an earlier version has
/// no families.
pub(crate) fn ranking(folder: &Path, text: &str) -> Result<Element, ReportError> {
    let sequences = Table::read(&folder.join("sequences.tsv.gz"), usize::MAX)?;
    let path = folder.join("families.tsv");
    let families = path.is_file().then(|| Table::read(&path, usize::MAX)).transpose()?;
    let mut outputs = sequences.text("output")?;
    outputs.dedup();
    let mut own = section("sequences", "Sequences with the highest evidence", Some(text));
    if families.is_some() {
        own = own.with(paragraph(FAMILIES));
    }
    let members = members(&sequences)?;
    for (o, output) in outputs.iter().enumerate() {
        let single = clonotypes(&sequences, output)?;
        own = match &families {
            Some(all) => own
                .with(of_families(all, &members, (o + 1, output))?)
                .with(folded("Clonotypes one by one", single)),
            None => own.with(single),
        };
    }
    Ok(own)
}

/// The clonotypes of one output.
fn clonotypes(sequences: &Table, output: &str) -> Result<Element, ReportError> {
    let rows = Rows::read(sequences, &COLUMNS)?;
    let ranks = sequences.numbers("rank")?;
    let of = sequences.text("output")?;
    let leads =
        |row: &usize| of[*row] == output && ranks[*row].is_some_and(|own| own <= SHOWN as f64);
    let caption = format!("Clonotypes with the highest evidence for {output}");
    let own = (0..sequences.len()).filter(leads).map(|row| rows.of(row));
    Ok(table(&caption, &rows.names(), own))
}

/// The columns that a table has, with their headings.
struct Rows<'a> {
    known: Vec<(&'static str, Vec<&'a str>)>,
    evidence: Vec<Option<f64>>,
}

impl<'a> Rows<'a> {
    fn read(table: &'a Table, columns: &[(&str, &'static str)]) -> Result<Self, ReportError> {
        let evidence = table.numbers("evidence")?;
        let known = columns.iter();
        let known = known.filter_map(|(name, title)| Some((*title, table.optional(name)?)));
        Ok(Self { known: known.collect(), evidence })
    }

    fn names(&self) -> Vec<&'static str> {
        self.known.iter().map(|(title, _)| *title).collect()
    }

    /// A row in words.
    fn of(&self, row: usize) -> Vec<String> {
        let cell = |(title, values): &(&str, Vec<&str>)| match *title {
            "evidence" => number(self.evidence[row]),
            _ => values[row].to_owned(),
        };
        self.known.iter().map(cell).collect()
    }
}

/// Junctions and evidence of the members of each family.
fn members(sequences: &Table) -> Result<Residues<'_>, ReportError> {
    let mut all = Residues::new();
    let Some(families) = sequences.optional("family") else { return Ok(all) };
    let (outputs, junctions) = (sequences.text("output")?, sequences.text("junction_aa")?);
    for (row, evidence) in sequences.numbers("evidence")?.into_iter().enumerate() {
        let own = all.entry((outputs[row], families[row])).or_default();
        own.push((junctions[row], evidence.unwrap_or_default()));
    }
    Ok(all)
}

/// The families of one output: its number and name.
fn of_families(
    families: &Table,
    members: &Residues<'_>,
    (o, output): (usize, &str),
) -> Result<Element, ReportError> {
    let rows = Rows::read(families, &FAMILY)?;
    let names = rows.names();
    let (of, numbers) = (families.text("output")?, families.text("family")?);
    let own = (0..families.len()).filter(|row| of[*row] == output).take(SHOWN);
    let cells = |row: usize| -> Vec<Cell> {
        let members = members.get(&(output, numbers[row])).map_or(&[][..], Vec::as_slice);
        let cell = |(title, text): (&&str, String)| {
            if *title == "junction" && members.len() > 1 {
                let picture = logo(&format!("family-{o}-{}", numbers[row]), &text, members);
                Cell::of(text, picture)
            } else {
                Cell::from(text)
            }
        };
        names.iter().zip(rows.of(row)).map(cell).collect()
    };
    let caption = format!("Families with the highest evidence for {output}");
    Ok(of_cells(&caption, &names, own.map(cells).collect()))
}

/// The logo of a family; members without positive evidence count if no other is there.
fn logo(id: &str, consensus: &str, members: &[(&str, f64)]) -> Element {
    let is_any = members.iter().any(|(_, evidence)| *evidence > 0.0);
    let weight = |evidence: f64| if is_any { evidence.max(0.0) } else { 1.0 };
    let length = members.iter().map(|(junction, _)| junction.len()).max().unwrap_or(0);
    let position = |at: usize| {
        let mut weights = BTreeMap::new();
        for (junction, evidence) in members {
            if let Some(letter) = junction.as_bytes().get(at) {
                *weights.entry(char::from(*letter)).or_insert(0.0) += weight(*evidence);
            }
        }
        Position::of(String::new(), weights)
    };
    let positions: Vec<Position> = (0..length).filter_map(position).collect();
    let about = format!("Logo of {} similar junctions", members.len());
    Logo { id, title: consensus, about: &about, most: MOST }.small(&positions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    const SEQUENCES: &str = "output\trank\tjunction_aa\tv_call\tj_call\tevidence\tcarriers\tfamily
sick\t1\tCASSF\tV1\tJ1\t2\t3\t1\nsick\t2\tCAF\tV1\tJ1\t1.5\t1\t2\nsick\t3\tCATSF\tV1\tJ2\t1\t1\t1\n";
    const TABLE: &str = "output\tfamily\tmembers\tconsensus\tv_call\tj_calls\tevidence\tcarriers
sick\t1\t2\tCASSF\tV1\tJ1,J2\t2\t4\nsick\t2\t1\tCAF\tV1\tJ1\t1.5\t1\n";

    fn html(sequences: &str, families: Option<&str>) -> String {
        let dir = tempfile::tempdir().expect("a folder");
        let file = std::fs::File::create(dir.path().join("sequences.tsv.gz")).expect("a file");
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(sequences.as_bytes()).expect("written");
        encoder.finish().expect("written");
        if let Some(families) = families {
            std::fs::write(dir.path().join("families.tsv"), families).expect("written");
        }
        ranking(dir.path(), "text").expect("a section").html()
    }

    #[test]
    fn a_family_of_several_has_a_logo_and_a_single_one_its_junction() {
        let page = html(SEQUENCES, Some(TABLE));
        assert_eq!(page.matches("<svg").count(), 1);
        assert!(page.contains("id=\"family-1-1-title\">CASSF<"), "{page}");
        assert!(page.contains("Logo of 2 similar junctions"));
        assert!(page.contains("<td class=\"text word\">CAF</td>"), "{page}");
        assert!(page.contains("<details><summary>Clonotypes one by one"));
    }

    #[test]
    fn a_folder_without_families_shows_its_clonotypes() {
        let page = html(&SEQUENCES.replace("\tfamily\n", "\tother\n"), None);
        assert!(page.contains("CATSF") && !page.contains("<details") && !page.contains("<svg"));
    }
}
