//! Association and update, until the heads have converged.

use candle_core::{DType, Result, Tensor};

use crate::association::Association;
use crate::config::Updates;
use crate::patterns::Projected;

/// What the scores are made of besides patterns.
pub(crate) struct Scoring<'a> {
    pub(crate) association: Association,
    pub(crate) updates: &'a Updates,
    /// (1, heads, 1, 1)
    pub(crate) beta: Tensor,
    /// Added to the scores, broadcastable to (batch, heads, states, patterns).
    pub(crate) bias: Vec<Tensor>,
    /// Not 0 where a pattern must not be associated, broadcastable likewise.
    pub(crate) ignored: Vec<Tensor>,
}

impl Scoring<'_> {
    /// ```text
    /// A = association(beta Q K^T + bias)          (batch, heads, states, patterns)
    /// ```
    fn associate(&self, state: &Tensor, stored: &Tensor) -> Result<Tensor> {
        let scaled = state.broadcast_mul(&self.beta)?;
        let mut scores = scaled.contiguous()?.matmul(&stored.t()?.contiguous()?)?;
        for bias in &self.bias {
            scores = (&scores + bias.broadcast_as(scores.shape())?)?;
        }
        for ignored in &self.ignored {
            scores = crate::association::mask(&scores, ignored)?;
        }
        self.association.apply(&scores)
    }

    /// The association after all updates, and how many updates there were.
    pub(crate) fn converge(&self, heads: &Projected) -> Result<(Tensor, usize)> {
        let mut association = self.associate(&heads.state, &heads.stored)?;
        let mut active = vec![true; heads.stored.dim(1)?];
        let mut updates = 0;
        while active.contains(&true) && updates < self.updates.max.unwrap_or(Updates::LIMIT) {
            let state = association.contiguous()?.matmul(&heads.stored)?;
            let next = self.associate(&state, &heads.stored)?;
            let changes = changes(&next, &association)?;
            association =
                if active.contains(&false) { take(&next, &association, &active)? } else { next };
            for (head, active) in active.iter_mut().enumerate() {
                *active &= changes[head] > self.updates.eps_of(head);
            }
            updates += 1;
        }
        Ok((association, updates))
    }
}

/// For each head the largest Frobenius norm, over the batch, of the change of its association.
fn changes(next: &Tensor, last: &Tensor) -> Result<Vec<f64>> {
    let change = (next.detach() - last.detach())?.to_dtype(DType::F64)?;
    change.sqr()?.sum((2, 3))?.sqrt()?.max(0)?.to_vec1() // (batch, heads) to (heads)
}

/// `next` for active heads, `last` for the others: a head that has stopped keeps its association.
fn take(next: &Tensor, last: &Tensor, active: &[bool]) -> Result<Tensor> {
    let active: Vec<u8> = active.iter().map(|&active| u8::from(active)).collect();
    let active =
        Tensor::new(active, next.device())?.reshape((1, (), 1, 1))?.broadcast_as(next.shape())?;
    active.where_cond(next, last)
}
