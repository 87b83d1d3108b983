//! An LSTM in the place of the filters: a sequence's embedding is the last state.
//!
//! ```text
//! a_t = b + scale * ( start[L][t] + f * W[x_t] ) + R h_(t-1)         (4 U): i, f, g, o
//! c_t = sigmoid(a_f) * c_(t-1) + sigmoid(a_i) * tanh(a_g)            c_0 = h_0 = 0
//! h_t = sigmoid(a_o) * tanh(c_t)               e = h_L               (U)
//! ```
//!
//! One layer, one direction, no SELU: `SequenceEmbeddingLSTM` of `DeepRC` with the LSTM of PyTorch. The input is that
//! of a filter of one residue: a row of a table, and the position terms of a window of width 1.
//!
//! # How it runs
//!
//! The sequences of a chunk are sorted by length and cut into blocks of sixteen, which take their steps together until
//! the longest ends. A sequence that has ended is a suffix of its block, and is neither computed nor differentiated. The
//! backward pass keeps the states of one chunk: memory grows with the longest sequence, not with the repertoire.
//!
//! # References
//!
//! - Hochreiter, Schmidhuber, *Long Short-Term Memory*, Neural Computation 9 (8), 1997.
//! - Gers, Schmidhuber, Cummins, *Learning to Forget: Continual Prediction with LSTM*, Neural Computation 12 (10), 2000.
//! - Widrich et al., *Modern Hopfield Networks and Attention for Immune Repertoire Classification*, `NeurIPS` 2020.
//!   <https://arxiv.org/abs/2007.13505>

mod backward;
mod block;
mod pack;
mod step;

use super::chunk::{CHUNK, Codes};
use super::lanes::{InstructionSet, Row};
use block::Block;
pub(super) use pack::PackedLstm;

/// Gates of a unit, in the order of PyTorch: input, forget, candidate, output.
const GATES: usize = 4;
/// Sequences that take their steps together.
const BLOCK: usize = 16;

/// Residues of a chunk and the factor of the input.
type Input<'a> = (&'a Codes, f32);

/// The LSTM's passes over the sequences of a chunk.
pub(super) struct Recurrence {
    /// Whether states are kept for the backward pass.
    keeps: bool,
    /// Sequences of the chunk, longest first.
    order: Vec<usize>,
    blocks: Vec<Block>,
}

impl Recurrence {
    /// Without buffers, which the first chunk makes; `keeps` to go backward.
    pub(super) fn new(keeps: bool) -> Self {
        Self { keeps, order: Vec::new(), blocks: Vec::new() }
    }

    /// Writes the embeddings of the chunk `input` to `embed`, whose sequences are a number of lane rows apart.
    pub(super) fn embed(
        &mut self,
        set: InstructionSet,
        lstm: &PackedLstm,
        input: Input,
        (embed, stride): (&mut [Row], usize),
    ) {
        let lengths = &input.0.lengths;
        self.order.clear();
        self.order.extend(0..lengths.len());
        self.order.sort_by_key(|&i| std::cmp::Reverse(lengths[i])); // Stable, so always the same.
        self.blocks.resize_with(CHUNK / BLOCK, Block::default);
        for (block, members) in self.blocks.iter_mut().zip(self.order.chunks(BLOCK)) {
            block.place(lstm, members, lengths, self.keeps);
            block.embed(set, lstm, input, (embed, stride));
        }
    }

    /// Adds the gradients of the chunk that was embedded last to `out`, from that of its embeddings.
    pub(super) fn backward(
        &mut self,
        set: InstructionSet,
        lstm: &PackedLstm,
        input: Input,
        (dembed, out): ((&[Row], usize), &mut [Row]),
    ) {
        let blocks = self.order.len().div_ceil(BLOCK);
        for block in &mut self.blocks[..blocks] {
            block.backward(set, lstm, input, (dembed, out));
        }
    }
}
