//! Logos of what the network's filters started from, in the sequences that the model ranks highest.

use std::path::Path;

use reperio_model::train::{MemberReport, SeedFate};

use crate::ReportError;
use crate::element::{Element, element};
use crate::logo::{Position, logo};
use crate::page::{folded, section};
use crate::table::table;
use crate::tsv::Table;

/// Motifs that are drawn, and the sequences that one must have.
const SHOWN: usize = 8;
const LEAST: usize = 5;
/// Residues on both sides of a motif.
const FLANK: usize = 2;

/// A sequence and its evidence.
type Ranked<'a> = (&'a [u8], f64);

/// The section of the motifs; nothing if no seed occurs among the sequences.
pub(super) fn motifs(
    folder: &Path,
    members: &[MemberReport],
) -> Result<Option<Element>, ReportError> {
    let table = Table::read(&folder.join("sequences.tsv.gz"), usize::MAX)?;
    let evidence = table.numbers("evidence")?;
    let junctions = table.text("junction_aa")?;
    let ranked: Vec<Ranked<'_>> = junctions
        .iter()
        .zip(&evidence)
        .filter_map(|(junction, own)| Some((junction.as_bytes(), (*own)?)))
        .filter(|(_, own)| *own > 0.0)
        .collect();
    let figures: Vec<Element> = seeds(members)
        .into_iter()
        .filter_map(|kmer| one(kmer, &ranked))
        .take(SHOWN)
        .enumerate()
        .map(|(i, own)| own.draw(i))
        .collect();
    let text = format!(
        "Each filter that discovery seeded starts from a k-mer. A logo shows the windows with this k-mer in the sequences of sequences.tsv.gz, weighted by their evidence, with {FLANK} residues on both sides. The height of a stack is its information in bits, from 0 for 20 residues alike to 4.3 for one residue. The k-mer itself is counted in it, so that only the other positions say something new."
    );
    if figures.is_empty() {
        return Ok(None);
    }
    let own = section("motifs", "Motifs", Some(&text));
    Ok(Some(own.with(element("div").set("class", "logos").all(figures))))
}

/// Distinct k-mers from which living filters started, the most enriched first.
fn seeds(members: &[MemberReport]) -> Vec<&str> {
    let mut all: Vec<(&str, f64)> = Vec::new();
    for seed in members.iter().flat_map(|member| &member.seeds) {
        if seed.fate == SeedFate::Died {
            continue;
        }
        match all.iter_mut().find(|(kmer, _)| *kmer == seed.kmer) {
            Some((_, z)) => *z = z.max(seed.z),
            None => all.push((&seed.kmer, seed.z)),
        }
    }
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().map(|(kmer, _)| kmer).collect()
}

/// The windows of one k-mer.
struct Motif<'a> {
    kmer: &'a str,
    sequences: usize,
    positions: Vec<Position>,
}

/// The motif of a k-mer, if enough sequences have it.
fn one<'a>(kmer: &'a str, ranked: &[Ranked<'_>]) -> Option<Motif<'a>> {
    let windows: Vec<(&[u8], usize, f64)> = ranked
        .iter()
        .filter_map(|&(junction, own)| Some((junction, find(kmer.as_bytes(), junction)?, own)))
        .collect();
    if windows.len() < LEAST {
        return None;
    }
    let column = |at: usize| {
        let mut weights = [0.0; 26];
        for (junction, start, own) in &windows {
            let residue = (start + at).checked_sub(FLANK).and_then(|place| junction.get(place));
            if let Some(letter @ b'A'..=b'Z') = residue {
                weights[usize::from(letter - b'A')] += own;
            }
        }
        let name = kmer.as_bytes().get(at.wrapping_sub(FLANK)).copied().unwrap_or(b'.');
        let weights = ('A'..='Z').zip(weights);
        Position::of(char::from(name).to_string(), weights)
    };
    let positions = (0..kmer.len() + 2 * FLANK).filter_map(column).collect();
    Some(Motif { kmer, sequences: windows.len(), positions })
}

/// Where a k-mer with ignored positions first occurs.
fn find(kmer: &[u8], junction: &[u8]) -> Option<usize> {
    let same = |(own, residue): (&u8, &u8)| *own == b'-' || own == residue;
    junction.windows(kmer.len().max(1)).position(|window| kmer.iter().zip(window).all(same))
}

impl Motif<'_> {
    fn draw(&self, i: usize) -> Element {
        let Self { kmer, sequences, positions } = self;
        let about = format!("{sequences} sequences with it");
        let figure = logo(&format!("motif-{}", i + 1), kmer, &about, positions);
        let row = |position: &Position| {
            let residues = position.shares.iter().take(4);
            let residues = residues.map(|(residue, share)| format!("{residue} {share:.2}"));
            let residues = residues.collect::<Vec<_>>().join(", ");
            vec![position.name.clone(), format!("{:.2}", position.bits()), residues]
        };
        let caption = format!("{kmer}: positions");
        let names = ["position", "bits", "most frequent residues"];
        let table = table(&caption, &names, positions.iter().map(row));
        element("div").with(figure).with(folded("As a table", table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_aligned_at_the_k_mer_and_weighted() {
        let junctions: [&[u8]; 6] =
            [b"CASWNDTF", b"CASWNDTF", b"CASWNDAF", b"WNDGF", b"CASWND", b"CASSF"];
        let ranked: Vec<Ranked<'_>> = junctions.iter().map(|own| (*own, 1.0)).collect();
        let motif = one("W-D", &ranked).unwrap();
        assert_eq!(motif.sequences, 5);
        let names: Vec<&str> = motif.positions.iter().map(|own| own.name.as_str()).collect();
        assert_eq!(names, [".", ".", "W", "-", "D", ".", "."]);
        assert_eq!(motif.positions[3].shares, [('N', 1.0)]);
        assert_eq!(motif.positions[5].shares, [('T', 0.5), ('A', 0.25), ('G', 0.25)]);
        assert!(one("WNDX", &ranked).is_none());
    }
}
