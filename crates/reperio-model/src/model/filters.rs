//! What each filter of the network has in the evidence of a clonotype.
//!
//! The head is linear in the pooled embeddings, so the evidence of the network is a sum over filters. Nothing is
//! approximated:
//!
//! ```text
//! evidence_ti = s_t / M * sum over members of ( sum_c sum_h a_hi w_thc e_ic  +  rest_ti )
//! rest_ti     = sum_g sum_h a_hi w_thg e_ig - sum_h a_hi o_th
//! ```
//!
//! An LSTM has no filters: all that its network says is the rest.
//!
//! `s_t` is the weight of the network, M its members, `a` the attention, `w` the head and `e` the embedding: of the
//! filters c, and of the genes g behind them. `o` is the origin of the evidence (`model/origin`).

use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::Repertoire;

use super::{Explanation, Model};
use crate::bag::Bag;
use crate::network::Weights;
use crate::prepare;

/// What the filters of one member of the network see in some clonotypes, for one output.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterEvidence {
    /// Evidence of each filter in each clonotype, (n, C).
    pub filters: Vec<f64>,
    /// Evidence of the genes, less the origin, (n). With that of the filters it is the evidence of the member.
    pub rest: Vec<f64>,
    /// Activation of each filter, (n, C). Above 0 the filter answers; below, it misses what it looks for.
    pub activations: Vec<f32>,
    /// First residue of the window with the highest activation, (n, C).
    pub starts: Vec<u16>,
}

/// A filter of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterName {
    /// Member of the ensemble, from 1.
    pub member: usize,
    /// Filter of the member, from 1.
    pub filter: usize,
    /// Residues that it sees.
    pub width: usize,
}

impl Model {
    /// The filters of all members, one member after the other.
    pub fn filters(&self) -> Vec<FilterName> {
        let of = |(m, weights): (usize, &Weights)| {
            let groups = weights.layout.shape().filters.iter();
            let widths: Vec<usize> =
                groups.flat_map(|group| vec![group.width; group.count]).collect();
            let name = move |(f, width)| FilterName { member: m + 1, filter: f + 1, width };
            widths.into_iter().enumerate().map(name)
        };
        self.weights.iter().enumerate().flat_map(of).collect()
    }

    /// Weight of one member of the network in `output`.
    fn member_weight(&self, output: usize) -> f64 {
        let mut first = 0;
        let own = self.targets.iter().find(|target| {
            first += target.bias.len();
            output < first
        });
        own.map_or(0.0, |target| target.network) / self.weights.len().max(1) as f64
    }

    /// What the filters of each member see in the clonotypes at `places` of an explained repertoire, for one output.
    pub fn filter_evidence(
        &self,
        repertoire: &Repertoire,
        explanation: &Explanation,
        places: &[usize],
        output: usize,
    ) -> Vec<FilterEvidence> {
        let encoded = Arc::new(EncodedRepertoire::new(repertoire, &self.info.genes));
        let whole = prepare::whole(&self.info.config.model, &encoded);
        let indices: Vec<u32> = places.iter().map(|&place| place as u32).collect();
        let some = Bag { repertoire: Arc::new(encoded.gather(&indices)), ..whole };
        let mut first = 0;
        let mut all = Vec::new();
        for (m, weights) in self.weights.iter().enumerate() {
            let heads = weights.heads();
            let attention = |&place: &usize| {
                let row = &explanation.attention[place * explanation.heads..];
                row[first..first + heads].to_vec()
            };
            let attention: Vec<Vec<f32>> = places.iter().map(attention).collect();
            let origin = self.info.evidence_origin.get(m);
            let origin = origin.map_or(&[][..], |own| &own[output * heads..(output + 1) * heads]);
            let scale = self.member_weight(output);
            all.push(of_member(weights, &some, &attention, (output, origin, scale)));
            first += heads;
        }
        all
    }

    /// What each filter of each member, and then the genes of each member, add to each output of an explained
    /// repertoire, before the origin is taken away: (T, filters + members).
    pub(crate) fn filter_totals(&self, explanation: &Explanation) -> Vec<f64> {
        let mut totals = Vec::new();
        for output in 0..self.n_outputs() {
            let scale = self.member_weight(output);
            let mut genes = Vec::new();
            for (weights, z) in self.weights.iter().zip(&explanation.pooled) {
                let (dim, channels) = sizes(weights);
                let head = &weights.head[output * z.len()..(output + 1) * z.len()];
                let mut sums = vec![0.0; dim];
                for (w, z) in head.chunks_exact(dim).zip(z.chunks_exact(dim)) {
                    for (sum, (w, z)) in sums.iter_mut().zip(w.iter().zip(z)) {
                        *sum += scale * f64::from(*w) * f64::from(*z);
                    }
                }
                genes.push(sums[channels..].iter().sum::<f64>());
                totals.extend(&sums[..channels]);
            }
            totals.extend(genes);
        }
        totals
    }
}

/// Length of an embedding, and filters in it.
fn sizes(weights: &Weights) -> (usize, usize) {
    let shape = weights.layout.shape();
    (shape.embedding_dim(), shape.filter_count())
}

/// What the filters of one member see in the sequences of `some`, whose attention is (n, H).
fn of_member(
    weights: &Weights,
    some: &Bag,
    attention: &[Vec<f32>],
    (output, origin, scale): (usize, &[f64], f64),
) -> FilterEvidence {
    let (dim, channels) = sizes(weights);
    let embedded = weights.embed(&some.input());
    let heads = weights.heads();
    let head = &weights.head[output * heads * dim..(output + 1) * heads * dim];
    let (mut filters, mut rest, mut activations) = (vec![], vec![], vec![]);
    for (attention, e) in attention.iter().zip(embedded.values.chunks_exact(dim)) {
        let mut own = vec![0.0; dim];
        for (a, w) in attention.iter().zip(head.chunks_exact(dim)) {
            for (own, w) in own.iter_mut().zip(w) {
                *own += f64::from(*a) * f64::from(*w);
            }
        }
        for (own, e) in own.iter_mut().zip(e) {
            *own *= scale * f64::from(*e);
        }
        let shift: f64 = attention.iter().zip(origin).map(|(a, o)| f64::from(*a) * o).sum();
        rest.push(own[channels..].iter().sum::<f64>() - scale * shift);
        filters.extend(&own[..channels]);
        activations.extend(&e[..channels]);
    }
    FilterEvidence { filters, rest, activations, starts: embedded.starts }
}
