//! What each sequence contributed: scores, attention, evidence, embeddings.

use rayon::prelude::*;

use super::chunk::{CHUNK_ROWS, Chunk, Operation};
use super::dense::Dots;
use super::lanes::{Row, dispatch, floats, rows_of};
use super::parts::parts;
use super::softmax::Exponentials;
use super::{BagInput, Embeddings, Pooled, SequenceScores};

/// Scores, attention and evidence under a linear `head` (T, H, D).
pub(super) fn sequences(
    op: Operation,
    bag: &BagInput,
    pooled: &Pooled,
    head: &[f32],
) -> SequenceScores {
    let vectors = op.packed.pack_embeddings(head);
    let targets = vectors.len() / (op.shape.heads * op.packed.embed_rows);
    let n = bag.sequences.len();
    let collected: Vec<SequenceScores> = parts(&[*bag])
        .par_iter()
        .map_init(
            || {
                (
                    Chunk::new(op, false),
                    vec![Row::default(); op.shape.heads * CHUNK_ROWS * (1 + targets)],
                )
            },
            |(chunk, scratch), part| {
                let mut out = empty(part.range.len(), op.shape.heads, targets);
                for range in part.chunks() {
                    chunk.embed(op, bag, range);
                    chunk.attend(op);
                    describe(op, chunk, (pooled, &vectors), scratch, &mut out);
                }
                out
            },
        )
        .collect();
    let mut all = empty(n, op.shape.heads, targets);
    for part in collected {
        all.scores.extend(part.scores);
        all.attention.extend(part.attention);
        all.evidence.extend(part.evidence);
    }
    all
}

fn empty(n: usize, heads: usize, targets: usize) -> SequenceScores {
    SequenceScores {
        scores: Vec::with_capacity(n * heads),
        attention: Vec::with_capacity(n * heads),
        evidence: Vec::with_capacity(n * targets),
    }
}

/// Appends the sequences of a chunk to `out`.
fn describe(
    op: Operation,
    chunk: &Chunk,
    (pooled, vectors): (&Pooled, &[Row]),
    scratch: &mut [Row],
    out: &mut SequenceScores,
) {
    let heads = op.shape.heads;
    let (attention, dots) = scratch.split_at_mut(heads * CHUNK_ROWS);
    for h in 0..heads {
        let of_head = h * CHUNK_ROWS..h * CHUNK_ROWS + rows_of(chunk.n);
        dispatch(
            op.set,
            Exponentials {
                scores: &chunk.scores[of_head.clone()],
                max: pooled.max[h],
                factor: 1.0 / pooled.sum[h],
                out: &mut attention[of_head],
            },
        );
    }
    let values = &chunk.embed[..chunk.n * op.packed.embed_rows];
    dispatch(op.set, Dots { n: chunk.n, values, vectors, out: dots, out_rows: CHUNK_ROWS });
    for i in 0..chunk.len {
        let of = |rows: &[Row], k: usize| floats(&rows[k * CHUNK_ROWS..(k + 1) * CHUNK_ROWS])[i];
        out.scores.extend((0..heads).map(|h| of(&chunk.scores, h)));
        out.attention.extend((0..heads).map(|h| of(attention, h)));
        for t in 0..dots.len() / (heads * CHUNK_ROWS) {
            let terms = (0..heads).map(|h| of(attention, h) * of(dots, t * heads + h));
            out.evidence.push(terms.sum());
        }
    }
}

/// Embeddings and the windows of their maxima.
pub(super) fn embeddings(op: Operation, bag: &BagInput) -> Embeddings {
    let mut out = Embeddings { values: Vec::new(), starts: Vec::new() };
    let (rows, channels) = (op.packed.embed_rows, op.shape.filter_count());
    let mut chunk = Chunk::new(op, true);
    for part in parts(&[*bag]) {
        for range in part.chunks() {
            chunk.embed(op, bag, range);
            for i in 0..chunk.len {
                let values = floats(&chunk.embed[i * rows..(i + 1) * rows]);
                out.values.extend(op.packed.places.iter().map(|&place| values[place]));
                let args = floats(&chunk.args[i * rows..(i + 1) * rows]);
                out.starts.extend(op.packed.places[..channels].iter().map(|&p| args[p] as u16));
            }
        }
    }
    out
}
