//! The bag operation written out in plain `f64`: the oracle of every fast path.
//!
//! One sequence after another, one number after another, no chunks and no lanes. Property tests hold
//! the fast paths to its values and gradients, and finite differences hold it to itself.

mod lstm;

use super::{BagInput, BagLayout, Windows};

/// Scale of SELU (Klambauer et al. 2017, equation 2).
const LAMBDA: f64 = 1.050_700_987_355_480_5;
/// Alpha of SELU.
const ALPHA: f64 = 1.673_263_242_354_377_2;

fn selu(x: f64) -> f64 {
    if x > 0.0 { LAMBDA * x } else { LAMBDA * ALPHA * x.exp_m1() }
}

fn selu_slope(x: f64) -> f64 {
    if x > 0.0 { LAMBDA } else { LAMBDA * ALPHA * x.exp() }
}

/// Everything that is computed for one sequence.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Filter values before SELU: m, (filters).
    pub m: Vec<f64>,
    /// First residue of each filter's first maximal window, (filters).
    pub starts: Vec<usize>,
    /// Embedding e, (D).
    pub e: Vec<f64>,
    /// Values of each layer of the key network before SELU, (A) each.
    pub layers: Vec<Vec<f64>>,
    /// Scores before the softmax, (H).
    pub scores: Vec<f64>,
}

/// A pooled repertoire: z (H, D), and the softmax's maximum and sum (H).
#[derive(Clone, Debug)]
pub struct Pooled {
    /// Pooled embeddings.
    pub z: Vec<f64>,
    /// Largest score.
    pub max: Vec<f64>,
    /// Sum of exp(score - max).
    pub sum: Vec<f64>,
}

/// First residues of the windows that compete, for filters of `width` on a sequence of `length`.
pub(super) fn window_starts(
    layout: &BagLayout,
    bag: &BagInput,
    width: usize,
    length: usize,
) -> usize {
    match layout.shape().windows {
        Windows::Full => length.max(width) - width + 1,
        Windows::Padded => bag.padded_length - width + 1,
    }
}

/// Value of every window of sequence `i` under filter group `g`, without bias and scale: (windows, C).
pub(super) fn window_values(
    layout: &BagLayout,
    params: &[f64],
    bag: &BagInput,
    (i, g): (usize, usize),
) -> Vec<Vec<f64>> {
    let group = layout.shape().filters[g];
    let weight = &params[layout.filters[g].weight.clone()];
    let position = &params[layout.filters[g].position.clone()];
    let sequence = bag.sequences.get(i);
    let factor = residue_factor(layout, bag, i);
    let mut windows = Vec::new();
    for p in 0..window_starts(layout, bag, group.width, sequence.len()) {
        let mut values = vec![0.0; group.count];
        let basis = layout.shape().position.basis(group.width, sequence.len(), p);
        for (r, basis) in basis.iter().enumerate() {
            for (c, value) in values.iter_mut().enumerate() {
                *value += basis * position[r * group.count + c];
            }
        }
        for t in 0..group.width {
            let Some(&residue) = sequence.get(p + t) else { break };
            for (c, value) in values.iter_mut().enumerate() {
                *value += factor * weight[(t * 20 + usize::from(residue)) * group.count + c];
            }
        }
        windows.push(values);
    }
    windows
}

fn residue_factor(layout: &BagLayout, bag: &BagInput, i: usize) -> f64 {
    if layout.shape().count_scaling { f64::from(bag.sequences.log_counts[i]) } else { 1.0 }
}

/// Value and first maximal window of every filter on sequence `i`, (C) each.
fn scan(layout: &BagLayout, params: &[f64], bag: &BagInput, i: usize) -> (Vec<f64>, Vec<usize>) {
    let (mut m, mut starts) = (Vec::new(), Vec::new());
    for (g, group) in layout.shape().filters.iter().enumerate() {
        let windows = window_values(layout, params, bag, (i, g));
        let bias = &params[layout.filters[g].bias.clone()];
        for (c, bias) in bias.iter().enumerate().take(group.count) {
            let mut best = 0;
            for p in 1..windows.len() {
                if windows[p][c] > windows[best][c] {
                    best = p;
                }
            }
            m.push(bias + f64::from(bag.input_scale) * windows[best][c]);
            starts.push(best);
        }
    }
    (m, starts)
}

/// Follows sequence `i` up to its scores.
pub fn trace(layout: &BagLayout, params: &[f64], bag: &BagInput, i: usize) -> Trace {
    let shape = layout.shape();
    let (m, starts) = scan(layout, params, bag, i);
    let mut e: Vec<f64> = m.iter().map(|&m| selu(m)).collect();
    e.extend(lstm::embedding(layout, params, bag, i));
    let (v, j) = gene_rows(layout, bag, i);
    for k in 0..shape.gene_dim {
        e.push(params[v + k] + params[j + k]);
    }
    let width = shape.attention_width;
    let mut layers: Vec<Vec<f64>> = Vec::new();
    for (weight, bias) in &layout.keys {
        let input = match layers.last() {
            None => e.clone(),
            Some(layer) => layer.iter().map(|&x| selu(x)).collect(),
        };
        let mut output = params[bias.clone()].to_vec();
        for (d, input) in input.iter().enumerate() {
            for (a, output) in output.iter_mut().enumerate() {
                *output += input * params[weight.start + d * width + a];
            }
        }
        layers.push(output);
    }
    let log_count = f64::from(bag.sequences.log_counts[i]);
    let mut scores = params[layout.gamma.clone()].to_vec();
    for (h, score) in scores.iter_mut().enumerate() {
        *score *= log_count;
        for (a, &x) in layers[layers.len() - 1].iter().enumerate() {
            *score += params[layout.query.start + h * width + a] * selu(x);
        }
    }
    Trace { m, starts, e, layers, scores }
}

/// Where the gene embeddings of sequence `i` stand in the flat vector.
fn gene_rows(layout: &BagLayout, bag: &BagInput, i: usize) -> (usize, usize) {
    let dim = layout.shape().gene_dim;
    let v = usize::from(bag.sequences.v[i]);
    let j = usize::from(bag.sequences.j[i]);
    (layout.genes[0].start + v * dim, layout.genes[1].start + j * dim)
}

/// Pools a repertoire.
pub fn forward(layout: &BagLayout, params: &[f64], bag: &BagInput) -> Pooled {
    let traces: Vec<Trace> =
        (0..bag.sequences.len()).map(|i| trace(layout, params, bag, i)).collect();
    pool(layout, &traces)
}

fn pool(layout: &BagLayout, traces: &[Trace]) -> Pooled {
    let (heads, dim) = (layout.shape().heads, layout.shape().embedding_dim());
    let mut pooled = Pooled {
        z: vec![0.0; heads * dim],
        max: vec![f64::NEG_INFINITY; heads],
        sum: vec![0.0; heads],
    };
    for h in 0..heads {
        for trace in traces {
            pooled.max[h] = pooled.max[h].max(trace.scores[h]);
        }
        for trace in traces {
            pooled.sum[h] += (trace.scores[h] - pooled.max[h]).exp();
        }
        for trace in traces {
            let attention = (trace.scores[h] - pooled.max[h]).exp() / pooled.sum[h];
            for (d, &e) in trace.e.iter().enumerate() {
                pooled.z[h * dim + d] += attention * e;
            }
        }
    }
    pooled
}

/// Gradient of `sum(dz * z)` by every parameter, for `dz` (H, D).
pub fn backward(layout: &BagLayout, params: &[f64], bag: &BagInput, dz: &[f64]) -> Vec<f64> {
    let traces: Vec<Trace> =
        (0..bag.sequences.len()).map(|i| trace(layout, params, bag, i)).collect();
    let pooled = pool(layout, &traces);
    let mut grad = vec![0.0; layout.len()];
    for (i, trace) in traces.iter().enumerate() {
        let (de, dscores) = softmax_gradient(layout, trace, &pooled, dz);
        let de = key_gradient(layout, params, trace, (&de, &dscores), &mut grad);
        for (h, dscore) in dscores.iter().enumerate() {
            grad[layout.gamma.start + h] += dscore * f64::from(bag.sequences.log_counts[i]);
        }
        embedding_gradient(layout, bag, (i, trace), &de, &mut grad);
        let dstate = &de[..layout.shape().channels()];
        lstm::gradient(layout, params, (bag, i), dstate, &mut grad);
    }
    grad
}

/// What reaches the embedding through z alone, and the gradient of the scores.
fn softmax_gradient(
    layout: &BagLayout,
    trace: &Trace,
    pooled: &Pooled,
    dz: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let dim = layout.shape().embedding_dim();
    let mut de = vec![0.0; dim];
    let mut dscores = vec![0.0; layout.shape().heads];
    for (h, dscore) in dscores.iter_mut().enumerate() {
        let attention = (trace.scores[h] - pooled.max[h]).exp() / pooled.sum[h];
        for d in 0..dim {
            let dz = dz[h * dim + d];
            de[d] += attention * dz;
            *dscore += attention * dz * (trace.e[d] - pooled.z[h * dim + d]);
        }
    }
    (de, dscores)
}

/// Adds the gradients of queries and key network; returns the whole gradient of the embedding.
fn key_gradient(
    layout: &BagLayout,
    params: &[f64],
    trace: &Trace,
    (de, dscores): (&[f64], &[f64]),
    grad: &mut [f64],
) -> Vec<f64> {
    let width = layout.shape().attention_width;
    let mut doutput = vec![0.0; width];
    for (h, dscore) in dscores.iter().enumerate() {
        for (a, doutput) in doutput.iter_mut().enumerate() {
            let q = layout.query.start + h * width + a;
            *doutput += dscore * params[q];
            grad[q] += dscore * selu(trace.layers[trace.layers.len() - 1][a]);
        }
    }
    for (l, (weight, bias)) in layout.keys.iter().enumerate().rev() {
        let input: Vec<f64> = match l {
            0 => trace.e.clone(),
            _ => trace.layers[l - 1].iter().map(|&x| selu(x)).collect(),
        };
        let mut dinput = vec![0.0; input.len()];
        for a in 0..width {
            let dx = doutput[a] * selu_slope(trace.layers[l][a]);
            grad[bias.start + a] += dx;
            for (d, &input) in input.iter().enumerate() {
                grad[weight.start + d * width + a] += dx * input;
                dinput[d] += dx * params[weight.start + d * width + a];
            }
        }
        doutput = dinput;
    }
    de.iter().zip(doutput).map(|(direct, through_key)| direct + through_key).collect()
}

/// Adds the gradients of filters, position terms and genes.
fn embedding_gradient(
    layout: &BagLayout,
    bag: &BagInput,
    (i, trace): (usize, &Trace),
    de: &[f64],
    grad: &mut [f64],
) {
    let shape = layout.shape();
    let sequence = bag.sequences.get(i);
    for (group, ranges) in shape.filters.iter().zip(&layout.filters) {
        for c in 0..group.count {
            let channel = ranges.channel + c;
            let dm = de[channel] * selu_slope(trace.m[channel]);
            let (p, dvalue) = (trace.starts[channel], dm * f64::from(bag.input_scale));
            grad[ranges.bias.start + c] += dm;
            let basis = shape.position.basis(group.width, sequence.len(), p);
            for (r, basis) in basis.iter().enumerate() {
                grad[ranges.position.start + r * group.count + c] += dvalue * basis;
            }
            for (t, &residue) in sequence.iter().skip(p).take(group.width).enumerate() {
                let row = t * 20 + usize::from(residue);
                grad[ranges.weight.start + row * group.count + c] +=
                    dvalue * residue_factor(layout, bag, i);
            }
        }
    }
    let (v, j) = gene_rows(layout, bag, i);
    for k in 0..shape.gene_dim {
        grad[v + k] += de[shape.channels() + k];
        grad[j + k] += de[shape.channels() + k];
    }
}
