//! What each residue adds to the network's evidence of a clonotype: integrated gradients.
//!
//! The evidence of a clonotype is followed from a junction without residues to its own. The length, the positions,
//! the genes, the count and the other clonotypes of the repertoire stay as they are. With one-hot residues x (L, 20),
//! of one member of the network and one output:
//!
//! ```text
//! m_c(r) = max over windows p of  b_c + scale (positions of p + r sum_t W_ct[x_(p+t)])          0 <= r <= 1
//! e(r)   = [SELU(m_1(r)) .. SELU(m_C(r)) ; genes]                s_h(r) = <q_h, key(e(r))>
//! a_h(r) = own exp(s_h(r) - s_h(1)) / (others + own exp(s_h(r) - s_h(1)))
//! f(r)   = sum_h a_h(r) (<w_h, e(r)> - c_h)
//!
//! share of residue p = integral from 0 to 1 of df/dx_(p, its own) dr        rest = f(0)
//! ```
//!
//! `own` and `others` are the attention of the clonotype and of all others, so f(1) is the evidence. The shares
//! and the rest add up to it: the gradient along a path integrates to the difference of its ends. A residue
//! that is in no window of a maximum has the share 0.
//!
//! An LSTM in the place of the filters goes the same way, with `r x` as its input: e(r) is then its last state.
//!
//! What is computed from the whole repertoire stays fixed too: the scale of the input, and which clonotypes the
//! published reduction keeps. A clonotype that it leaves out has no evidence, no shares and no rest.
//!
//! Every variant of the network is covered: the filters' value along the path is a maximum of straight lines
//! (`windows`), that of an LSTM is followed step by step (`lstm`), and what follows it is plain `f64` arithmetic (`evidence`). `integral` is the quadrature.
//!
//! # References
//!
//! - Sundararajan, Taly, Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017.
//!   <https://arxiv.org/abs/1703.01365>

mod evidence;
mod integral;
mod lstm;
mod product;
#[cfg(test)]
mod tests;
mod windows;

pub(crate) use evidence::{Clonotype, Evidence};
use integral::Path;

/// What the residues of one clonotype add to the network's evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResidueShares {
    /// The share of each residue of the junction, (L).
    pub shares: Vec<f64>,
    /// The evidence without any residue: of the genes, the count, the length and the positions.
    pub rest: f64,
    /// What integration and single precision left between the evidence and the sum of `shares` and `rest`. The
    /// shares include it already: each has a part in proportion to its size.
    pub error: f64,
}

impl ResidueShares {
    /// Adds `weight` times those of one member.
    pub(crate) fn add(&mut self, own: &Self, weight: f64) {
        self.shares.resize(own.shares.len(), 0.0);
        for (all, own) in self.shares.iter_mut().zip(&own.shares) {
            *all += weight * own;
        }
        self.rest += weight * own.rest;
    }

    /// Makes the sum exactly `evidence`: what is missing goes to the residues in proportion to their shares,
    /// signs aside, or to the rest if no residue has a share.
    pub(crate) fn complete(mut self, evidence: f64) -> Self {
        self.error = evidence - self.rest - self.shares.iter().sum::<f64>();
        let size: f64 = self.shares.iter().map(|own| own.abs()).sum();
        if size > 0.0 {
            for own in &mut self.shares {
                *own += self.error * (own.abs() / size);
            }
        } else {
            self.rest += self.error;
        }
        self
    }
}

impl Evidence {
    /// The shares of the residues of one clonotype, not yet complete.
    pub(crate) fn residues(&self, clonotype: &Clonotype<'_>) -> ResidueShares {
        let mut point = self.point();
        let path = Path::new(self, clonotype, &mut point);
        let (pieces, rest) = path.integrate(&mut point);
        if self.lstm.is_some() {
            return ResidueShares { shares: pieces, rest, error: 0.0 };
        }
        let mut shares = vec![0.0; clonotype.residues.len()];
        for (piece, integral) in path.pieces().iter().zip(pieces) {
            self.filters.spread(clonotype, piece, integral, &mut shares);
        }
        ResidueShares { shares, rest, error: 0.0 }
    }
}
