//! Logos of what the filters of the network see, from `motifs.tsv`.

use std::path::Path;

use crate::ReportError;
use crate::element::{Element, element};
use crate::logo::{Logo, MOST, Position};
use crate::page::{folded, paragraph, section};
use crate::table::table;
use crate::tsv::Table;

/// Motifs of an output that are drawn.
const SHOWN: usize = 8;

const TEXT: &str = "A filter of the network answers to a window of a junction. A logo shows the windows of one filter, weighted by its evidence in them. The height of a stack says in bits how far the residues there are from those at the same place in all clonotypes (relative entropy), and a letter has the share of its residue in it. Germline ends are therefore low. Filters are ranked by how far they move the output between the classes. Filters with the same residues are drawn once, by the first of them. Those with less than 1 % of all, or without a stack of 1 bit, are not drawn. The file motifs.tsv has the numbers.";

/// One motif of the table.
struct Motif<'a> {
    output: &'a str,
    rank: &'a str,
    /// Residues of the columns with at least 1 bit.
    consensus: &'a str,
    /// Whether its windows speak for the output or against it.
    direction: &'a str,
    /// Where it comes from and who carries it, in words.
    about: String,
    /// Share in what the network moves.
    share: f64,
    positions: Vec<Position>,
    /// Filters further down with the same consensus and direction, and their share.
    others: (usize, f64),
}

/// The section of the motifs; nothing without the file or a motif.
pub(super) fn motifs(folder: &Path) -> Result<Option<Element>, ReportError> {
    let path = folder.join("motifs.tsv");
    if !path.is_file() {
        return Ok(None);
    }
    let table = Table::read(&path, usize::MAX)?;
    let all = first_of_each(read(&table)?);
    let mut outputs: Vec<&str> = all.iter().map(|own| own.output).collect();
    outputs.dedup();
    let mut own = section("motifs", "Motifs of the network", Some(TEXT));
    for (o, output) in outputs.iter().enumerate() {
        let has = |own: &&Motif<'_>| own.output == *output && !own.consensus.is_empty();
        let shown: Vec<&Motif<'_>> = all.iter().filter(has).take(SHOWN).collect();
        let bits = shown.iter().flat_map(|own| &own.positions).map(|own| own.bits);
        let most = bits.fold(MOST, f64::max);
        let figures = shown.iter().enumerate();
        let figures = figures.map(|(i, own)| own.draw(&format!("motif-{}-{}", o + 1, i + 1), most));
        let title = (outputs.len() > 1).then(|| element("h3").text(output));
        let none = shown.is_empty().then(|| paragraph("No filter has a stack of 1 bit."));
        own = own.all(title).all(none).with(element("div").set("class", "logos").all(figures));
    }
    Ok((!outputs.is_empty()).then_some(own))
}

/// The motifs of the table, in its order.
fn read(table: &Table) -> Result<Vec<Motif<'_>>, ReportError> {
    let (outputs, ranks) = (table.text("output")?, table.text("rank")?);
    let (positions, residues) = (table.text("position")?, table.text("residue")?);
    let (shares, bits) = (table.numbers("share")?, table.numbers("bits")?);
    let heads = Heads::read(table)?;
    let mut all: Vec<Motif<'_>> = Vec::new();
    for row in 0..table.len() {
        let key = (outputs[row], ranks[row]);
        if all.last().is_none_or(|last| (last.output, last.rank) != key) {
            all.push(heads.motif(row, key));
        }
        let letter = residues[row].chars().next().unwrap_or('-');
        let letter = (letter, shares[row].unwrap_or_default());
        if let Some(motif) = all.last_mut() {
            motif.add(positions[row], letter, bits[row].unwrap_or_default());
        }
    }
    Ok(all)
}

/// The columns that are alike in all rows of a motif.
struct Heads<'a> {
    consensus: Vec<&'a str>,
    sources: Vec<&'a str>,
    directions: Vec<&'a str>,
    shares: Vec<Option<f64>>,
    windows: Vec<&'a str>,
    /// All, positive and negative ones.
    carriers: [Vec<&'a str>; 3],
}

impl<'a> Heads<'a> {
    fn read(table: &'a Table) -> Result<Self, ReportError> {
        Ok(Self {
            consensus: table.text("motif")?,
            sources: table.text("source")?,
            directions: table.text("direction")?,
            shares: table.numbers("evidence_share")?,
            windows: table.text("windows")?,
            carriers: [
                table.text("carriers")?,
                table.text("positive_carriers")?,
                table.text("negative_carriers")?,
            ],
        })
    }

    /// The motif of a row, without positions.
    fn motif(&self, row: usize, (output, rank): (&'a str, &'a str)) -> Motif<'a> {
        let (consensus, direction) = (self.consensus[row], self.directions[row]);
        let share = self.shares[row].unwrap_or_default();
        let [all, positive, negative] = [0, 1, 2].map(|at| self.carriers[at][row]);
        let carried = match (all, positive) {
            ("", _) => String::new(),
            (_, "") => format!(" {consensus} occurs in {all} repertoires."),
            _ => format!(
                " {consensus} occurs in {positive} positive and {negative} negative repertoires."
            ),
        };
        let about = format!(
            "It speaks {direction} {output}, with {} of what the network moves: {}, {} windows.{carried}",
            percent(share),
            self.sources[row],
            self.windows[row]
        );
        let (positions, others) = (vec![], (0, 0.0));
        Motif { output, rank, consensus, direction, about, share, positions, others }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The first motif of each consensus and direction, with the number of the others.
fn first_of_each(all: Vec<Motif<'_>>) -> Vec<Motif<'_>> {
    let mut firsts: Vec<Motif<'_>> = Vec::new();
    for own in all {
        let same = |first: &&mut Motif<'_>| {
            let key = [own.output, own.consensus, own.direction];
            [first.output, first.consensus, first.direction] == key
        };
        match firsts.iter_mut().find(same) {
            Some(Motif { others: (n, share), .. }) => {
                *n += 1;
                *share += own.share;
            }
            None => firsts.push(own),
        }
    }
    firsts
}

impl Motif<'_> {
    /// Adds a residue to the last position, or to a new one.
    fn add(&mut self, name: &str, letter: (char, f64), bits: f64) {
        let mut shares = vec![letter];
        if let Some(last) = self.positions.pop_if(|last| last.name == name) {
            shares.extend(last.shares);
        }
        self.positions.push(Position::new(name.to_owned(), shares, bits));
    }

    fn draw(&self, id: &str, most: f64) -> Element {
        let Self { consensus, positions, share, others, .. } = self;
        let others = match others {
            (0, _) => String::new(),
            (1, own) => format!(" One more filter sees it: {} together.", percent(share + own)),
            (n, own) => format!(" {n} more filters see it: {} together.", percent(share + own)),
        };
        let about = format!("{}{others}", self.about);
        let figure = Logo { id, title: consensus, about: &about, most }.draw(positions);
        let row = |position: &Position| {
            let residues = position.shares.iter().take(4);
            let residues = residues.map(|(residue, share)| format!("{residue} {share:.2}"));
            let residues = residues.collect::<Vec<_>>().join(", ");
            vec![position.name.clone(), format!("{:.2}", position.bits), residues]
        };
        let caption = format!("{consensus}: positions");
        let names = ["position", "bits", "most frequent residues"];
        let table = table(&caption, &names, positions.iter().map(row));
        element("div").with(figure).with(folded("As a table", table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "output\trank\tmotif\tsource\tdirection\tmoves\tevidence_share\twindows\tcarriers\tpositive_carriers\tnegative_carriers\tposition\tresidue\tshare\tbackground\tbits\n";

    #[test]
    fn filters_of_one_consensus_are_drawn_once_with_the_bits_of_the_table() {
        let dir = tempfile::tempdir().unwrap();
        assert!(motifs(dir.path()).unwrap().is_none());
        let row = |rank: usize, motif: &str, rest: &str| {
            format!(
                "sick\t{rank}\t{motif}\tmember {rank}, filter 1\tfor\t0.5\t0.25\t9\t4\t3\t1\t{rest}\n"
            )
        };
        let rows = [
            row(1, "W", "1\tA\t0.25\t0.1\t0.5"),
            row(1, "W", "1\tW\t0.75\t0.1\t0.5"),
            row(1, "W", "2\tW\t1\t0.01\t6.64"),
            row(2, "", "1\tA\t1\t0.9\t0.15"),
            row(3, "W", "1\tW\t1\t0.01\t6.64"),
        ];
        let write = |text: &str| std::fs::write(dir.path().join("motifs.tsv"), text).unwrap();
        write(&(HEADER.to_owned() + &rows.concat()));
        let table = Table::read(&dir.path().join("motifs.tsv"), usize::MAX).unwrap();
        let first = &first_of_each(read(&table).unwrap())[0];
        let position = Position::new("1".to_owned(), vec![('W', 0.75), ('A', 0.25)], 0.5);
        assert_eq!(first.positions[0], position);
        let page = motifs(dir.path()).unwrap().unwrap().html();
        let about = "It speaks for sick, with 25.0 % of what the network moves: member 1, filter 1, 9 windows. W occurs in 3 positive and 1 negative repertoires. One more filter sees it: 50.0 % together.";
        assert!(page.contains(about), "{page}");
        assert!(page.contains("6.64") && !page.contains("motif-1-2"));
        write(&(HEADER.to_owned() + &rows[3]));
        let page = motifs(dir.path()).unwrap().unwrap().html();
        assert!(page.contains("No filter has a stack of 1 bit.") && !page.contains("<svg"));
        write(HEADER);
        assert!(motifs(dir.path()).unwrap().is_none());
    }
}
