//! Quadrature along the path.
//!
//! The gradient by a filter's value is that by its embedding, times the slope of SELU. The second changes where another
//! window becomes the maximum or the value changes its sign, and those places are known. The first is smooth, up
//! to kinks inside the key network. So only the first is interpolated, from three Gauss-Legendre nodes on each
//! stretch of the path, and integrated over the known pieces. A stretch is halved as long as its integral is not
//! the difference of the evidence between its ends.

use super::evidence::{Clonotype, Evidence, Point, Reference, selu_slope};
use super::windows::Piece;

/// Stretches to begin with.
const STRETCHES: usize = 4;
/// Most halvings of all stretches together.
const HALVINGS: usize = 500;
/// No stretch is shorter.
const SHORTEST: f64 = 1e-6;
/// Most that a stretch may miss, of how far the evidence moves along the path.
const RELATIVE: f64 = 1e-3;
/// Most and least that it is asked to be exact to.
const ABSOLUTE: [f64; 2] = [1e-13, 3e-6];

/// Nodes of the Gauss-Legendre rule of three points on (0, 1), and their weights.
const NODES: [f64; 3] = [0.112_701_665_379_258_3, 0.5, 0.887_298_334_620_741_7];
const WEIGHTS: [f64; 3] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];
/// Nodes of the rule of two points, whose weights are equal.
const PAIR: [f64; 2] = [0.211_324_865_405_187_1, 0.788_675_134_594_812_9];

/// One clonotype on its way from no residues to its own.
pub(super) struct Path<'a> {
    evidence: &'a Evidence,
    pieces: Vec<Piece>,
    reference: Reference,
}

/// A stretch of the path, with the evidence at its ends.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    ends: [f64; 2],
    values: [f64; 2],
}

impl Stretch {
    fn length(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }

    /// The place that is `share` of the way along it.
    fn at(&self, share: f64) -> f64 {
        self.ends[0] + share * self.length()
    }
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
        let mut path = Self { evidence, pieces: evidence.filters.pieces(clonotype), reference };
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

    /// The values of the filters at `r`.
    fn place_filters(&self, r: f64, point: &mut Point) {
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

    /// The integral of the gradient by the filter's value over every piece, and the evidence at 0.
    pub(super) fn integrate(&self, point: &mut Point) -> (Vec<f64>, f64) {
        let mut open = self.stretches(point);
        let first = open[STRETCHES - 1].values[0];
        let moved: f64 = open.iter().map(|own| (own.values[1] - own.values[0]).abs()).sum();
        let tolerance = (RELATIVE * moved).clamp(ABSOLUTE[0], ABSOLUTE[1]);
        let mut halvings = 0;
        let mut nodes = vec![AtNodes::default(); point.filters.len()];
        let mut sums = vec![0.0; self.pieces.len()];
        let mut own = sums.clone();
        while let Some(stretch) = open.pop() {
            self.visit(&stretch, point, &mut nodes);
            let change = self.gauss(&stretch, &nodes, &mut own);
            let missed = (stretch.values[1] - stretch.values[0] - change).abs();
            if missed > tolerance && halvings < HALVINGS && stretch.length() > SHORTEST {
                halvings += 1;
                let (middle, [from, to], [a, b]) = (stretch.at(0.5), stretch.ends, stretch.values);
                let value = self.value(middle, point);
                open.push(Stretch { ends: [middle, to], values: [value, b] });
                open.push(Stretch { ends: [from, middle], values: [a, value] });
            } else {
                sums.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
            }
        }
        (sums, first)
    }

    /// The first stretches, the last of the path first.
    fn stretches(&self, point: &mut Point) -> Vec<Stretch> {
        let mut all = Vec::new();
        let mut from = [0.0, self.value(0.0, point)];
        for k in 1..=STRETCHES {
            let r = k as f64 / STRETCHES as f64;
            let to = [r, self.value(r, point)];
            all.push(Stretch { ends: [from[0], to[0]], values: [from[1], to[1]] });
            from = to;
        }
        all.reverse();
        all
    }

    /// Gradients and slopes at the nodes of a stretch.
    fn visit(&self, stretch: &Stretch, point: &mut Point, nodes: &mut [AtNodes]) {
        for (k, node) in NODES.into_iter().enumerate() {
            self.value(stretch.at(node), point);
            self.evidence.differentiate(point);
            let own = point.gradient.iter().zip(&point.slopes);
            for (at, (gradient, slope)) in nodes.iter_mut().zip(own) {
                (at.gradient[k], at.slope[k]) = (*gradient, *slope);
            }
        }
    }

    /// The integral over the part of every piece in a stretch, and how much the evidence changes by them.
    fn gauss(&self, stretch: &Stretch, nodes: &[AtNodes], own: &mut [f64]) -> f64 {
        let mut change = 0.0;
        for (piece, own) in self.pieces.iter().zip(own) {
            let part = Stretch {
                ends: [piece.from.max(stretch.ends[0]), piece.to.min(stretch.ends[1])],
                values: [0.0; 2],
            };
            let nodes = &nodes[piece.channel];
            *own = if part.length() <= 0.0 {
                0.0
            } else if part.length() < stretch.length() {
                let at = |node: f64| {
                    let r = part.at(node);
                    let share = (r - stretch.ends[0]) / stretch.length();
                    interpolate(&nodes.gradient, share) * selu_slope(piece.line.at(r))
                };
                part.length() * PAIR.map(at).iter().sum::<f64>() / 2.0
            } else {
                let at = |k: usize| WEIGHTS[k] * nodes.gradient[k] * nodes.slope[k];
                stretch.length() * (at(0) + at(1) + at(2))
            };
            change += *own * piece.line.slope;
        }
        change
    }
}

/// The parabola through `values` at the nodes, at `share` of the stretch.
fn interpolate(values: &[f64; 3], share: f64) -> f64 {
    let mut sum = 0.0;
    for (k, value) in values.iter().enumerate() {
        let others = (0..3).filter(|other| *other != k);
        let factors = others.map(|other| (share - NODES[other]) / (NODES[k] - NODES[other]));
        sum += value * factors.product::<f64>();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parabolas_are_exact() {
        let parabola = |x: f64| 3.0 - 2.0 * x + 5.0 * x * x;
        let values = NODES.map(parabola);
        for share in [0.0, 0.3, 1.0] {
            assert!((interpolate(&values, share) - parabola(share)).abs() < 1e-12);
        }
        let mean: f64 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
        assert!((mean - (3.0 - 1.0 + 5.0 / 3.0)).abs() < 1e-12);
        let mean = PAIR.map(parabola).iter().sum::<f64>() / 2.0;
        assert!((mean - (3.0 - 1.0 + 5.0 / 3.0)).abs() < 1e-12);
    }
}
