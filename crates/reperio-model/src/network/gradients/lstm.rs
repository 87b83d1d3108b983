//! The LSTM along the path: its states at one point of it, and the way back to the residues.

use super::evidence::{Clonotype, segment};
use super::product::{dot, multiply};
use crate::bag::{BagLayout, BagShape};

/// Gates of a unit: input, forget, candidate, output.
const GATES: usize = 4;

/// The LSTM of a network (`reperio_bag` has its formula).
#[derive(Debug)]
pub(super) struct Lstm {
    shape: BagShape,
    /// W, (20, 4 U)
    input: Vec<f64>,
    /// R, (U, 4 U)
    recurrent: Vec<f64>,
    /// R transposed, (4 U, U)
    transposed: Vec<f64>,
    /// b, (4 U)
    bias: Vec<f64>,
    /// P, (R, 4 U)
    position: Vec<f64>,
}

/// What the residues of a clonotype give the gates, (L, 4 U) each: `still + r own`.
#[derive(Debug)]
pub(super) struct Lines {
    /// Bias and positions, which stay along the path.
    still: Vec<f64>,
    /// The residue itself.
    own: Vec<f64>,
}

/// What the way back needs of all steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// Values of the gates, (L, 4 U).
    gates: Vec<f64>,
    /// c, (L, U)
    cells: Vec<f64>,
}

impl Lstm {
    /// That of `layout`, if it has one.
    pub(super) fn new(layout: &BagLayout, flat: &[f32]) -> Option<Self> {
        let shape = layout.shape().clone();
        let width = GATES * shape.lstm_units;
        if width == 0 {
            return None;
        }
        let own = |name: &str| segment(layout, flat, &format!("lstm.{name}"));
        let both = own("bias");
        let recurrent = own("recurrent.weight");
        let column = |k: usize| recurrent.iter().skip(k).step_by(width).copied();
        Some(Self {
            input: own("input.weight"),
            transposed: (0..width).flat_map(column).collect(),
            bias: both[..width].iter().zip(&both[width..]).map(|(a, b)| a + b).collect(),
            position: own("position"),
            recurrent,
            shape,
        })
    }

    /// Values of its gates.
    fn width(&self) -> usize {
        self.bias.len()
    }

    /// What a clonotype gives the gates along the path.
    pub(super) fn lines(&self, clonotype: &Clonotype<'_>) -> Lines {
        let (width, length) = (self.width(), clonotype.residues.len());
        let factor = if self.shape.count_scaling { clonotype.log_count } else { 1.0 };
        let mut lines = Lines { still: Vec::new(), own: Vec::new() };
        for (t, residue) in clonotype.residues.iter().enumerate() {
            let row = usize::from(*residue) * width;
            let row = &self.input[row..row + width];
            lines.own.extend(row.iter().map(|weight| clonotype.input_scale * factor * weight));
            lines.still.extend(&self.bias);
            let still = &mut lines.still[t * width..];
            let basis = self.shape.position.basis(1, length, t);
            for (basis, row) in basis.iter().zip(self.position.chunks_exact(width)) {
                for (still, term) in still.iter_mut().zip(row) {
                    *still += clonotype.input_scale * basis * term;
                }
            }
        }
        lines
    }

    /// Takes all steps at `r` of the path, and writes the last state to `state`.
    pub(super) fn follow(&self, lines: &Lines, r: f64, steps: &mut Steps, state: &mut [f64]) {
        let (units, width) = (state.len(), self.width());
        let own = lines.still.iter().zip(&lines.own);
        steps.gates.clear();
        steps.gates.extend(own.map(|(still, own)| still + r * own));
        let length = steps.gates.len() / width;
        steps.cells.clear();
        steps.cells.resize(length * units, 0.0);
        let mut cell = vec![0.0; units];
        state.fill(0.0);
        for (t, gates) in steps.gates.chunks_exact_mut(width).enumerate() {
            multiply(state, (&self.recurrent, width), gates);
            for (k, gate) in gates.iter_mut().enumerate() {
                *gate = if k / units == 2 { gate.tanh() } else { 1.0 / (1.0 + (-*gate).exp()) };
            }
            for u in 0..units {
                let [input, forget, candidate, output] = at(gates, units, u);
                cell[u] = forget * cell[u] + input * candidate;
                state[u] = output * cell[u].tanh();
            }
            steps.cells[t * units..(t + 1) * units].copy_from_slice(&cell);
        }
    }

    /// Adds `weight` times the gradient by the size of each residue to `shares` (L), for `gradient`, that by the last
    /// state, after [`Self::follow`].
    pub(super) fn spread(
        &self,
        (lines, steps): (&Lines, &Steps),
        gradient: &[f64],
        weight: f64,
        shares: &mut [f64],
    ) {
        let (units, width) = (gradient.len(), self.width());
        let (mut dstate, mut dcell) = (gradient.to_vec(), vec![0.0; units]);
        let mut dgates = vec![0.0; width];
        for (t, share) in shares.iter_mut().enumerate().rev() {
            let gates = &steps.gates[t * width..(t + 1) * width];
            for u in 0..units {
                let [input, forget, candidate, output] = at(gates, units, u);
                let squashed = steps.cells[t * units + u].tanh();
                dcell[u] += dstate[u] * output * (1.0 - squashed * squashed);
                let before = if t == 0 { 0.0 } else { steps.cells[(t - 1) * units + u] };
                dgates[u] = dcell[u] * candidate * input * (1.0 - input);
                dgates[units + u] = dcell[u] * before * forget * (1.0 - forget);
                dgates[2 * units + u] = dcell[u] * input * (1.0 - candidate * candidate);
                dgates[3 * units + u] = dstate[u] * squashed * output * (1.0 - output);
                dcell[u] *= forget;
            }
            *share += weight * dot(&dgates, &lines.own[t * width..(t + 1) * width]);
            dstate.fill(0.0);
            multiply(&dgates, (&self.transposed, units), &mut dstate);
        }
    }
}

/// The gates of unit `u`.
fn at(gates: &[f64], units: usize, u: usize) -> [f64; GATES] {
    std::array::from_fn(|gate| gates[gate * units + u])
}
