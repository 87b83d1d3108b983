//! Sequence logos: stacks of letters, as high as a position is informative.

use crate::element::{Element, element};
use crate::svg::{Axis, label, line, px, svg};

/// Width of a stack, and height of the most informative one.
const STACK: f64 = 34.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 30.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;
/// Height of a capital letter of this font size.
const SIZE: f64 = 10.0;
const CAPITAL: f64 = 7.3;
/// Letters lower than this are left out.
const LOWEST: f64 = 1.0;
/// Information of a position that holds one of 20 residues only, in bits.
const MOST: f64 = 4.321_928_094_887_363;

/// One position: the share of each residue that occurs, the most frequent first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position {
    /// What stands below it.
    pub(crate) name: String,
    pub(crate) shares: Vec<(char, f64)>,
}

impl Position {
    /// A position from the weight of each residue; `None` without any.
    pub(crate) fn of(name: String, weights: impl IntoIterator<Item = (char, f64)>) -> Option<Self> {
        let mut shares: Vec<(char, f64)> =
            weights.into_iter().filter(|(_, weight)| *weight > 0.0).collect();
        let total: f64 = shares.iter().map(|(_, weight)| weight).sum();
        if total <= 0.0 {
            return None;
        }
        for (_, share) in &mut shares {
            *share /= total;
        }
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Some(Self { name, shares })
    }

    /// How far the shares are from 20 residues alike, in bits.
    ///
    /// ```text
    /// sum over residues of f log2(20 f)
    /// ```
    ///
    /// # References
    ///
    /// - Schneider and Stephens, *Sequence logos: a new way to display consensus sequences*, Nucleic Acids Research
    ///   1990, without the correction for few sequences.
    pub(crate) fn bits(&self) -> f64 {
        self.shares.iter().map(|(_, share)| share * (20.0 * share).log2()).sum()
    }
}

/// The logo of some positions.
pub(crate) fn logo(id: &str, title: &str, about: &str, positions: &[Position]) -> Element {
    let axis = Axis { domain: [0.0, MOST], range: [TOP + HEIGHT, TOP] };
    let width = LEFT + STACK * positions.len() as f64 + 4.0;
    let mut picture = svg([width, TOP + HEIGHT + BOTTOM], id, title, about);
    for bits in [0.0, 2.0, 4.0] {
        let y = axis.at(bits);
        picture = picture.with(line([LEFT - 3.0, y], [width, y], "rule")).with(label(
            [LEFT - 6.0, y + 4.0],
            "tick end",
            format!("{bits}"),
        ));
    }
    for (i, position) in positions.iter().enumerate() {
        let x = LEFT + STACK * i as f64;
        let bits = position.bits();
        let mut base = axis.at(0.0);
        // The most frequent residue stands on top.
        for (residue, share) in position.shares.iter().rev() {
            let height = HEIGHT * bits * share / MOST;
            if height >= LOWEST {
                picture = picture.with(letter(*residue, [x + 1.0, base], height));
            }
            base -= height;
        }
        let middle = [x + STACK / 2.0, TOP + HEIGHT + 14.0];
        picture = picture.with(label(middle, "tick middle", &position.name));
    }
    let caption = element("figcaption").with(element("b").text(title)).text(". ").text(about);
    let style = format!("max-width: {}px", px(width * 1.2));
    element("figure").set("style", style).with(caption).with(picture)
}

/// A letter of a height that stands on a point.
fn letter(residue: char, [x, y]: [f64; 2], height: f64) -> Element {
    let scale = format!("{:.3}", height / CAPITAL);
    element("text")
        .set("class", format!("letter {}", chemistry(residue)))
        .set("font-size", px(SIZE))
        .set("textLength", px(STACK - 2.0))
        .set("lengthAdjust", "spacingAndGlyphs")
        .set("transform", format!("translate({} {}) scale(1 {scale})", px(x), px(y)))
        .text(residue)
}

/// Class in the style sheet by the side chain: acidic, basic, polar, or else.
fn chemistry(residue: char) -> &'static str {
    match residue {
        'D' | 'E' => "best",
        'K' | 'R' | 'H' => "own",
        'N' | 'Q' | 'S' | 'T' | 'G' | 'C' | 'Y' => "oracle",
        _ => "rival",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_of_one_residue_has_all_bits_and_twenty_alike_none() {
        let one = Position::of("1".to_owned(), [('W', 3.0), ('A', 0.0)]).unwrap();
        assert_eq!(one.shares, [('W', 1.0)]);
        assert!((one.bits() - MOST).abs() < 1e-12);
        let alike = "ACDEFGHIKLMNPQRSTVWY".chars().map(|residue| (residue, 0.5));
        assert!(Position::of("1".to_owned(), alike).unwrap().bits().abs() < 1e-12);
        let two = Position::of("1".to_owned(), [('A', 1.0), ('W', 1.0)]).unwrap();
        assert!((two.bits() - (MOST - 1.0)).abs() < 1e-12);
        assert_eq!(Position::of("1".to_owned(), [('A', 0.0)]), None);
    }
}
