//! Logos of what the filters of the network see, from `motifs.tsv`.

use std::path::Path;

use crate::ReportError;
use crate::element::{Element, element};
use crate::logo::{Logo, MOST, Position};
use crate::page::{folded, section};
use crate::table::table;
use crate::tsv::Table;

/// Motifs of an output that are drawn.
const SHOWN: usize = 8;

const TEXT: &str = "A filter of the network answers to a window of a junction. A logo shows the windows of one filter, weighted by its evidence in them. The height of a stack says in bits how far the residues there are from those at the same place in all clonotypes (relative entropy), and a letter has the share of its residue in it. Germline ends are therefore low. Filters are ranked by how far they move the output between the classes; those with less than 1 % of all are left out. Of filters with one consensus, the first is drawn; the file motifs.tsv has all.";

/// One motif of the table.
struct Motif<'a> {
    output: &'a str,
    rank: f64,
    /// Residues of the columns with at least 1 bit.
    consensus: &'a str,
    /// Whether its windows speak for the output or against it.
    direction: &'a str,
    about: String,
    positions: Vec<Position>,
    /// Filters further down with the same consensus and direction.
    others: usize,
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
        let shown: Vec<&Motif<'_>> =
            all.iter().filter(|own| own.output == *output).take(SHOWN).collect();
        let bits = shown.iter().flat_map(|own| &own.positions).map(|own| own.bits);
        let most = bits.fold(MOST, f64::max);
        let figures = shown.iter().enumerate();
        let figures = figures.map(|(i, own)| own.draw(&format!("motif-{}-{}", o + 1, i + 1), most));
        let title = (outputs.len() > 1).then(|| element("h3").text(output));
        own = own.all(title).with(element("div").set("class", "logos").all(figures));
    }
    Ok((!outputs.is_empty()).then_some(own))
}

/// The motifs of the table, in its order.
fn read(table: &Table) -> Result<Vec<Motif<'_>>, ReportError> {
    let texts = |name: &str| table.text(name);
    let (outputs, consensus) = (texts("output")?, texts("motif")?);
    let (sources, directions, residues) =
        (texts("source")?, texts("direction")?, texts("residue")?);
    let [ranks, shares, positions, own, bits] =
        ["rank", "evidence_share", "position", "share", "bits"].map(|name| table.numbers(name));
    let (ranks, shares, positions, own, bits) = (ranks?, shares?, positions?, own?, bits?);
    let counts = ["windows", "carriers", "positive_carriers", "negative_carriers"];
    let [windows, carriers, positive, negative] = counts.map(|name| table.text(name));
    let (windows, carriers, positive, negative) = (windows?, carriers?, positive?, negative?);
    let known = |value: &[Option<f64>], row: usize| value[row].unwrap_or_default();
    let mut all: Vec<Motif<'_>> = Vec::new();
    for row in 0..table.len() {
        let rank = known(&ranks, row);
        let is_new = all
            .last()
            .is_none_or(|last| last.output != outputs[row] || last.rank.total_cmp(&rank).is_ne());
        if is_new {
            let share = 100.0 * known(&shares, row);
            let carried = carried(consensus[row], [carriers[row], positive[row], negative[row]]);
            let about = format!(
                "It speaks {} {}, with {share:.1} % of what the network moves: {}, {} windows{carried}",
                directions[row], outputs[row], sources[row], windows[row]
            );
            let (output, consensus, direction) = (outputs[row], consensus[row], directions[row]);
            let positions = Vec::new();
            all.push(Motif { output, rank, consensus, direction, about, positions, others: 0 });
        }
        let (name, bits) = (format!("{}", known(&positions, row)), known(&bits, row));
        let letter = (residues[row].chars().next().unwrap_or('-'), known(&own, row));
        if let Some(motif) = all.last_mut() {
            motif.add(name, letter, bits);
        }
    }
    Ok(all)
}

/// Who carries the consensus, in words.
fn carried(consensus: &str, [all, positive, negative]: [&str; 3]) -> String {
    match (consensus.is_empty() || all.is_empty(), positive.is_empty()) {
        (true, _) => String::new(),
        (_, true) => format!(". {consensus} occurs in {all} repertoires"),
        _ => format!(
            ". {consensus} occurs in {positive} positive and {negative} negative repertoires"
        ),
    }
}

/// The first motif of each consensus and direction, with the number of the others.
fn first_of_each(all: Vec<Motif<'_>>) -> Vec<Motif<'_>> {
    let mut firsts: Vec<Motif<'_>> = Vec::new();
    for own in all {
        let key = |own: &Motif<'_>| [own.output, own.consensus, own.direction].map(str::to_owned);
        let same = |first: &&mut Motif<'_>| key(first) == key(&own);
        match firsts.iter_mut().find(same) {
            Some(first) if !own.consensus.is_empty() => first.others += 1,
            _ => firsts.push(own),
        }
    }
    firsts
}

impl Motif<'_> {
    /// Adds a residue to the last position, or to a new one.
    fn add(&mut self, name: String, letter: (char, f64), bits: f64) {
        let mut shares = vec![letter];
        if let Some(last) = self.positions.pop_if(|last| last.name == name) {
            shares.extend(last.shares);
        }
        self.positions.push(Position::new(name, shares, bits));
    }

    fn draw(&self, id: &str, most: f64) -> Element {
        let Self { consensus, positions, others, .. } = self;
        let title = if consensus.is_empty() { "no column with 1 bit" } else { consensus };
        let others = match others {
            0 => ".".to_owned(),
            1 => ". One other filter sees the same.".to_owned(),
            n => format!(". {n} other filters see the same."),
        };
        let about = format!("{}{others}", self.about);
        let figure = Logo { id, title, about: &about, most }.draw(positions);
        let row = |position: &Position| {
            let residues = position.shares.iter().take(4);
            let residues = residues.map(|(residue, share)| format!("{residue} {share:.2}"));
            let residues = residues.collect::<Vec<_>>().join(", ");
            vec![position.name.clone(), format!("{:.2}", position.bits), residues]
        };
        let caption = format!("{title}: positions");
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
        let row = |rank: usize, share: f64, rest: &str| {
            format!(
                "sick\t{rank}\tW\tmember {rank}, filter 1\tfor\t0.5\t{share}\t9\t4\t3\t1\t{rest}\n"
            )
        };
        let rows = [
            row(1, 0.5, "1\tA\t0.25\t0.1\t0.5"),
            row(1, 0.5, "1\tW\t0.75\t0.1\t0.5"),
            row(1, 0.5, "2\tW\t1\t0.01\t6.64"),
            row(2, 0.25, "1\tW\t1\t0.01\t6.64"),
        ];
        let write = |text: &str| std::fs::write(dir.path().join("motifs.tsv"), text).unwrap();
        write(&(HEADER.to_owned() + &rows.concat()));
        let table = Table::read(&dir.path().join("motifs.tsv"), usize::MAX).unwrap();
        let first = &first_of_each(read(&table).unwrap())[0];
        assert_eq!(first.others, 1);
        let position = Position::new("1".to_owned(), vec![('W', 0.75), ('A', 0.25)], 0.5);
        assert_eq!(first.positions[0], position);
        let page = motifs(dir.path()).unwrap().unwrap().html();
        let about = "It speaks for sick, with 50.0 % of what the network moves: member 1, filter 1, 9 windows. W occurs in 3 positive and 1 negative repertoires. One other filter sees the same.";
        assert!(page.contains(about), "{page}");
        assert!(page.contains("6.64") && !page.contains("motif-1-2"));
        write(HEADER);
        assert!(motifs(dir.path()).unwrap().is_none());
    }
}
