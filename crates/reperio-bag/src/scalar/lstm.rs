//! The LSTM written out, one number after another.

use super::super::layout::LstmRanges;
use super::super::{BagInput, BagLayout};
use super::residue_factor;

/// What is known after a step, (U) each.
struct Step {
    /// Values of the gates: input, forget, candidate, output.
    gates: [Vec<f64>; 4],
    cell: Vec<f64>,
    state: Vec<f64>,
}

/// What a step reads of residue `t`: its row of the input weights, its factor, and its position terms.
struct Input {
    row: usize,
    factor: f64,
    basis: Vec<f64>,
}

fn input(layout: &BagLayout, bag: &BagInput, i: usize, t: usize) -> Input {
    let sequence = bag.sequences.get(i);
    Input {
        row: usize::from(sequence[t]),
        factor: residue_factor(layout, bag, i),
        basis: layout.shape().position.basis(1, sequence.len(), t),
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Follows sequence `i` step by step.
fn steps(
    layout: &BagLayout,
    ranges: &LstmRanges,
    params: &[f64],
    (bag, i): (&BagInput, usize),
) -> Vec<Step> {
    let units = layout.shape().lstm_units;
    let width = 4 * units;
    let scale = f64::from(bag.input_scale);
    let mut steps: Vec<Step> = Vec::new();
    for t in 0..bag.sequences.get(i).len() {
        let Input { row, factor, basis } = input(layout, bag, i, t);
        let mut step = Step { gates: Default::default(), cell: Vec::new(), state: Vec::new() };
        for k in 0..width {
            let mut a = params[ranges.bias.start + k] + params[ranges.bias.start + width + k];
            a += scale * factor * params[ranges.input.start + row * width + k];
            for (r, basis) in basis.iter().enumerate() {
                a += scale * basis * params[ranges.position.start + r * width + k];
            }
            if let Some(before) = steps.last() {
                for (u, h) in before.state.iter().enumerate() {
                    a += h * params[ranges.recurrent.start + u * width + k];
                }
            }
            let gate = k / units;
            step.gates[gate].push(if gate == 2 { a.tanh() } else { sigmoid(a) });
        }
        for u in 0..units {
            let before = steps.last().map_or(0.0, |before| before.cell[u]);
            let cell = step.gates[1][u] * before + step.gates[0][u] * step.gates[2][u];
            step.cell.push(cell);
            step.state.push(step.gates[3][u] * cell.tanh());
        }
        steps.push(step);
    }
    steps
}

/// The last state of sequence `i`, nothing without an LSTM.
pub(super) fn embedding(layout: &BagLayout, params: &[f64], bag: &BagInput, i: usize) -> Vec<f64> {
    let Some(ranges) = &layout.lstm else { return Vec::new() };
    steps(layout, ranges, params, (bag, i)).pop().map_or_else(Vec::new, |last| last.state)
}

/// Adds the gradients of the LSTM, for that of its last state, `dstate` (U).
pub(super) fn gradient(
    layout: &BagLayout,
    params: &[f64],
    (bag, i): (&BagInput, usize),
    dstate: &[f64],
    grad: &mut [f64],
) {
    let Some(ranges) = &layout.lstm else { return };
    let units = layout.shape().lstm_units;
    let width = 4 * units;
    let scale = f64::from(bag.input_scale);
    let steps = steps(layout, ranges, params, (bag, i));
    let (mut dstate, mut dcell) = (dstate.to_vec(), vec![0.0; units]);
    for (t, Step { gates: [input_gate, forget, candidate, output], cell, .. }) in
        steps.iter().enumerate().rev()
    {
        let before = t.checked_sub(1).map(|before| &steps[before]);
        let mut da = vec![0.0; width];
        for u in 0..units {
            let squashed = cell[u].tanh();
            dcell[u] += dstate[u] * output[u] * (1.0 - squashed * squashed);
            let before = before.map_or(0.0, |before| before.cell[u]);
            da[u] = dcell[u] * candidate[u] * input_gate[u] * (1.0 - input_gate[u]);
            da[units + u] = dcell[u] * before * forget[u] * (1.0 - forget[u]);
            da[2 * units + u] = dcell[u] * input_gate[u] * (1.0 - candidate[u] * candidate[u]);
            da[3 * units + u] = dstate[u] * squashed * output[u] * (1.0 - output[u]);
            dcell[u] *= forget[u];
        }
        let Input { row, factor, basis } = input(layout, bag, i, t);
        dstate.fill(0.0);
        for (k, da) in da.into_iter().enumerate() {
            grad[ranges.bias.start + k] += da;
            grad[ranges.bias.start + width + k] += da;
            grad[ranges.input.start + row * width + k] += da * scale * factor;
            for (r, basis) in basis.iter().enumerate() {
                grad[ranges.position.start + r * width + k] += da * scale * basis;
            }
            for (u, dstate) in dstate.iter_mut().enumerate() {
                let at = ranges.recurrent.start + u * width + k;
                *dstate += da * params[at];
                grad[at] += da * before.map_or(0.0, |before| before.state[u]);
            }
        }
    }
}
