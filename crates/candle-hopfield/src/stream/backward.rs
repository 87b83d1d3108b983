//! Computes the gradients of states, betas and patterns from the gradient of z. Scores are computed again, so memory
//! does not grow with the patterns.

use candle_core::{Result, bail};
use rayon::prelude::*;

use super::differentiate::Absorb;
use super::forward::{Scratch, Total};
use super::lanes::{Lanes, dispatch, pack};
use super::parts::parts;
use super::patterns::{Patterns, StatePatterns};
use super::state::PoolingState;

/// What the backward pass needs from all patterns, in constant size.
#[derive(Clone, Debug)]
pub struct Upstream {
    pub(super) heads: Vec<UpstreamHead>,
    /// dz, (H, rows of e)
    pub(super) packed: Vec<Lanes>,
    pub(super) width: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct UpstreamHead {
    pub(super) shift: f32,
    /// One over the sum of exponentials.
    pub(super) inverse: f32,
    /// `<dz_h, z_h>`
    pub(super) mean: f32,
}

impl Upstream {
    /// From the state that has seen every pattern and the gradient `dz`, `(H, e)`, of its
    /// [pooled values](PoolingState::finish).
    ///
    /// # Errors
    ///
    /// If `dz` does not hold `H * e` values.
    pub fn new(state: &PoolingState, dz: &[f32]) -> Result<Self> {
        if dz.is_empty() || dz.len() != state.heads() * state.width() {
            bail!(
                "gradient of {} values; expected {} heads of {}",
                dz.len(),
                state.heads(),
                state.width()
            );
        }
        let z: Vec<f64> = state.values().collect();
        Ok(Self::from_totals(state.totals(), z.into_iter(), dz, state.width()))
    }

    /// The same from the totals of each head and z.
    pub(crate) fn from_totals(
        totals: &[Total],
        mut z: impl Iterator<Item = f64>,
        dz: &[f32],
        width: usize,
    ) -> Self {
        let mut heads = Vec::with_capacity(totals.len());
        for (total, dz) in totals.iter().zip(dz.chunks_exact(width)) {
            let mean: f64 = dz.iter().zip(&mut z).map(|(&dz, z)| f64::from(dz) * z).sum();
            let mean = mean as f32;
            heads.push(UpstreamHead { shift: total.shift(), inverse: total.inverse(), mean });
        }
        let mut buffer = Vec::new();
        let packed = pack(dz, width, &mut buffer).to_vec();
        Self { heads, packed, width }
    }
}

/// Where the gradients of the patterns go; `None` is not computed. The default computes none.
///
/// # Shapes
///
/// - `stored`: `(n, d)`
/// - `projected`: `(n, e)`
/// - `log_weights`: `(n)`
#[derive(Debug, Default)]
pub struct PatternGradients<'a> {
    /// Gradient of the stored patterns: the whole of it, if they are the projected patterns too.
    pub stored: Option<&'a mut [f32]>,
    /// Gradient of the projected patterns, if those are given apart.
    pub projected: Option<&'a mut [f32]>,
    /// Gradient of the log-weights.
    pub log_weights: Option<&'a mut [f32]>,
}

impl PatternGradients<'_> {
    /// Splits off the gradients of the first `n` patterns of `dim` and `width` floats.
    pub(crate) fn split_off(&mut self, n: usize, dim: usize, width: usize) -> Self {
        fn first<'a>(from: &mut Option<&'a mut [f32]>, n: usize) -> Option<&'a mut [f32]> {
            from.as_mut()?.split_off_mut(..n)
        }
        Self {
            stored: first(&mut self.stored, n * dim),
            projected: first(&mut self.projected, n * width),
            log_weights: first(&mut self.log_weights, n),
        }
    }

    fn check(&self, n: usize, dim: usize, patterns: &Patterns) -> Result<()> {
        let expected = [n * dim, patterns.projected.map_or(0, <[f32]>::len), n];
        let names = ["stored patterns", "projected patterns", "log-weights"];
        for ((out, len), name) in
            [&self.stored, &self.projected, &self.log_weights].into_iter().zip(expected).zip(names)
        {
            match out {
                Some(out) if out.len() != len => {
                    bail!("gradient of the {name}: room for {}; expected {len}", out.len());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Gradients of state patterns and betas, summed over the patterns seen so far: of constant size.
#[derive(Clone, Debug, PartialEq)]
pub struct StateGradients {
    /// (H, d)
    pub(super) states: Vec<f64>,
    /// (H)
    pub(super) betas: Vec<f64>,
}

impl StateGradients {
    /// Zeros, for `heads` heads (H) and stored patterns of `dim` floats (d).
    pub fn new(heads: usize, dim: usize) -> Self {
        Self { states: vec![0.0; heads * dim], betas: vec![0.0; heads] }
    }

    /// Adds the share of `patterns` and writes their own gradients to `out`, in parallel over fixed parts.
    ///
    /// ```text
    /// ds_hi = a_hi (<dz_h, v_i> - <dz_h, z_h>)
    /// dxi_h = beta_h sum_i ds_hi y_i      dbeta_h = sum_i ds_hi <xi_h, y_i>
    /// dy_i = sum_h beta_h ds_hi xi_h      dv_i = sum_h a_hi dz_h      dw_i = sum_h ds_hi
    /// ```
    ///
    /// Any number of threads gives the same bits.
    ///
    /// # Errors
    ///
    /// If the sizes of states, patterns, `upstream`, `out` and these gradients do not fit together.
    pub fn absorb(
        &mut self,
        states: &StatePatterns,
        patterns: &Patterns,
        upstream: &Upstream,
        out: PatternGradients,
    ) -> Result<()> {
        let heads = states.heads();
        if upstream.heads.len() != heads
            || self.betas.len() != heads
            || self.states.len() != heads * states.dim()
        {
            bail!(
                "gradients of {} heads, {} upstream; expected {heads} of {} floats",
                self.betas.len(),
                upstream.heads.len(),
                states.dim()
            );
        }
        let n = patterns.check(states.dim(), upstream.width)?;
        out.check(n, states.dim(), patterns)?;
        self.absorb_parts(states, patterns, upstream, (out, &mut Scratch::new()));
        Ok(())
    }

    /// Adds checked patterns; a single part uses the scratch.
    pub(crate) fn absorb_parts(
        &mut self,
        states: &StatePatterns,
        patterns: &Patterns,
        upstream: &Upstream,
        (mut out, scratch): (PatternGradients, &mut Scratch),
    ) {
        let (dim, width) = (states.dim(), upstream.width);
        let parts = parts(patterns.stored.len() / dim);
        if let [_] = parts[..] {
            return dispatch(Absorb::new(states, patterns, upstream, (self, out, scratch)));
        }
        let mut work = Vec::with_capacity(parts.len());
        for range in parts {
            let out = out.split_off(range.len(), dim, width);
            work.push((patterns.slice(dim, width, range), out));
        }
        let sums: Vec<Self> = work
            .into_par_iter()
            .map_init(Scratch::new, |scratch, (part, out)| {
                let mut sums = Self::new(states.heads(), dim);
                dispatch(Absorb::new(states, &part, upstream, (&mut sums, out, scratch)));
                sums
            })
            .collect();
        for part in &sums {
            self.add(part);
        }
    }

    /// Adds the sums of `other`.
    ///
    /// # Errors
    ///
    /// If the sizes differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let sizes = |of: &Self| (of.betas.len(), of.states.len());
        if sizes(self) != sizes(other) {
            bail!("merge of gradients of sizes {:?} and {:?}", sizes(self), sizes(other));
        }
        self.add(other);
        Ok(())
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let own = self.states.iter_mut().chain(&mut self.betas);
        for (own, other) in own.zip(other.states.iter().chain(&other.betas)) {
            *own += other;
        }
    }

    /// Gradient of the state patterns, `(H, d)`.
    pub fn states(&self) -> Vec<f32> {
        self.states.iter().map(|&value| value as f32).collect()
    }

    /// Gradient of the betas, `(H)`.
    pub fn betas(&self) -> Vec<f32> {
        self.betas.iter().map(|&value| value as f32).collect()
    }
}
