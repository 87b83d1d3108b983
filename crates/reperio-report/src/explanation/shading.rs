//! Residues shaded by their share of a clonotype's evidence.

use crate::ReportError;
use crate::element::{Element, element};
use crate::tsv::Table;

/// Shades of a direction.
const SHADES: [[&str; 4]; 2] = [["p1", "p2", "p3", "p4"], ["n1", "n2", "n3", "n4"]];

/// Columns of residue shares, by the part of the model whose evidence they share.
pub(super) const COLUMNS: [&str; 2] = ["residues_kmers", "residues_network"];

/// The share of each residue in the evidence of all parts that speak of residues, a row a clonotype; none if no part
/// does.
pub(super) fn shares(table: &Table) -> Result<Vec<Vec<f64>>, ReportError> {
    let mut all: Vec<Vec<f64>> = Vec::new();
    for name in COLUMNS {
        let Some(rows) = table.optional(name) else { continue };
        all.resize(rows.len(), vec![]);
        for (i, (own, text)) in all.iter_mut().zip(rows).enumerate() {
            let parts = numbers(text).ok_or_else(|| table.wrong(i, name, text, "numbers"))?;
            if own.is_empty() {
                *own = parts;
            } else if own.len() == parts.len() {
                own.iter_mut().zip(parts).for_each(|(own, part)| *own += part);
            } else if !parts.is_empty() {
                let expected = format!("{} numbers, one for each residue", own.len());
                return Err(table.wrong(i, name, text, &expected));
            }
        }
    }
    Ok(all)
}

/// Finite numbers with spaces between them, none in an empty field.
fn numbers(text: &str) -> Option<Vec<f64>> {
    let share = |share: &str| share.parse().ok().filter(|own: &f64| own.is_finite());
    text.split(' ').filter(|_| !text.is_empty()).map(share).collect()
}

/// The largest share, signs aside.
pub(super) fn most(all: &[Vec<f64>]) -> f64 {
    all.iter().flatten().fold(0.0, |most: f64, own| most.max(own.abs()))
}

/// The junction in stretches of one shade. Residues that the row does not speak of are plain.
pub(super) fn shaded(junction: &str, shares: &[f64], most: f64) -> Element {
    let shade = |share: Option<&f64>| -> Option<&'static str> {
        let share = share.copied().filter(|_| most > 0.0)?;
        let level = (share.abs() / most * 4.5).floor().min(4.0) as usize;
        SHADES[usize::from(share < 0.0)].get(level.checked_sub(1)?).copied()
    };
    let mut whole = element("span").set("class", "residues");
    let mut stretch = String::new();
    let mut current = None;
    let close = |whole: Element, class: Option<&str>, text: &str| match (class, text) {
        (_, "") => whole,
        (Some(class), text) => whole.with(element("i").set("class", class).text(text)),
        (None, text) => whole.text(text),
    };
    for (at, residue) in junction.chars().enumerate() {
        let own = shade(shares.get(at));
        if own != current {
            whole = close(whole, current, &stretch);
            stretch.clear();
            current = own;
        }
        stretch.push(residue);
    }
    close(whole, current, &stretch)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares in a table of these lines.
    fn read(lines: &str) -> Result<Vec<Vec<f64>>, ReportError> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("sequences.tsv");
        std::fs::write(&path, lines).expect("a file");
        shares(&Table::read(&path, usize::MAX)?)
    }

    #[test]
    fn parts_that_speak_of_residues_are_added() {
        assert_eq!(
            read("residues_kmers\tresidues_network\n1 2\t0.5 -4\n1 2\t\n").unwrap(),
            [[1.5, -2.0], [1.0, 2.0]]
        );
        assert_eq!(
            read("residues_network\tother\n0.5 -4\t\n\t1\n").unwrap(),
            [vec![0.5, -4.0], vec![]]
        );
        assert_eq!(read("residues_kmers\n1 2\n").unwrap(), [[1.0, 2.0]]);
        assert_eq!(read("evidence\n1\n").unwrap(), [[0.0; 0]; 0]);
        let problem = |lines| {
            let text = read(lines).unwrap_err().to_string();
            text[text.find("line 2").unwrap_or(0)..].to_owned()
        };
        insta::assert_snapshot!(problem("residues_kmers\tresidues_network\n1 2\t1 2 3\n"), @r#"line 2: `residues_network` is "1 2 3", expected 2 numbers, one for each residue"#);
        insta::assert_snapshot!(problem("residues_kmers\n1 x\n"), @r#"line 2: `residues_kmers` is "1 x", expected numbers"#);
    }

    #[test]
    fn residues_of_one_shade_stand_together() {
        let shares = [0.0, 0.1, 1.0, 1.0, -0.5, 0.01];
        let html = shaded("CASSFT", &shares, most(&[shares.to_vec()])).html();
        assert_eq!(
            html,
            "<span class=\"residues\">CA<i class=\"p4\">SS</i><i class=\"n2\">F</i>T</span>"
        );
        assert_eq!(shaded("CASS", &[], 0.0).html(), "<span class=\"residues\">CASS</span>");
    }
}
