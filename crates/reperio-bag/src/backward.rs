//! Computes the gradient of every parameter from the gradient of z. Each chunk is computed again, so memory
//! does not grow with the repertoire.

use rayon::prelude::*;

use super::chunk::{CHUNK_ROWS, Chunk, Operation};
use super::dense::{Dots, Left, Outer, Product, Start, Then, WeightedSum};
use super::gradient::{GradientRows, add};
use super::lanes::{LANES, Row, dispatch, rows_of};
use super::layout::BagLayout;
use super::parts::{Part, parts};
use super::scan::{EmbedGradient, Laid, scatter};
use super::softmax::{Exponentials, ScoreGradient};
use super::{BagInput, Pooled};

/// Gradient buffers that live at once. They are summed in the order of the parts, whatever their number.
const WAVE: usize = 32;

/// What a bag's parts need to know about the whole bag.
struct Upstream<'a> {
    /// (H, embed rows)
    dz: Vec<Row>,
    /// `<dz_h, z_h>`, (H)
    means: Vec<f32>,
    pooled: &'a Pooled,
}

/// Flat gradient of `sum(dz * z)`, summed over the bags; `dz` is (B, H, D).
pub(super) fn backward(
    op: Operation,
    layout: &BagLayout,
    bags: &[BagInput],
    (pooled, dz): (&[Pooled], &[f32]),
) -> Vec<f32> {
    let dim = op.packed.places.len();
    let upstream: Vec<Upstream> = pooled
        .iter()
        .zip(dz.chunks_exact(op.shape.heads * dim))
        .map(|(pooled, dz)| Upstream {
            dz: op.packed.pack_embeddings(dz),
            means: dz.chunks_exact(dim).zip(pooled.z.chunks_exact(dim)).map(dot).collect(),
            pooled,
        })
        .collect();
    let rows = GradientRows::new(op.packed);
    let parts = parts(bags);
    let mut total = vec![0.0; rows.len * LANES];
    let mut wave = vec![vec![Row::default(); rows.len]; parts.len().min(WAVE)];
    for parts in parts.chunks(WAVE) {
        wave.par_iter_mut().zip(parts).for_each_init(
            || Scratch::new(op),
            |scratch, (gradient, part)| {
                gradient.fill(Row::default());
                let bag = (&bags[part.bag], &upstream[part.bag]);
                scratch.part(op, bag, part, (&rows, gradient));
            },
        );
        for gradient in &wave[..parts.len()] {
            add(&mut total, gradient);
        }
    }
    rows.unpack(layout, op.packed, &total)
}

fn dot((a, b): (&[f32], &[f32])) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
}

/// Buffers of one thread.
struct Scratch {
    chunk: Chunk,
    /// (H, chunk rows)
    attention: Vec<Row>,
    /// (H, chunk rows)
    dscores: Vec<Row>,
    /// Gradient before the SELU of each layer, (n, key rows).
    dlayers: Vec<Vec<Row>>,
    /// (n, embed rows)
    dembed: Vec<Row>,
    /// (chunk rows) of ones: a sum over the sequences as a weighted sum.
    ones: Vec<Row>,
}

impl Scratch {
    fn new(op: Operation) -> Self {
        let chunk = Chunk::new(op, true);
        Self {
            attention: chunk.scores.clone(),
            dscores: chunk.scores.clone(),
            dlayers: chunk.layers.clone(),
            dembed: chunk.embed.clone(),
            ones: vec![Row([1.0; LANES]); CHUNK_ROWS],
            chunk,
        }
    }

    fn part(
        &mut self,
        op: Operation,
        (bag, upstream): (&BagInput, &Upstream),
        part: &Part,
        (rows, gradient): (&GradientRows, &mut [Row]),
    ) {
        for range in part.chunks() {
            self.chunk.embed(op, bag, range.clone());
            self.chunk.attend(op);
            self.scores(op, upstream, &mut gradient[rows.gamma.clone()]);
            self.queries(op, &mut gradient[rows.query.clone()]);
            self.keys(op, rows, gradient);
            self.embeddings(op, upstream);
            self.genes(op, bag, range.start, (rows, gradient));
            let of = EmbedGradient {
                embed: &self.chunk.embed,
                args: &self.chunk.args,
                dembed: &self.dembed,
            };
            for (slab, range) in op.packed.slabs.iter().zip(&rows.slabs) {
                let laid = Laid::new(op, slab, &self.chunk.codes, bag);
                scatter(op.set, laid, of, &mut gradient[range.clone()]);
            }
            if let Some(lstm) = &op.packed.lstm {
                let (input, out) =
                    ((&self.chunk.codes, bag.input_scale), &mut gradient[rows.lstm.clone()]);
                let dembed = (&self.dembed[..], op.packed.embed_rows);
                self.chunk.recurrence.backward(op.set, lstm, input, (dembed, out));
            }
        }
    }

    /// Attention and the gradient of the scores; adds that of gamma.
    fn scores(&mut self, op: Operation, upstream: &Upstream, dgamma: &mut [Row]) {
        let chunk = &self.chunk;
        let values = &chunk.embed[..chunk.n * op.packed.embed_rows];
        let (vectors, out) = (&upstream.dz, &mut self.dscores);
        dispatch(op.set, Dots { n: chunk.n, values, vectors, out, out_rows: CHUNK_ROWS });
        for (h, dgamma) in dgamma.iter_mut().enumerate() {
            let of_head = h * CHUNK_ROWS..h * CHUNK_ROWS + rows_of(chunk.n);
            dispatch(
                op.set,
                Exponentials {
                    scores: &chunk.scores[of_head.clone()],
                    max: upstream.pooled.max[h],
                    factor: 1.0 / upstream.pooled.sum[h],
                    out: &mut self.attention[of_head.clone()],
                },
            );
            dgamma.0[0] += dispatch(
                op.set,
                ScoreGradient {
                    attention: &self.attention[of_head.clone()],
                    log_counts: &chunk.log_counts,
                    mean: upstream.means[h],
                    dots: &mut self.dscores[of_head],
                },
            );
        }
    }

    /// Adds the gradient of the queries; leaves that of the last layer.
    fn queries(&mut self, op: Operation, dquery: &mut [Row]) {
        let (n, last) = (self.chunk.n, self.dlayers.len() - 1);
        let keys = &self.chunk.layers[last][..n * op.packed.key_rows];
        let weights = &self.dscores;
        dispatch(
            op.set,
            WeightedSum { n, weights, weight_rows: CHUNK_ROWS, values: keys, out: dquery },
        );
        dispatch(
            op.set,
            Product {
                n,
                left: Left::ByColumn { values: weights, rows: CHUNK_ROWS },
                depth: op.shape.heads,
                right: &op.packed.query,
                start: Start::Zero,
                then: Then::Slope(keys),
                out: &mut self.dlayers[last],
            },
        );
    }

    /// Adds the gradients of the key network; leaves that of every layer.
    fn keys(&mut self, op: Operation, rows: &GradientRows, gradient: &mut [Row]) {
        let (n, packed) = (self.chunk.n, op.packed);
        let width = packed.key_rows;
        for (l, key) in packed.keys.iter().enumerate().rev() {
            let (before, own) = self.dlayers.split_at_mut(l);
            let right = &own[0][..n * width];
            let left = match l {
                0 => &self.chunk.embed[..n * packed.embed_rows],
                _ => &self.chunk.layers[l - 1][..n * width],
            };
            let (dweight, dbias) = (rows.keys[l].0.clone(), rows.keys[l].1.clone());
            dispatch(
                op.set,
                Outer { n, left, right, out: &mut gradient[dweight], depth: key.inputs },
            );
            let (weights, out) = (&self.ones, &mut gradient[dbias]);
            dispatch(
                op.set,
                WeightedSum { n, weights, weight_rows: CHUNK_ROWS, values: right, out },
            );
            let Some(below) = before.last_mut() else { break };
            dispatch(
                op.set,
                Product {
                    n,
                    left: Left::BySequence { values: right, rows: width },
                    depth: packed.key_width,
                    right: &key.transposed,
                    start: Start::Zero,
                    then: Then::Slope(left),
                    out: below,
                },
            );
        }
    }

    /// The gradient of the embeddings, through z and through the key.
    fn embeddings(&mut self, op: Operation, upstream: &Upstream) {
        let (n, packed) = (self.chunk.n, op.packed);
        dispatch(
            op.set,
            Product {
                n,
                left: Left::ByColumn { values: &self.attention, rows: CHUNK_ROWS },
                depth: op.shape.heads,
                right: &upstream.dz,
                start: Start::Zero,
                then: Then::Nothing,
                out: &mut self.dembed,
            },
        );
        dispatch(
            op.set,
            Product {
                n,
                left: Left::BySequence { values: &self.dlayers[0], rows: packed.key_rows },
                depth: packed.key_width,
                right: &packed.keys[0].transposed,
                start: Start::Kept,
                then: Then::Nothing,
                out: &mut self.dembed,
            },
        );
    }

    /// Adds the gradients of the gene embeddings.
    fn genes(
        &self,
        op: Operation,
        bag: &BagInput,
        first: usize,
        (rows, gradient): (&GradientRows, &mut [Row]),
    ) {
        let (width, genes) = (op.packed.embed_rows, op.packed.gene_rows);
        for k in 0..self.chunk.len {
            let from = &self.dembed[(k + 1) * width - genes..(k + 1) * width];
            let indices = [bag.sequences.v[first + k], bag.sequences.j[first + k]];
            for (index, range) in indices.into_iter().zip(&rows.genes) {
                let at = range.start + usize::from(index) * genes;
                for (out, from) in gradient[at..at + genes].iter_mut().zip(from) {
                    *out = Row(std::array::from_fn(|lane| out.0[lane] + from.0[lane]));
                }
            }
        }
    }
}
