//! A chunk of sequences on its way from residues to scores.

use std::ops::Range;

use super::BagInput;
use super::dense::{Dots, Left, Product, Start, Then};
use super::lanes::{InstructionSet, LANES, Row, dispatch, floats_mut};
use super::lstm::Recurrence;
use super::pack::{PAD, Packed};
use super::scan::{Laid, scan};
use super::shape::{BagShape, MAX_WIDTH, Windows};
use super::softmax::FinishScores;

/// Sequences of a chunk. Its buffers stay in the second cache, its results in the first.
pub(super) const CHUNK: usize = 64;
/// Lane rows of one value per sequence.
pub(super) const CHUNK_ROWS: usize = CHUNK / LANES;

/// What all chunks of a call share.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) set: InstructionSet,
    pub(super) shape: &'a BagShape,
    pub(super) packed: &'a Packed,
}

/// Residues of a chunk, copied so that each sequence is followed by padding.
#[derive(Default)]
pub(super) struct Codes {
    pub(super) residues: Vec<u8>,
    /// Where each sequence starts.
    pub(super) at: Vec<usize>,
    /// Residues of each sequence.
    pub(super) lengths: Vec<usize>,
    /// Factor of each sequence's residues, f.
    pub(super) factors: Vec<f32>,
}

impl Codes {
    fn fill(&mut self, shape: &BagShape, bag: &BagInput, range: Range<usize>) {
        self.residues.clear();
        self.at.clear();
        self.lengths.clear();
        self.factors.clear();
        for i in range {
            let sequence = bag.sequences.get(i);
            self.at.push(self.residues.len());
            self.lengths.push(sequence.len());
            self.residues.extend_from_slice(sequence);
            self.residues.extend_from_slice(&[PAD; MAX_WIDTH - 1]);
            self.factors.push(if shape.count_scaling { bag.sequences.log_counts[i] } else { 1.0 });
        }
    }
}

/// Buffers of one chunk, used again for the next. Rows past the chunk's sequences, up to a multiple of
/// 16, hold zeros where they enter sums over sequences.
pub(super) struct Chunk {
    pub(super) codes: Codes,
    /// Sequences.
    pub(super) len: usize,
    /// Sequences rounded up to a multiple of 16.
    pub(super) n: usize,
    /// e, (n, embed rows)
    pub(super) embed: Vec<Row>,
    /// States of the LSTM, if there is one.
    pub(super) recurrence: Recurrence,
    /// First maximal windows, shaped like `embed`; empty if they are not wanted.
    pub(super) args: Vec<Row>,
    /// Outputs of the key network's layers, (n, key rows) each.
    pub(super) layers: Vec<Vec<Row>>,
    /// (H, chunk rows)
    pub(super) scores: Vec<Row>,
    /// Largest score of each head.
    pub(super) max: Vec<f32>,
    /// (chunk rows)
    pub(super) log_counts: Vec<Row>,
}

impl Chunk {
    /// Empty buffers; `with_args` to keep what the backward pass needs: the windows of the maxima, the LSTM's states.
    pub(super) fn new(op: Operation, with_args: bool) -> Self {
        let embed = vec![Row::default(); CHUNK * op.packed.embed_rows];
        Self {
            codes: Codes::default(),
            len: 0,
            n: 0,
            args: if with_args { embed.clone() } else { Vec::new() },
            recurrence: Recurrence::new(with_args),
            embed,
            layers: vec![vec![Row::default(); CHUNK * op.packed.key_rows]; op.packed.keys.len()],
            scores: vec![Row::default(); op.shape.heads * CHUNK_ROWS],
            max: vec![f32::NEG_INFINITY; op.shape.heads],
            log_counts: vec![Row::default(); CHUNK_ROWS],
        }
    }

    /// Follows the sequences `range` of `bag`, at most [`CHUNK`], up to their embeddings.
    pub(super) fn embed(&mut self, op: Operation, bag: &BagInput, range: Range<usize>) {
        self.len = range.len();
        self.n = self.len.next_multiple_of(LANES);
        self.codes.fill(op.shape, bag, range.clone());
        let rows = op.packed.embed_rows;
        self.embed[self.len * rows..self.n * rows].fill(Row::default());
        for slab in &op.packed.slabs {
            let laid = Laid::new(op, slab, &self.codes, bag);
            scan(op.set, laid, &mut self.embed, &mut self.args);
        }
        if let Some(lstm) = &op.packed.lstm {
            let (codes, scale) = (&self.codes, bag.input_scale);
            self.recurrence.embed(op.set, lstm, (codes, scale), (&mut self.embed, rows));
        }
        self.add_genes(op, bag, range.clone());
        let log_counts = floats_mut(&mut self.log_counts);
        log_counts[..self.len].copy_from_slice(&bag.sequences.log_counts[range]);
        log_counts[self.len..].fill(0.0);
    }

    fn add_genes(&mut self, op: Operation, bag: &BagInput, range: Range<usize>) {
        let (rows, genes) = (op.packed.embed_rows, op.packed.gene_rows);
        for (k, i) in range.enumerate() {
            let v = usize::from(bag.sequences.v[i]) * genes;
            let j = usize::from(bag.sequences.j[i]) * genes;
            let out = &mut self.embed[(k + 1) * rows - genes..(k + 1) * rows];
            let v = &op.packed.genes[0][v..v + genes];
            let j = &op.packed.genes[1][j..j + genes];
            for ((out, v), j) in out.iter_mut().zip(v).zip(j) {
                *out = Row(std::array::from_fn(|lane| v.0[lane] + j.0[lane]));
            }
        }
    }

    /// Follows the embeddings up to the scores.
    pub(super) fn attend(&mut self, op: Operation) {
        let (n, packed) = (self.n, op.packed);
        for (l, key) in packed.keys.iter().enumerate() {
            let (before, rest) = self.layers.split_at_mut(l);
            let left = match before.last() {
                None => Left::BySequence { values: &self.embed, rows: packed.embed_rows },
                Some(layer) => Left::BySequence { values: layer, rows: packed.key_rows },
            };
            dispatch(
                op.set,
                Product {
                    n,
                    left,
                    depth: key.inputs,
                    right: &key.weight,
                    start: Start::Row(&key.bias),
                    then: Then::Selu,
                    out: &mut rest[0],
                },
            );
        }
        let keys = &self.layers[self.layers.len() - 1][..n * packed.key_rows];
        let (vectors, out) = (&packed.query, &mut self.scores);
        dispatch(op.set, Dots { n, values: keys, vectors, out, out_rows: CHUNK_ROWS });
        for (h, scores) in self.scores.chunks_exact_mut(CHUNK_ROWS).enumerate() {
            let (log_counts, gamma) = (&self.log_counts, packed.gamma[h]);
            self.max[h] = dispatch(op.set, FinishScores { scores, log_counts, gamma, n: self.len });
        }
    }
}

/// Whether `bag` is padded far enough for `shape`.
pub(super) fn is_padded_enough(shape: &BagShape, bag: &BagInput) -> bool {
    shape.windows == Windows::Full
        || bag.padded_length >= bag.sequences.max_length.max(shape.max_width())
}
