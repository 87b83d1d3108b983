//! Sequence logos: stacks of letters, as high as a position is informative.
//!
//! The height of a stack is a relative entropy in bits, and a letter has the share of its residue in it (Schneider and
//! Stephens, *Sequence logos: a new way to display consensus sequences*, Nucleic Acids Research 1990, without the
//! correction for few sequences).

use crate::element::{Element, element};
use crate::svg::{Axis, label, line, px, svg};

/// Width of a stack, and height of the most informative one.
const STACK: f64 = 34.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 30.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;
/// The same in a cell of a table.
const SMALL: [f64; 2] = [11.0, 36.0];
/// Height of a capital letter of this font size.
const SIZE: f64 = 10.0;
const CAPITAL: f64 = 7.3;
/// Letters lower than this are left out.
const LOWEST: f64 = 1.0;
/// Information of a position that holds one of 20 residues only, in bits.
pub(crate) const MOST: f64 = 4.321_928_094_887_363;

/// One position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position {
    /// What stands below it.
    pub(crate) name: String,
    /// The share of each residue that occurs, the most frequent first.
    pub(crate) shares: Vec<(char, f64)>,
    /// Height of its stack.
    pub(crate) bits: f64,
}

impl Position {
    /// A position with its bits.
    pub(crate) fn new(name: String, mut shares: Vec<(char, f64)>, bits: f64) -> Self {
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { name, shares, bits }
    }

    /// A position from the weight of each residue, against 20 residues alike; `None` without any.
    ///
    /// ```text
    /// bits = sum over residues of f log2(20 f)
    /// ```
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
        let bits = shares.iter().map(|(_, share)| share * (20.0 * share).log2()).sum();
        Some(Self::new(name, shares, bits))
    }
}

/// What stands beside a logo, and the bits of its highest stack.
pub(crate) struct Logo<'a> {
    /// Id of the picture.
    pub(crate) id: &'a str,
    /// Its heading.
    pub(crate) title: &'a str,
    /// What it shows.
    pub(crate) about: &'a str,
    /// Bits at the upper end.
    pub(crate) most: f64,
}

impl Logo<'_> {
    /// A figure with an axis and the names of the positions.
    pub(crate) fn draw(&self, positions: &[Position]) -> Element {
        let Self { id, title, about, most } = *self;
        let axis = Axis { domain: [0.0, most], range: [TOP + HEIGHT, TOP] };
        let width = LEFT + STACK * positions.len() as f64 + 4.0;
        let mut picture = svg([width, TOP + HEIGHT + BOTTOM], id, title, about);
        for bits in (0..=most as u32).step_by(2).map(f64::from) {
            let y = axis.at(bits);
            picture = picture.with(line([LEFT - 3.0, y], [width, y], "rule")).with(label(
                [LEFT - 6.0, y + 4.0],
                "tick end",
                format!("{bits}"),
            ));
        }
        for (i, position) in positions.iter().enumerate() {
            let x = LEFT + STACK * i as f64;
            let middle = [x + STACK / 2.0, TOP + HEIGHT + 14.0];
            picture = picture.all(stack(position, x, STACK, axis)).with(label(
                middle,
                "tick middle",
                &position.name,
            ));
        }
        let caption = element("figcaption").with(element("b").text(title)).text(". ").text(about);
        let style = format!("max-width: {}px", px((width * 1.2).max(300.0)));
        let style_of_picture = format!("max-width: {}px", px(width * 1.2));
        let picture = picture.set("style", style_of_picture);
        element("figure").set("style", style).with(caption).with(picture)
    }

    /// The stacks alone, for a cell of a table.
    pub(crate) fn small(&self, positions: &[Position]) -> Element {
        let [width, height] = SMALL;
        let axis = Axis { domain: [0.0, self.most], range: [height, 0.0] };
        let size = [width * positions.len() as f64, height];
        let picture = svg(size, self.id, self.title, self.about);
        let stacks = positions.iter().enumerate();
        let stacks = stacks.flat_map(|(i, own)| stack(own, width * i as f64, width, axis));
        picture.set("style", format!("width: {}px", px(size[0]))).all(stacks)
    }
}

/// The letters of a position, whose left end is at `x`; the most frequent residue stands on top.
fn stack(position: &Position, x: f64, width: f64, axis: Axis) -> Vec<Element> {
    let mut base = axis.at(0.0);
    let mut letters = Vec::new();
    for (residue, share) in position.shares.iter().rev() {
        let height = axis.at(0.0) - axis.at(position.bits * share);
        if height >= LOWEST {
            letters.push(letter(*residue, [x + 0.03 * width, base], [0.94 * width, height]));
        }
        base -= height;
    }
    letters
}

/// A letter of a size that stands on a point.
fn letter(residue: char, [x, y]: [f64; 2], [width, height]: [f64; 2]) -> Element {
    let scale = format!("{:.3}", height / CAPITAL);
    element("text")
        .set("class", format!("letter {}", chemistry(residue)))
        .set("font-size", px(SIZE))
        .set("textLength", px(width))
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
        assert!((one.bits - MOST).abs() < 1e-12);
        let alike = "ACDEFGHIKLMNPQRSTVWY".chars().map(|residue| (residue, 0.5));
        assert!(Position::of("1".to_owned(), alike).unwrap().bits.abs() < 1e-12);
        let two = Position::of("1".to_owned(), [('A', 1.0), ('W', 1.0)]).unwrap();
        assert!((two.bits - (MOST - 1.0)).abs() < 1e-12);
        assert_eq!(Position::of("1".to_owned(), [('A', 0.0)]), None);
    }

    #[test]
    fn letters_share_the_bits_of_their_stack() {
        let position = Position::new("1".to_owned(), vec![('A', 0.25), ('W', 0.75)], 2.0);
        let axis = Axis { domain: [0.0, 4.0], range: [100.0, 0.0] };
        let stack: Vec<String> =
            stack(&position, 0.0, 10.0, axis).into_iter().map(Element::html).collect();
        let height = |share: f64| format!("scale(1 {:.3})", 50.0 * share / CAPITAL);
        assert!(stack[0].contains(">A<") && stack[0].contains(&height(0.25)), "{stack:?}");
        assert!(stack[1].contains(">W<") && stack[1].contains(&height(0.75)), "{stack:?}");
        assert!(stack[1].contains("translate(0.3 87.5)"), "{stack:?}");
    }
}
