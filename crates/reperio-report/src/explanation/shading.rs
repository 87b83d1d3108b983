//! Residues shaded by their share of a clonotype's evidence.

use crate::ReportError;
use crate::element::{Element, element};
use crate::tsv::Table;

/// Shades of a direction.
const SHADES: [[&str; 4]; 2] = [["p1", "p2", "p3", "p4"], ["n1", "n2", "n3", "n4"]];

/// The share of each residue, a row a clonotype; none if the model has no k-mers.
pub(super) fn shares(table: &Table) -> Result<Vec<Vec<f64>>, ReportError> {
    const NAME: &str = "residues_kmers";
    let Some(rows) = table.optional(NAME) else { return Ok(Vec::new()) };
    let row = |(i, text): (usize, &str)| -> Result<Vec<f64>, ReportError> {
        let share = |share: &str| share.parse().ok().filter(|own: &f64| own.is_finite());
        let all: Option<Vec<f64>> = text.split(' ').map(share).collect();
        all.ok_or_else(|| table.wrong(i, NAME, text, "numbers"))
    };
    rows.into_iter().enumerate().map(row).collect()
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
