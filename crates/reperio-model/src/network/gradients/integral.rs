//! Quadrature along the path.
//!
//! The gradient by a filter's value is that by its embedding, times the slope of SELU. The second changes where another
//! window becomes the maximum or the value changes its sign, and those places are known. The first is smooth, up
//! to kinks inside the key network. So only the first is interpolated, from three Gauss-Legendre nodes on each
//! stretch of the path, and integrated over the known pieces. What a stretch misses is known: its integral should be the
//! difference of the evidence between its ends. The stretch that misses most is halved, until all together miss little.
//!
//! An LSTM is smooth: the gradient by its residues is integrated by the same three nodes.

use super::evidence::{Clonotype, Evidence, Point, Reference, selu_slope};
use super::lstm::Lines;
use super::windows::Piece;

/// Stretches to begin with.
const STRETCHES: usize = 4;
/// Most halvings of all stretches together.
const HALVINGS: usize = 500;
/// No stretch is shorter.
const SHORTEST: f64 = 1e-6;
/// Most that all stretches together may miss, of how far the evidence moves along the path.
const RELATIVE: f64 = 2e-2;
/// Most and least that they are asked to be exact to.
const ABSOLUTE: [f64; 2] = [1e-13, 8e-5];

/// Nodes of the Gauss-Legendre rule of three points on (0, 1), and their weights.
const NODES: [f64; 3] = [0.112_701_665_379_258_3, 0.5, 0.887_298_334_620_741_7];
const WEIGHTS: [f64; 3] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];
/// Nodes of the rule of two points on (0, 1), whose weights are equal.
const PAIR: [f64; 2] = [0.211_324_865_405_187_1, 0.788_675_134_594_812_9];

/// One clonotype on its way from no residues to its own.
pub(super) struct Path<'a> {
    evidence: &'a Evidence,
    pieces: Vec<Piece>,
    /// Those of an LSTM, which has no pieces.
    lines: Option<Lines>,
    residues: usize,
    reference: Reference,
}

/// A stretch of the path.
struct Stretch {
    ends: [f64; 2],
    /// The evidence at its start, in its middle and at its end.
    values: [f64; 3],
    /// The integral of the gradient by the filter's value over the part of every piece in it; for an LSTM, that of the
    /// gradient by every residue.
    own: Vec<f64>,
    /// How far the integrals are from the difference of the evidence.
    missed: f64,
}

/// Gradient and slope of one filter at the nodes of a stretch.
#[derive(Clone, Copy, Debug, Default)]
struct AtNodes {
    gradient: [f64; 3],
    slope: [f64; 3],
}

impl<'a> Path<'a> {
    /// The path of `clonotype`; `point` then has its genes.
    pub(super) fn new(
        evidence: &'a Evidence,
        clonotype: &Clonotype<'_>,
        point: &mut Point,
    ) -> Self {
        let odds = clonotype.attention.iter().map(|[own, others]| own.ln() - others.ln()).collect();
        let reference = Reference { odds, scores: vec![] };
        let pieces = evidence.filters.pieces(clonotype);
        let lines = evidence.lstm.as_ref().map(|lstm| lstm.lines(clonotype));
        let residues = clonotype.residues.len();
        let mut path = Self { evidence, pieces, lines, residues, reference };
        evidence.place_genes(clonotype, point);
        path.place_filters(1.0, point);
        evidence.score(point);
        path.reference.scores.clone_from(&point.scores);
        path
    }

    /// Its pieces.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The values of the filters, or the state of the LSTM, at `r`.
    fn place_filters(&self, r: f64, point: &mut Point) {
        if let (Some(lstm), Some(lines)) = (&self.evidence.lstm, &self.lines) {
            lstm.follow(lines, r, &mut point.steps, &mut point.filters);
            return;
        }
        point.filters.fill(f64::NEG_INFINITY);
        for piece in &self.pieces {
            let own = &mut point.filters[piece.channel];
            *own = own.max(piece.line.at(r));
        }
    }

    /// The evidence at `r`.
    pub(super) fn value(&self, r: f64, point: &mut Point) -> f64 {
        self.place_filters(r, point);
        self.at_filters(point)
    }

    /// The evidence at the filter values of `point`.
    pub(super) fn at_filters(&self, point: &mut Point) -> f64 {
        self.evidence.value(&self.reference, point)
    }

    /// The integral of the gradient by the filter's value over every piece, or that by every residue of an LSTM, and the
    /// evidence at 0.
    pub(super) fn integrate(&self, point: &mut Point) -> (Vec<f64>, f64) {
        let mut nodes = vec![AtNodes::default(); point.filters.len()];
        let mut stretches = Vec::with_capacity(4 * STRETCHES);
        let mut from = [0.0, self.value(0.0, point)];
        for k in 1..=STRETCHES {
            let r = k as f64 / STRETCHES as f64;
            let to = [r, self.value(r, point)];
            stretches.push(self.stretch(from, to, (point, &mut nodes)));
            from = to;
        }
        let first = stretches[0].values[0];
        let moved = |own: &Stretch| (own.values[2] - own.values[0]).abs();
        let moved: f64 = stretches.iter().map(moved).sum();
        let tolerance = (RELATIVE * moved).clamp(ABSOLUTE[0], ABSOLUTE[1]);
        for _ in 0..HALVINGS {
            let missed: f64 = stretches.iter().map(|own| own.missed).sum();
            let Some(worst) = worst(&stretches).filter(|_| missed > tolerance) else { break };
            let Stretch { ends: [from, to], values: [a, middle, b], .. } = stretches[worst];
            let between = [f64::midpoint(from, to), middle];
            stretches[worst] = self.stretch([from, a], between, (point, &mut nodes));
            stretches.push(self.stretch(between, [to, b], (point, &mut nodes)));
        }
        let mut sums = vec![0.0; stretches[0].own.len()];
        for stretch in &stretches {
            sums.iter_mut().zip(&stretch.own).for_each(|(sum, own)| *sum += own);
        }
        (sums, first)
    }

    /// The stretch between two places, each with the evidence there.
    fn stretch(
        &self,
        [from, a]: [f64; 2],
        [to, b]: [f64; 2],
        (point, nodes): (&mut Point, &mut [AtNodes]),
    ) -> Stretch {
        if let Some(lines) = &self.lines {
            return self.smooth([from, a], [to, b], (lines, point));
        }
        let mut values = [0.0; 3];
        for (k, node) in NODES.into_iter().enumerate() {
            values[k] = self.value(from + node * (to - from), point);
            self.evidence.differentiate(point);
            let own = point.gradient.iter().zip(&point.slopes);
            for (at, (gradient, slope)) in nodes.iter_mut().zip(own) {
                (at.gradient[k], at.slope[k]) = (*gradient, *slope);
            }
        }
        let own: Vec<f64> = self
            .pieces
            .iter()
            .map(|piece| gauss(piece, [from, to], &nodes[piece.channel]))
            .collect();
        let change = self.pieces.iter().zip(&own).map(|(piece, own)| own * piece.line.slope);
        let missed = (b - a - change.sum::<f64>()).abs();
        Stretch { ends: [from, to], values: [a, values[1], b], own, missed }
    }
}

impl Path<'_> {
    /// The stretch between two places under an LSTM.
    fn smooth(
        &self,
        [from, a]: [f64; 2],
        [to, b]: [f64; 2],
        (lines, point): (&Lines, &mut Point),
    ) -> Stretch {
        let (mut middle, mut own) = (a, vec![0.0; self.residues]);
        for (k, node) in NODES.into_iter().enumerate() {
            let value = self.value(from + node * (to - from), point);
            middle = if k == 1 { value } else { middle };
            self.evidence.differentiate(point);
            if let Some(lstm) = &self.evidence.lstm {
                let weight = WEIGHTS[k] * (to - from);
                lstm.spread((lines, &point.steps), &point.gradient, weight, &mut own);
            }
        }
        let missed = (b - a - own.iter().sum::<f64>()).abs();
        Stretch { ends: [from, to], values: [a, middle, b], own, missed }
    }
}

/// The integral over the part of a piece in a stretch, from what is known of its filter at the nodes of the stretch.
fn gauss(piece: &Piece, [from, to]: [f64; 2], nodes: &AtNodes) -> f64 {
    let part = [piece.from.max(from), piece.to.min(to)];
    let length = part[1] - part[0];
    if length <= 0.0 {
        return 0.0;
    }
    if length >= to - from {
        let at = |k: usize| WEIGHTS[k] * nodes.gradient[k] * nodes.slope[k];
        return length * (at(0) + at(1) + at(2));
    }
    let at = |node: f64| {
        let r = part[0] + node * length;
        parabola(&nodes.gradient, (r - from) / (to - from)) * selu_slope(piece.line.at(r))
    };
    length * PAIR.map(at).iter().sum::<f64>() / 2.0
}

/// The stretch that misses most, of those that can be halved.
fn worst(stretches: &[Stretch]) -> Option<usize> {
    let length = |own: &Stretch| own.ends[1] - own.ends[0];
    let all = (0..stretches.len()).filter(|&i| length(&stretches[i]) > SHORTEST);
    all.max_by(|&a, &b| stretches[a].missed.total_cmp(&stretches[b].missed))
}

/// The parabola through `values` at the nodes, at `share` of the stretch.
fn parabola(values: &[f64; 3], share: f64) -> f64 {
    let [a, b, c] = NODES.map(|node| share - node);
    let [below, above] = [NODES[1] - NODES[0], NODES[2] - NODES[0]];
    let outer = values[0] * b * c + values[2] * a * b;
    outer / (below * above) - values[1] * a * c / (below * below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parabolas_are_exact() {
        let own = |x: f64| 3.0 - 2.0 * x + 5.0 * x * x;
        let values = NODES.map(own);
        for share in [0.0, 0.3, 1.0] {
            assert!((parabola(&values, share) - own(share)).abs() < 1e-12);
        }
        let mean: f64 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
        assert!((mean - (3.0 - 1.0 + 5.0 / 3.0)).abs() < 1e-12);
        let mean = PAIR.map(own).iter().sum::<f64>() / 2.0;
        assert!((mean - (3.0 - 1.0 + 5.0 / 3.0)).abs() < 1e-12);
    }
}
