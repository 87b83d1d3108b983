//! From bags to pooled embeddings: parts in parallel, chunks in order, softmax merged online.

use rayon::prelude::*;

use super::chunk::{CHUNK_ROWS, Chunk, Operation};
use super::dense::WeightedSum;
use super::lanes::{Row, dispatch, floats, rows_of};
use super::parts::{Part, parts};
use super::softmax::Exponentials;
use super::{BagInput, Pooled};

/// A pooled stretch of a bag, not yet divided by the sum.
struct Partial {
    max: Vec<f32>,
    sum: Vec<f32>,
    /// (H, embed rows)
    z: Vec<Row>,
}

/// Pools each of `bags`.
pub(super) fn forward(op: Operation, bags: &[BagInput]) -> Vec<Pooled> {
    let parts = parts(bags);
    let partials: Vec<Partial> = parts
        .par_iter()
        .map_init(|| Scratch::new(op), |scratch, part| scratch.pool(op, &bags[part.bag], part))
        .collect();
    let mut pooled = Vec::with_capacity(bags.len());
    let mut first = 0;
    for bag in 0..bags.len() {
        let count = parts[first..].iter().take_while(|part| part.bag == bag).count();
        pooled.push(merge(op, &partials[first..first + count]));
        first += count;
    }
    pooled
}

/// Buffers of one thread.
struct Scratch {
    chunk: Chunk,
    weights: Vec<Row>,
}

impl Scratch {
    fn new(op: Operation) -> Self {
        let weights = vec![Row::default(); op.shape.heads * CHUNK_ROWS];
        Self { chunk: Chunk::new(op, false), weights }
    }

    fn pool(&mut self, op: Operation, bag: &BagInput, part: &Part) -> Partial {
        let (heads, rows) = (op.shape.heads, op.packed.embed_rows);
        let mut partial = Partial {
            max: vec![f32::NEG_INFINITY; heads],
            sum: vec![0.0; heads],
            z: vec![Row::default(); heads * rows],
        };
        for range in part.chunks() {
            self.chunk.embed(op, bag, range);
            self.chunk.attend(op);
            self.add(op, &mut partial);
        }
        partial
    }

    /// Merges the chunk into `partial`, whose running maximum may rise.
    fn add(&mut self, op: Operation, partial: &mut Partial) {
        let (chunk, rows) = (&self.chunk, op.packed.embed_rows);
        for h in 0..op.shape.heads {
            if chunk.max[h] > partial.max[h] {
                let factor = (partial.max[h] - chunk.max[h]).exp();
                partial.max[h] = chunk.max[h];
                partial.sum[h] *= factor;
                for row in &mut partial.z[h * rows..(h + 1) * rows] {
                    row.0 = row.0.map(|value| value * factor);
                }
            }
            let of_head = h * CHUNK_ROWS..h * CHUNK_ROWS + rows_of(chunk.n);
            partial.sum[h] += dispatch(
                op.set,
                Exponentials {
                    scores: &chunk.scores[of_head.clone()],
                    max: partial.max[h],
                    factor: 1.0,
                    out: &mut self.weights[of_head],
                },
            );
        }
        dispatch(
            op.set,
            WeightedSum {
                n: chunk.n,
                weights: &self.weights,
                weight_rows: CHUNK_ROWS,
                values: &chunk.embed[..chunk.n * rows],
                out: &mut partial.z,
            },
        );
    }
}

/// Merges the parts of one bag, in order.
fn merge(op: Operation, parts: &[Partial]) -> Pooled {
    let (heads, rows) = (op.shape.heads, op.packed.embed_rows);
    let mut pooled = Pooled { z: Vec::new(), max: Vec::new(), sum: Vec::new() };
    for h in 0..heads {
        let max = parts.iter().map(|part| part.max[h]).fold(f32::NEG_INFINITY, f32::max);
        let (mut sum, mut z) = (0.0_f64, vec![0.0_f64; op.packed.places.len()]);
        for part in parts {
            let factor = f64::from(part.max[h] - max).exp();
            let values = floats(&part.z[h * rows..(h + 1) * rows]);
            sum += factor * f64::from(part.sum[h]);
            for (z, &place) in z.iter_mut().zip(&op.packed.places) {
                *z += factor * f64::from(values[place]);
            }
        }
        let divisor = if parts.is_empty() { 1.0 } else { sum };
        pooled.z.extend(z.into_iter().map(|z| (z / divisor) as f32));
        pooled.max.push(max);
        pooled.sum.push(sum as f32);
    }
    pooled
}
