//! The bag operation: sequences of residues in, one pooled embedding per state pattern out; forward and backward, on
//! CPU and CUDA.
//!
//! ```text
//! m_c = b_c + scale * max over windows p of ( start[L][p][c] + f_i * sum_t W[t][x_{p+t}][c] )
//! e   = [ SELU(m_1..m_C) ; EV[v_i] + EJ[j_i] ]                       (D), D = C + G
//! key = SELU(... SELU(A1 e + c1) ...)                                (A), 1 to 3 layers
//! s_h = <q_h, key> + gamma_h * log_count_i                           H state patterns
//! a_h = softmax over the repertoire (s_h)          z_h = sum_i a_hi e_i
//! ```
//!
//! With [`BagShape::lstm_units`] the last state of an LSTM stands in the place of the filters, with W for a residue and
//! R for the state before (`DeepRC`'s other embedding; on the CPU alone):
//!
//! ```text
//! a_t = b + scale * ( start[L][t] + f_i * W[x_t] ) + R h_(t-1)       (4 U): i, f, g, o
//! c_t = sigmoid(a_f) * c_(t-1) + sigmoid(a_i) * tanh(a_g)
//! h_t = sigmoid(a_o) * tanh(c_t)          e = [ h_L ; EV[v_i] + EJ[j_i] ]
//! ```
//!
//! `f_i` is 1, or the log-count where [`BagShape::count_scaling`] is set. The gradient of a maximum goes
//! to its first window. Gradients are exact: every sequence takes part.
//!
//! An empty repertoire pools to z = 0 with maximum -inf and sum 0, and its gradient is 0.
//!
//! The crate knows no files and no tensors. Sequences are [`Sequences`], columns that the caller holds (or
//! [`OwnedSequences`]); parameters are one flat vector, whose parts a [`BagLayout`] names.
//!
//! ```
//! use reperio_bag::{BagInput, BagLayout, BagShape, FilterGroup, OwnedSequences, PositionTerms, Windows};
//!
//! let layout = BagLayout::new(BagShape {
//!     filters: vec![FilterGroup { width: 3, count: 4 }],
//!     lstm_units: 0,
//!     windows: Windows::Full,
//!     position: PositionTerms::None,
//!     gene_dim: 0,
//!     v_genes: 1,
//!     j_genes: 1,
//!     attention_layers: 1,
//!     attention_width: 8,
//!     heads: 1,
//!     count_scaling: false,
//! })?;
//! let params = vec![0.1; layout.len()];
//! let mut sequences = OwnedSequences::default();
//! sequences.push(&[1, 0, 15, 15, 4], [0, 0], 0.0); // CASSF
//! sequences.push(&[1, 0, 17, 4], [0, 0], 2.0_f32.ln()); // CAVF, counted twice
//! let bag = BagInput { sequences: sequences.view(), input_scale: 1.0, padded_length: 0 };
//! let pooled = reperio_bag::forward(&layout, &params, &[bag]);
//! assert_eq!(pooled[0].z.len(), 4);
//! let gradient = reperio_bag::backward(&layout, &params, &[bag], &pooled, &[1.0; 4]);
//! assert_eq!(gradient.len(), layout.len());
//! # Ok::<(), reperio_bag::InvalidShape>(())
//! ```
//!
//! [`Device`] runs the same on a GPU where there is one, and [`sequences()`] says what each sequence contributed.
//! A shape out of range is an error; arguments that do not fit each other are panics, as the functions say.
//!
//! # How it runs
//!
//! Parameters are packed into rows of sixteen lanes once a call (`pack`, `starts`). A bag is cut into parts
//! by its size alone (`parts`), a part runs chunk by chunk (`chunk`): motif scan (`scan`) or LSTM (`lstm`), key network and
//! other small products (`dense`), softmax (`softmax`). `forward` merges chunks online and parts in order;
//! `backward` computes each chunk again, so memory does not grow with the repertoire (a million sequences
//! add 3 MB). Every kernel is written once over `lanes`; [`scalar`] is the oracle of them all.
//!
//! # Counted floor
//!
//! Vector operations for a sequence of 15 residues, 32 filters of 9 residues, two layers of 32, one head, on
//! a core with two 64-byte loads, two multiply-adds and one 64-byte store a cycle:
//!
//! | | operations | cycles |
//! |---|---|---|
//! | scan: 7 windows x 9 taps x 2 rows | 126 loads with additions | 63 |
//! | key network: (32 + 32) x 2 rows | 128 multiply-adds | 64 |
//! | SELU: 6 rows of 16 operations | 96 | 48 |
//! | **forward** | | **175** |
//! | forward again, with windows | | 175 |
//! | key network backward: 4 x 32 x 2 rows | 256 multiply-adds | 128 |
//! | scatter: 7 windows x 10 rows x 2 | 140 loads with additions and stores | 140 |
//! | **forward + backward** | | **618** |
//!
//! `cargo bench --workspace --bench bag` on one core of a Zen 5 server, other work beside it: 11.0 million
//! sequences per second forward and 3.3 forward + backward with AVX-512, 7.3 and 2.1 with AVX2, 2.3 and 0.7
//! portable. Two widths of 16 filters, genes, position bins and four heads: 7.8 and 2.3 with AVX-512.
//!
//! # What an LSTM costs
//!
//! A step has 4 U x U products and 5 U exponentials, and a sequence as many steps as residues, one after the other: for 32
//! units and 15 residues 61 thousand products, where 32 filters of 9 residues need 2 thousand additions.
//! `cargo bench -p reperio-bag --bench bag -- deeprc` on one core of a server with AVX2, other work beside it: 0.25 million
//! sequences per second forward and 0.079 forward + backward, where the filters have 5.1 and 1.46. So an LSTM is 20 times
//! as dear to score and 18 times as dear to train.

mod backward;
mod chunk;
pub mod cuda;
mod dense;
mod device;
mod forward;
mod gradient;
mod input;
mod lanes;
mod layout;
mod lstm;
mod math;
mod pack;
mod parts;
mod position;
pub mod scalar;
mod scan;
mod self_test;
mod sequences;
mod shape;
mod softmax;
mod starts;
#[cfg(test)]
mod tests;

use chunk::Operation;
use pack::Packed;

pub use device::{Device, DeviceChoice};
pub use input::{BagInput, MAX_LENGTH, OwnedSequences, RESIDUES, Sequences};
pub use lanes::InstructionSet;
pub use layout::{BagLayout, Segment};
pub use position::PositionTerms;
pub use shape::{
    BagShape, FilterGroup, InvalidShape, MAX_HEADS, MAX_LAYERS, MAX_UNITS, MAX_WIDTH, Windows,
};

/// A pooled repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// Pooled embeddings z, (H, D).
    pub z: Vec<f32>,
    /// Largest score of each head, (H).
    pub max: Vec<f32>,
    /// Sum over the sequences of exp(score - max), (H).
    pub sum: Vec<f32>,
}

/// What each sequence contributes to a pooled repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceScores {
    /// Scores before the softmax, (n, H).
    pub scores: Vec<f32>,
    /// Attention: softmax of the scores over the repertoire, (n, H).
    pub attention: Vec<f32>,
    /// `sum_h a_hi <w_th, e_i>` for each row t of the linear head, (n, T); summed over the sequences it
    /// is the head's value without its bias.
    pub evidence: Vec<f32>,
}

/// Embeddings of the sequences of a repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// e, (n, D).
    pub values: Vec<f32>,
    /// First residue of each filter's first maximal window, (n, filters); nothing of an LSTM; the sequence's length stands for a
    /// window wholly in the padding.
    pub starts: Vec<u16>,
}

/// Pools each of `bags`. A bag gives the same bits alone and among others, on any number of threads.
///
/// # Panics
///
/// If `params` does not fit `layout`, columns are not what [`Sequences`] says, a gene index is outside the
/// layout's vocabulary, or [`Windows::Padded`] meets a `padded_length` shorter than a sequence or a filter.
pub fn forward(layout: &BagLayout, params: &[f32], bags: &[BagInput]) -> Vec<Pooled> {
    forward_with(InstructionSet::detect(), layout, params, bags)
}

/// [`forward`] with one instruction set.
///
/// # Panics
///
/// As [`forward`], or if the processor lacks the set.
pub fn forward_with(
    set: InstructionSet,
    layout: &BagLayout,
    params: &[f32],
    bags: &[BagInput],
) -> Vec<Pooled> {
    let packed = pack(set, layout, params, bags);
    forward::forward(Operation { set, shape: layout.shape(), packed: &packed }, bags)
}

/// Gradient of `sum(dz * z)` by the flat parameters, summed over `bags`; `dz` is (B, H, D) and `pooled`
/// what [`forward`] returned.
///
/// # Panics
///
/// As [`forward`], or if `pooled` or `dz` do not fit.
pub fn backward(
    layout: &BagLayout,
    params: &[f32],
    bags: &[BagInput],
    pooled: &[Pooled],
    dz: &[f32],
) -> Vec<f32> {
    backward_with(InstructionSet::detect(), layout, params, bags, (pooled, dz))
}

/// [`backward`] with one instruction set.
///
/// # Panics
///
/// As [`backward`], or if the processor lacks the set.
pub fn backward_with(
    set: InstructionSet,
    layout: &BagLayout,
    params: &[f32],
    bags: &[BagInput],
    (pooled, dz): (&[Pooled], &[f32]),
) -> Vec<f32> {
    let size = layout.shape().heads * layout.shape().embedding_dim();
    let expected = (bags.len(), bags.len() * size);
    assert_eq!((pooled.len(), dz.len()), expected, "pooled bags and gradients (B, H, D)");
    for pooled in pooled {
        check_pooled(layout.shape(), pooled);
    }
    let packed = pack(set, layout, params, bags);
    let op = Operation { set, shape: layout.shape(), packed: &packed };
    backward::backward(op, layout, bags, (pooled, dz))
}

/// Scores, attention and evidence of each sequence of `bag`, for a linear `head` (T, H, D).
///
/// # Panics
///
/// As [`forward`], or if `pooled` does not fit or `head` is not a multiple of H x D.
pub fn sequences(
    layout: &BagLayout,
    params: &[f32],
    bag: &BagInput,
    pooled: &Pooled,
    head: &[f32],
) -> SequenceScores {
    let size = layout.shape().heads * layout.shape().embedding_dim();
    assert_eq!(head.len() % size, 0, "a head of {} values, expected (T, H, D)", head.len());
    check_pooled(layout.shape(), pooled);
    let set = InstructionSet::detect();
    let packed = pack(set, layout, params, &[*bag]);
    let op = Operation { set, shape: layout.shape(), packed: &packed };
    sequences::sequences(op, bag, pooled, head)
}

/// Embeddings of each sequence of `bag`.
///
/// # Panics
///
/// As [`forward`].
pub fn embeddings(layout: &BagLayout, params: &[f32], bag: &BagInput) -> Embeddings {
    let set = InstructionSet::detect();
    let packed = pack(set, layout, params, &[*bag]);
    sequences::embeddings(Operation { set, shape: layout.shape(), packed: &packed }, bag)
}

/// Checks everything once, so that the kernels need not, and packs the parameters.
fn pack(set: InstructionSet, layout: &BagLayout, params: &[f32], bags: &[BagInput]) -> Packed {
    assert!(set.is_available(), "{set:?} is not available on this processor");
    check(layout, params, bags);
    for bag in bags {
        check_genes(layout.shape(), bag.sequences.largest_genes(&(0..bag.sequences.len())));
    }
    Packed::new(layout, params, bags)
}

/// Checks parameters, columns and padding.
fn check(layout: &BagLayout, params: &[f32], bags: &[BagInput]) {
    assert_eq!(params.len(), layout.len(), "parameters of the layout");
    let shape = layout.shape();
    for bag in bags {
        bag.sequences.check_columns();
        assert!(
            chunk::is_padded_enough(shape, bag),
            "padded to {}, sequences up to {} and filters up to {} residues",
            bag.padded_length,
            bag.sequences.max_length,
            shape.max_width()
        );
    }
}

/// Checks that `pooled` is of the sizes of `shape`.
fn check_pooled(shape: &BagShape, pooled: &Pooled) {
    let found = (pooled.z.len(), pooled.max.len(), pooled.sum.len());
    let expected = (shape.heads * shape.embedding_dim(), shape.heads, shape.heads);
    assert_eq!(found, expected, "z (H, D), maximum (H) and sum (H) of a pooled bag");
}

/// Checks that genes are in the layout's vocabulary, if it has one.
fn check_genes(shape: &BagShape, largest: [usize; 2]) {
    for (largest, count) in largest.into_iter().zip([shape.v_genes, shape.j_genes]) {
        let fits = shape.gene_dim == 0 || largest < count;
        assert!(fits, "gene {largest} of a vocabulary of {count}");
    }
}
