//! The evidence of a clonotype as a function of its filter values, in `f64`, and its gradient.

use super::lstm::{Lstm, Steps};
use super::product::{dot, multiply};
use super::windows::Filters;
use crate::bag::{BagLayout, Segment};
use crate::network::Weights;

/// Scale of SELU (Klambauer et al. 2017, equation 2).
const LAMBDA: f64 = 1.050_700_987_355_480_5;
/// Alpha of SELU.
const ALPHA: f64 = 1.673_263_242_354_377_2;

/// SELU and its slope.
fn selu(x: f64) -> (f64, f64) {
    if x > 0.0 {
        return (LAMBDA * x, LAMBDA);
    }
    let slope = LAMBDA * ALPHA * x.exp();
    (slope - LAMBDA * ALPHA, slope)
}

/// Itself, and its slope.
fn unchanged(x: f64) -> (f64, f64) {
    (x, 1.0)
}

/// The slope of SELU.
pub(super) fn selu_slope(x: f64) -> f64 {
    selu(x).1
}

/// The named tensor in `flat`, empty if the layout has none.
pub(super) fn segment(layout: &BagLayout, flat: &[f32], name: &str) -> Vec<f64> {
    let range = layout.segment(name).map_or(0..0, Segment::range);
    flat[range].iter().copied().map(f64::from).collect()
}

/// A clonotype of a repertoire that a network has pooled.
#[derive(Clone, Debug)]
pub(crate) struct Clonotype<'a> {
    /// Residue codes, (L).
    pub(crate) residues: &'a [u8],
    /// V and J gene in the network's vocabulary.
    pub(crate) genes: [u16; 2],
    /// Natural logarithm of its count.
    pub(crate) log_count: f64,
    /// Factor of the filters' windows.
    pub(crate) input_scale: f64,
    /// Length to which sequences are zero-padded.
    pub(crate) padded_length: usize,
    /// For each head the attention of the clonotype and of all others, (H).
    pub(crate) attention: Vec<[f64; 2]>,
}

/// A layer of the key network.
#[derive(Debug)]
struct Layer {
    /// (in, A)
    weight: Vec<f64>,
    /// (A, in)
    transposed: Vec<f64>,
    /// (A)
    bias: Vec<f64>,
}

/// The evidence that one network gives for one output.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(super) filters: Filters,
    /// In the place of filters.
    pub(super) lstm: Option<Lstm>,
    channels: usize,
    /// Embeddings of V and J genes, (genes, G).
    genes: [Vec<f64>; 2],
    layers: Vec<Layer>,
    /// (H, A)
    query: Vec<f64>,
    /// The head's row of the output, (H, D).
    head: Vec<f64>,
    /// Origin of the evidence, (H).
    origin: Vec<f64>,
}

/// What is known at one point of the path, and the space to compute it in.
#[derive(Debug)]
pub(super) struct Point {
    /// Filter values m, or the last state of the LSTM, (C).
    pub(super) filters: Vec<f64>,
    /// Slopes of SELU there, 1 for the LSTM, (C).
    pub(super) slopes: Vec<f64>,
    /// Steps of the LSTM.
    pub(super) steps: Steps,
    /// Filters after SELU, or the state, and genes, (D).
    embedding: Vec<f64>,
    /// What the genes and the bias give the first layer of the key network, (A).
    by_genes: Vec<f64>,
    /// For each layer of the key network its values and slopes, (A) each.
    layers: Vec<[Vec<f64>; 2]>,
    /// (H)
    pub(super) scores: Vec<f64>,
    /// (H)
    attention: Vec<f64>,
    /// What a head says of the clonotype, (H).
    said: Vec<f64>,
    /// Gradient by the filters after SELU, or by the state, (C).
    pub(super) gradient: Vec<f64>,
    back: Vec<f64>,
}

/// What the attention of a clonotype is compared with.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// Logarithm of its attention over that of all others, (H).
    pub(super) odds: Vec<f64>,
    /// Its scores where it has that attention, without the part of its count, (H).
    pub(super) scores: Vec<f64>,
}

impl Evidence {
    /// The evidence for `output`, with the `origin` of each head.
    pub(crate) fn new(weights: &Weights, output: usize, origin: &[f64]) -> Self {
        let (layout, flat) = (&*weights.layout, &weights.flat);
        let shape = layout.shape();
        let own = |name: &str| segment(layout, flat, name);
        let layer = |l: usize| {
            let weight = own(&format!("key.{l}.weight"));
            let width = shape.attention_width;
            let column = |a: usize| weight.iter().skip(a).step_by(width).copied();
            let transposed = (0..width).flat_map(column).collect();
            Layer { transposed, weight, bias: own(&format!("key.{l}.bias")) }
        };
        let size = shape.heads * shape.embedding_dim();
        let head = &weights.head[output * size..(output + 1) * size];
        Self {
            filters: Filters::new(layout, flat),
            lstm: Lstm::new(layout, flat),
            channels: shape.channels(),
            genes: [own("gene.v"), own("gene.j")],
            layers: (0..shape.attention_layers).map(layer).collect(),
            query: own("query"),
            head: head.iter().copied().map(f64::from).collect(),
            origin: origin.to_vec(),
        }
    }

    /// State patterns.
    pub(crate) fn heads(&self) -> usize {
        self.origin.len()
    }

    /// Space for its points.
    pub(super) fn point(&self) -> Point {
        let (heads, dim) = (self.origin.len(), self.head.len() / self.origin.len());
        let zeros = |n: usize| vec![0.0; n];
        let layer = |layer: &Layer| [zeros(layer.bias.len()), zeros(layer.bias.len())];
        Point {
            filters: zeros(self.channels),
            slopes: zeros(self.channels),
            steps: Steps::default(),
            embedding: zeros(dim),
            by_genes: vec![],
            layers: self.layers.iter().map(layer).collect(),
            scores: zeros(heads),
            attention: zeros(heads),
            said: zeros(heads),
            gradient: vec![],
            back: vec![],
        }
    }

    /// Puts the genes of a clonotype into the embedding, where they stay along the path.
    pub(super) fn place_genes(&self, clonotype: &Clonotype<'_>, point: &mut Point) {
        let own = &mut point.embedding[self.channels..];
        own.fill(0.0);
        let dim = own.len();
        for (genes, gene) in self.genes.iter().zip(clonotype.genes) {
            let row = genes.iter().skip(usize::from(gene) * dim);
            own.iter_mut().zip(row).for_each(|(own, value)| *own += value);
        }
        if let Some(Layer { weight, bias, .. }) = self.layers.first() {
            point.by_genes.clone_from(bias);
            let genes = &point.embedding[self.channels..];
            multiply(
                genes,
                (&weight[self.channels * bias.len()..], bias.len()),
                &mut point.by_genes,
            );
        }
    }

    /// Computes the scores of the filter values, without the part of the count.
    pub(super) fn score(&self, point: &mut Point) {
        let Point { filters, slopes, embedding, by_genes, layers, scores, .. } = point;
        let apply = if self.lstm.is_some() { unchanged } else { selu };
        for ((m, slope), e) in filters.iter().zip(slopes).zip(embedding.iter_mut()) {
            (*e, *slope) = apply(*m);
        }
        for l in 0..layers.len() {
            let (before, after) = layers.split_at_mut(l);
            let Layer { weight, bias, .. } = &self.layers[l];
            let (input, base) = match before.last() {
                Some([values, _]) => (&values[..], bias),
                None => (&embedding[..self.channels], &*by_genes),
            };
            let [values, slopes] = &mut after[0];
            values.copy_from_slice(base);
            multiply(input, (weight, bias.len()), values);
            for (value, slope) in values.iter_mut().zip(slopes) {
                (*value, *slope) = selu(*value);
            }
        }
        let keys = layers.last().map_or(&[][..], |[values, _]| values);
        for (score, query) in scores.iter_mut().zip(self.query.chunks_exact(keys.len())) {
            *score = dot(query, keys);
        }
    }

    /// The evidence at the filter values.
    pub(super) fn value(&self, reference: &Reference, point: &mut Point) -> f64 {
        self.score(point);
        let dim = point.embedding.len();
        let mut sum = 0.0;
        for (h, head) in self.head.chunks_exact(dim).enumerate() {
            let odds = reference.odds[h] + (point.scores[h] - reference.scores[h]);
            point.attention[h] = 1.0 / (1.0 + (-odds).exp());
            point.said[h] = dot(head, &point.embedding) - self.origin[h];
            sum += point.attention[h] * point.said[h];
        }
        sum
    }

    /// The gradient of the evidence by the filters after SELU, after [`Self::value`].
    pub(super) fn differentiate(&self, point: &mut Point) {
        let Point { layers, attention, said, gradient, back, .. } = point;
        let width = self.layers.last().map_or(0, |layer| layer.bias.len());
        back.clear();
        back.resize(width, 0.0);
        for (h, query) in self.query.chunks_exact(width).enumerate() {
            let by_score = said[h] * attention[h] * (1.0 - attention[h]);
            back.iter_mut().zip(query).for_each(|(back, query)| *back += by_score * query);
        }
        for (l, (layer, [_, slopes])) in self.layers.iter().zip(&*layers).enumerate().rev() {
            back.iter_mut().zip(slopes).for_each(|(back, slope)| *back *= slope);
            gradient.clear();
            gradient.resize(if l == 0 { self.channels } else { width }, 0.0);
            multiply(back, (&layer.transposed, layer.weight.len() / width), gradient);
            std::mem::swap(back, gradient);
        }
        std::mem::swap(back, gradient);
        let dim = self.head.len() / self.origin.len();
        for (attention, head) in attention.iter().zip(self.head.chunks_exact(dim)) {
            gradient.iter_mut().zip(head).for_each(|(own, head)| *own += attention * head);
        }
    }
}
