//! The filters along the path: each window's value is a straight line, and the maximum of lines has few pieces.

use std::cmp::Ordering;

use super::Clonotype;
use crate::bag::{BagLayout, BagShape, Windows};

/// Residues of the alphabet.
const RESIDUES: usize = 20;

/// A value along the path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) start: f64,
    pub(super) slope: f64,
}

impl Line {
    pub(super) fn at(self, r: f64) -> f64 {
        self.start + r * self.slope
    }
}

/// A stretch of the path on which one window is a filter's maximum and has one sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// Channel of the filter in the embedding.
    pub(super) channel: usize,
    pub(super) from: f64,
    pub(super) to: f64,
    /// First residue of the window.
    window: usize,
    pub(super) line: Line,
}

/// Filters of one width.
#[derive(Debug)]
struct Group {
    width: usize,
    /// Channels of the embedding.
    channels: std::ops::Range<usize>,
    /// (K, 20, C)
    weight: Vec<f64>,
    /// (C)
    bias: Vec<f64>,
    /// (R, C)
    position: Vec<f64>,
}

/// The filters of a network.
#[derive(Debug)]
pub(super) struct Filters {
    shape: BagShape,
    groups: Vec<Group>,
}

impl Filters {
    pub(super) fn new(layout: &BagLayout, flat: &[f32]) -> Self {
        let shape = layout.shape().clone();
        let mut first = 0;
        let mut groups = Vec::with_capacity(shape.filters.len());
        for (g, group) in shape.filters.iter().enumerate() {
            let own =
                |name: &str| super::evidence::segment(layout, flat, &format!("filter.{g}.{name}"));
            groups.push(Group {
                width: group.width,
                channels: first..first + group.count,
                weight: own("weight"),
                bias: own("bias"),
                position: own("position"),
            });
            first += group.count;
        }
        Self { shape, groups }
    }

    /// The pieces of every filter, in order of the channels and along the path.
    pub(super) fn pieces(&self, clonotype: &Clonotype<'_>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for group in &self.groups {
            let lines = self.lines(group, clonotype);
            for (c, channel) in group.channels.clone().enumerate() {
                let own: Vec<Line> =
                    lines.iter().skip(c).step_by(group.channels.len()).copied().collect();
                envelope(&own, channel, &mut pieces);
            }
        }
        pieces
    }

    /// The value of every window under every filter of a group, (windows, C).
    fn lines(&self, group: &Group, clonotype: &Clonotype<'_>) -> Vec<Line> {
        let (count, residues) = (group.channels.len(), clonotype.residues);
        let windows = match self.shape.windows {
            Windows::Full => residues.len().max(group.width) - group.width + 1,
            // Windows beyond the junction are all the same: one stands for them.
            Windows::Padded => (clonotype.padded_length - group.width + 1).min(residues.len() + 1),
        };
        let step = self.step(clonotype);
        let mut lines = Vec::with_capacity(windows * count);
        for p in 0..windows {
            let at = lines.len();
            lines.extend(group.bias.iter().map(|bias| Line { start: *bias, slope: 0.0 }));
            let own = &mut lines[at..];
            let basis = self.shape.position.basis(group.width, residues.len(), p);
            for (basis, row) in basis.iter().zip(group.position.chunks_exact(count)) {
                if *basis != 0.0 {
                    for (line, term) in own.iter_mut().zip(row) {
                        line.start += clonotype.input_scale * basis * term;
                    }
                }
            }
            for (t, residue) in residues.iter().skip(p).take(group.width).enumerate() {
                let row = (t * RESIDUES + usize::from(*residue)) * count;
                for (line, weight) in own.iter_mut().zip(&group.weight[row..row + count]) {
                    line.slope += step * weight;
                }
            }
        }
        lines
    }

    /// What multiplies a weight of a filter at a whole residue.
    fn step(&self, clonotype: &Clonotype<'_>) -> f64 {
        let factor = if self.shape.count_scaling { clonotype.log_count } else { 1.0 };
        clonotype.input_scale * factor
    }

    /// Adds to each residue its part in `integral`, that of df/dm of a filter over a piece.
    pub(super) fn spread(
        &self,
        clonotype: &Clonotype<'_>,
        piece: &Piece,
        integral: f64,
        shares: &mut [f64],
    ) {
        let Some(group) = self.groups.iter().find(|own| own.channels.contains(&piece.channel))
        else {
            return;
        };
        let (count, c) = (group.channels.len(), piece.channel - group.channels.start);
        let own = clonotype.residues.iter().zip(shares).skip(piece.window).take(group.width);
        for (t, (residue, share)) in own.enumerate() {
            let weight = group.weight[(t * RESIDUES + usize::from(*residue)) * count + c];
            *share += integral * self.step(clonotype) * weight;
        }
    }
}

/// Appends the pieces of the highest of `lines` over 0 to 1. Of equal lines the first counts.
fn envelope(lines: &[Line], channel: usize, pieces: &mut Vec<Piece>) {
    let higher = |a: &Line, b: &Line| a.start.total_cmp(&b.start).then(a.slope.total_cmp(&b.slope));
    let mut window = 0;
    for (p, line) in lines.iter().enumerate() {
        if higher(line, &lines[window]) == Ordering::Greater {
            window = p;
        }
    }
    let mut from = 0.0;
    loop {
        let line = lines[window];
        let next = overtaken(lines, line, from);
        let to = next.map_or(1.0, |(to, _)| to);
        // SELU has a kink at 0.
        let zero = -line.start / line.slope;
        if from < zero && zero < to {
            pieces.push(Piece { channel, from, to: zero, window, line });
            pieces.push(Piece { channel, from: zero, to, window, line });
        } else {
            pieces.push(Piece { channel, from, to, window, line });
        }
        let Some((to, next)) = next else { return };
        (from, window) = (to, next);
    }
}

/// Where after `from` a steeper line meets `current` first, and which; of several there the steepest.
fn overtaken(lines: &[Line], current: Line, from: f64) -> Option<(f64, usize)> {
    let mut next: Option<(f64, usize)> = None;
    for (p, line) in lines.iter().enumerate() {
        if line.slope <= current.slope {
            continue;
        }
        let at = ((current.start - line.start) / (line.slope - current.slope)).max(from);
        let sooner = |(other, q): (f64, usize)| {
            at.total_cmp(&other).then(lines[q].slope.total_cmp(&line.slope)) == Ordering::Less
        };
        if at < 1.0 && next.is_none_or(sooner) {
            next = Some((at, p));
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_pieces_are_the_maximum(
            lines in prop::collection::vec((-4..=4_i32, -4..=4_i32), 1..12),
            r in 0.0..=1.0_f64,
        ) {
            let line = |(start, slope): &(i32, i32)| Line { start: f64::from(*start) / 2.0, slope: f64::from(*slope) };
            let lines: Vec<Line> = lines.iter().map(line).collect();
            let mut pieces = Vec::new();
            envelope(&lines, 7, &mut pieces);
            let ends = pieces.iter().map(|own| own.to).chain([1.0]);
            for (piece, before) in pieces.iter().zip([0.0].into_iter().chain(ends)) {
                prop_assert!((piece.from - before).abs() < 1e-12 && piece.from <= piece.to);
                prop_assert_eq!(piece.line, lines[piece.window]);
                let signs = [piece.from, piece.to].map(|r| piece.line.at(r));
                prop_assert!(signs[0] * signs[1] > -1e-12, "one sign: {signs:?}");
            }
            let highest = lines.iter().map(|line| line.at(r)).fold(f64::MIN, f64::max);
            let own = pieces.iter().find(|own| own.from <= r && r <= own.to).expect("no gap");
            prop_assert!((own.line.at(r) - highest).abs() < 1e-12);
        }
    }
}
