//! Ragged pooling as one operation on the CPU.
//!
//! A custom operation of candle has three inputs at most: states, betas and log-weights travel in one flat
//! tensor, whose concatenation candle differentiates.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use super::{Bags, RaggedPatterns, Sizes};
use crate::stream::{
    PatternGradients, Patterns, PoolingState, Scratch, StateGradients, StatePatterns, Total,
    Upstream,
};

/// Bags that are differentiated one after another by one thread share their sums. A bound on memory.
const GROUPS: usize = 64;

/// z, (B, H, e).
pub(super) fn pool(
    bags: &Bags,
    sizes: Sizes,
    patterns: &RaggedPatterns,
    states: &Tensor,
    betas: &Tensor,
) -> Result<Tensor> {
    let op = RaggedPool {
        bags: bags.clone(),
        sizes,
        is_weighted: patterns.log_weights.is_some(),
        totals: Mutex::new(None),
    };
    let stored = patterns.stored.contiguous()?;
    let mut parameters = vec![states.flatten_all()?, betas.clone()];
    parameters.extend(patterns.log_weights.cloned());
    let parameters = Tensor::cat(&parameters, 0)?.contiguous()?;
    match patterns.projected {
        // One tensor in both roles is locked once, and its gradient is summed here.
        Some(projected) if projected.id() != patterns.stored.id() => {
            stored.apply_op3(&projected.contiguous()?, &parameters, op)
        }
        _ => stored.apply_op2(&parameters, op),
    }
}

struct RaggedPool {
    bags: Bags,
    sizes: Sizes,
    /// Whether log-weights follow states and betas.
    is_weighted: bool,
    /// (B, H), from the forward pass: candle's graph keeps the very value that ran forward.
    totals: Mutex<Option<Vec<Total>>>,
}

/// The inputs as slices.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    stored: &'a [f32],
    projected: Option<&'a [f32]>,
    parameters: &'a [f32],
}

/// The result and its gradient, (B, H, e).
#[derive(Clone, Copy)]
struct Ends<'a> {
    z: &'a [f32],
    dz: &'a [f32],
}

/// Gradients of the inputs; for a pattern tensor only if it is needed.
struct Gradients {
    stored: Option<Vec<f32>>,
    projected: Option<Vec<f32>>,
    parameters: Vec<f32>,
}

impl RaggedPool {
    fn states(&self, inputs: &Inputs) -> Result<StatePatterns> {
        let Sizes { heads, dim, .. } = self.sizes;
        let (states, rest) = inputs.parameters.split_at(heads * dim);
        StatePatterns::new(states, &rest[..heads])
    }

    fn patterns<'a>(&self, inputs: &Inputs<'a>) -> Patterns<'a> {
        let Sizes { heads, dim, .. } = self.sizes;
        let log_weights = &inputs.parameters[heads * (dim + 1)..];
        Patterns {
            stored: inputs.stored,
            projected: inputs.projected,
            log_weights: self.is_weighted.then_some(log_weights),
        }
    }

    fn forward(&self, inputs: &Inputs) -> Result<(CpuStorage, Shape)> {
        let Sizes { heads, dim, width, .. } = self.sizes;
        let (states, patterns) = (self.states(inputs)?, self.patterns(inputs));
        let mut z = vec![0.0; self.bags.len() * heads * width];
        let mut totals = vec![Total::EMPTY; self.bags.len() * heads];
        z.par_chunks_mut(heads * width)
            .zip(totals.par_chunks_mut(heads))
            .enumerate()
            .for_each_init(Scratch::new, |scratch, (b, (z, totals))| {
                let mut state = PoolingState::new(heads, width);
                let bag = patterns.slice(dim, width, self.bags.range(b));
                state.absorb_parts(&states, &bag, self.bags.range(b).len(), scratch);
                z.copy_from_slice(&state.finish());
                totals.copy_from_slice(state.totals());
            });
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner) = Some(totals);
        Ok((CpuStorage::F32(z), Shape::from((self.bags.len(), heads, width))))
    }

    /// `wanted`: whether the gradients of stored and projected patterns are.
    fn backward(&self, inputs: &Inputs, ends: Ends, wanted: [bool; 2]) -> Result<Gradients> {
        let Sizes { n, heads, dim, width } = self.sizes;
        let (states, patterns) = (self.states(inputs)?, self.patterns(inputs));
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(totals) = totals.as_ref() else {
            bail!("ragged pooling: backward before forward");
        };
        let mut stored = wanted[0].then(|| vec![0.0; n * dim]);
        let mut projected = wanted[1].then(|| vec![0.0; n * width]);
        let mut log_weights = self.is_weighted.then(|| vec![0.0; n]);
        let groups = self.groups(PatternGradients {
            stored: stored.as_deref_mut(),
            projected: projected.as_deref_mut(),
            log_weights: log_weights.as_deref_mut(),
        });
        let groups: Vec<StateGradients> = groups
            .into_par_iter()
            .map_init(Scratch::new, |scratch, group| {
                let mut sums = StateGradients::new(heads, dim);
                for (b, out) in group {
                    let upstream = self.upstream(b, totals, ends);
                    let bag = patterns.slice(dim, width, self.bags.range(b));
                    sums.absorb_parts(&states, &bag, &upstream, (out, scratch));
                }
                sums
            })
            .collect();
        let mut sums = StateGradients::new(heads, dim);
        for group in &groups {
            sums.add(group);
        }
        let mut parameters = [sums.states(), sums.betas()].concat();
        parameters.extend(log_weights.unwrap_or_default());
        Ok(Gradients { stored, projected, parameters })
    }

    /// What the backward pass needs to know of bag `b`.
    fn upstream(&self, b: usize, totals: &[Total], Ends { z, dz }: Ends) -> Upstream {
        let Sizes { heads, width, .. } = self.sizes;
        let of_bag = b * heads * width..(b + 1) * heads * width;
        let z = z[of_bag.clone()].iter().map(|&z| f64::from(z));
        Upstream::from_totals(&totals[b * heads..(b + 1) * heads], z, &dz[of_bag], width)
    }

    /// The bags in fixed groups, in order, each with the part of `out` that is its own.
    fn groups<'a>(&self, mut out: PatternGradients<'a>) -> Vec<Vec<(usize, PatternGradients<'a>)>> {
        let size = self.bags.len().div_ceil(GROUPS).max(1);
        let mut groups = Vec::with_capacity(GROUPS);
        for (b, range) in self.bags.iter().enumerate() {
            if b.is_multiple_of(size) {
                groups.push(Vec::with_capacity(size));
            }
            let own = out.split_off(range.len(), self.sizes.dim, self.sizes.width);
            if let Some(group) = groups.last_mut() {
                group.push((b, own));
            }
        }
        groups
    }

    fn gradient(
        &self,
        (stored, projected, parameters): (&Tensor, Option<&Tensor>, &Tensor),
        z: &Tensor,
        dz: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        if dz.dims() != z.dims() {
            bail!("ragged pooling: gradient {:?}; expected {:?}", dz.shape(), z.shape());
        }
        let wanted = [stored.track_op(), projected.is_some_and(Tensor::track_op)];
        let (z, dz) = (z.flatten_all()?.to_vec1()?, dz.flatten_all()?.to_vec1()?);
        let gradients = {
            let (stored, parameters) =
                (stored.storage_and_layout(), parameters.storage_and_layout());
            let projected = projected.map(Tensor::storage_and_layout);
            let inputs = Inputs {
                stored: of_storage(&stored.0, stored.1)?,
                projected: match &projected {
                    Some((storage, layout)) => Some(of_storage(storage, layout)?),
                    None => None,
                },
                parameters: of_storage(&parameters.0, parameters.1)?,
            };
            self.backward(&inputs, Ends { z: &z, dz: &dz }, wanted)?
        };
        let tensor = |values: Option<Vec<f32>>, like: &Tensor| match values {
            Some(values) => Tensor::from_vec(values, like.shape(), like.device()).map(Some),
            None => Ok(None),
        };
        let dprojected = match projected {
            Some(projected) => tensor(gradients.projected, projected)?,
            None => None,
        };
        Ok((
            tensor(gradients.stored, stored)?,
            dprojected,
            tensor(Some(gradients.parameters), parameters)?,
        ))
    }
}

/// The values of a tensor on the CPU.
fn of_storage<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => floats(storage, layout),
        _ => bail!("ragged pooling: a tensor has left the CPU"),
    }
}

fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("ragged pooling: {:?} is strided; expected contiguous", layout.shape());
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Stored patterns that are averaged themselves, and parameters.
impl CustomOp2 for RaggedPool {
    fn name(&self) -> &'static str {
        "ragged-pool"
    }

    fn cpu_fwd(
        &self,
        stored: &CpuStorage,
        stored_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&Inputs {
            stored: floats(stored, stored_layout)?,
            projected: None,
            parameters: floats(parameters, parameters_layout)?,
        })
    }

    fn bwd(
        &self,
        stored: &Tensor,
        parameters: &Tensor,
        z: &Tensor,
        dz: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (stored, _, parameters) = self.gradient((stored, None, parameters), z, dz)?;
        Ok((stored, parameters))
    }
}

/// Stored patterns, projected patterns and parameters.
impl CustomOp3 for RaggedPool {
    fn name(&self) -> &'static str {
        "ragged-pool"
    }

    fn cpu_fwd(
        &self,
        stored: &CpuStorage,
        stored_layout: &Layout,
        projected: &CpuStorage,
        projected_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&Inputs {
            stored: floats(stored, stored_layout)?,
            projected: Some(floats(projected, projected_layout)?),
            parameters: floats(parameters, parameters_layout)?,
        })
    }

    fn bwd(
        &self,
        stored: &Tensor,
        projected: &Tensor,
        parameters: &Tensor,
        z: &Tensor,
        dz: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        self.gradient((stored, Some(projected), parameters), z, dz)
    }
}
