//! The calls of a GPU: what is copied, launched and copied back.

use cudarc::driver::{CudaSlice, DeviceRepr, HostSlice, ValidAsZeroBits};

use super::super::{BagInput, BagLayout, Embeddings, Pooled, SequenceScores};
use super::driver::Driver;
use super::error::{CudaError, Doing};
use super::gpu::{Prepared, Work};
use super::gradient;
use super::launch::{Described, Loaded};
use super::model::{PackedModel, WARP};
use super::plan::{Plan, upstream_floats};
use super::sizes::{HEADS, int};
use super::waves::{for_each_wave, parts};

/// Copies `values` to the GPU; of none it copies one zero, since a GPU has no empty memory.
fn copied<T: DeviceRepr + ValidAsZeroBits>(
    driver: &Driver,
    values: &[T],
) -> Result<CudaSlice<T>, CudaError>
where
    [T]: HostSlice<T>,
{
    if values.is_empty() {
        return zeros(driver, 0);
    }
    driver.stream.clone_htod(values).doing("copy to the GPU")
}

/// `len` zeros, at least one.
fn zeros<T: DeviceRepr + ValidAsZeroBits>(
    driver: &Driver,
    len: usize,
) -> Result<CudaSlice<T>, CudaError> {
    driver.stream.alloc_zeros(len.max(1)).doing("take memory of the GPU")
}

/// The first `len` values, once everything under way is done.
fn read<T: DeviceRepr>(
    driver: &Driver,
    from: &CudaSlice<T>,
    len: usize,
) -> Result<Vec<T>, CudaError> {
    let mut values = driver.stream.clone_dtoh(from).doing("copy from the GPU")?;
    driver.wait()?;
    values.truncate(len);
    Ok(values)
}

impl Work {
    /// Packs and copies the parameters, and folds position terms.
    pub(super) fn prepare(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
    ) -> Result<Prepared, CudaError> {
        let longest = bags.iter().map(|bag| bag.sequences.max_length).max().unwrap_or(0);
        let model = PackedModel::new(layout, params, longest);
        let words = copied(&self.driver, &model.words)?;
        let with_starts = model.sizes.position != 0 && longest > 0;
        let rows = if with_starts { longest * (longest + 1) / 2 } else { 0 };
        let mut starts = zeros(&self.driver, rows * model.sizes.slabs as usize * WARP)?;
        if with_starts {
            self.driver.fold_starts(&model.sizes, &words, (&mut starts, longest))?;
        }
        Ok(Prepared { model, loaded: Loaded { model: words, starts } })
    }

    fn too_large(&self) -> CudaError {
        CudaError::TooLarge { bytes: self.driver.shared.block }
    }

    fn forward_plan(&self, prepared: &Prepared) -> Result<Plan, CudaError> {
        Plan::forward(&prepared.model.sizes, self.driver.shared).ok_or_else(|| self.too_large())
    }

    /// Pools bags whose parts' results fit together.
    pub(super) fn pool(
        &mut self,
        layout: &BagLayout,
        prepared: &Prepared,
        bags: &[BagInput],
    ) -> Result<Vec<Pooled>, CudaError> {
        let plan = self.forward_plan(prepared)?;
        let (driver, shape) = (&self.driver, layout.shape());
        let mut first = vec![0];
        for bag in bags {
            first.push(first[first.len() - 1] + parts(bag.sequences.len()).count() as u32);
        }
        let slots = first[bags.len()] as usize;
        let dim = plan.sizes.dim_blocks as usize * WARP;
        let mut partials = zeros(driver, slots * (2 * HEADS + shape.heads * dim))?;
        for_each_wave(driver, &mut self.resident, shape, bags, &mut |wave| {
            driver.forward(&plan, (&prepared.loaded, wave), &mut partials)
        })?;
        let size = shape.heads * (2 + shape.embedding_dim());
        let mut out = zeros(driver, bags.len() * size)?;
        driver.merge_parts(&plan.sizes, &copied(driver, &first)?, (&mut partials, &mut out))?;
        let values = read(driver, &out, bags.len() * size)?;
        let pooled = values.chunks_exact(size).map(|values| Pooled {
            max: values[..shape.heads].to_vec(),
            sum: values[shape.heads..2 * shape.heads].to_vec(),
            z: values[2 * shape.heads..].to_vec(),
        });
        Ok(pooled.collect())
    }

    /// The flat gradient, summed over `bags`.
    pub(super) fn pull(
        &mut self,
        layout: &BagLayout,
        prepared: &Prepared,
        bags: &[BagInput],
        (pooled, dz): (&[Pooled], &[f32]),
    ) -> Result<Vec<f32>, CudaError> {
        let plan = Plan::backward(&prepared.model.sizes, self.driver.shared)
            .ok_or_else(|| self.too_large())?;
        let (driver, shape) = (&self.driver, layout.shape());
        let upstream = copied(driver, &upstream(layout, &plan, pooled, dz))?;
        let len = plan.sizes.d_len as usize;
        let mut total = zeros::<f64>(driver, len)?;
        for_each_wave(driver, &mut self.resident, shape, bags, &mut |wave| {
            let blocks = driver.backward_blocks(&plan, wave.n_parts)?;
            let mut gradients = zeros(driver, blocks * len)?;
            let sums = (&mut gradients, &mut total);
            driver.backward(&plan, (&prepared.loaded, wave), &upstream, sums)
        })?;
        Ok(gradient::unpack(layout, &prepared.model, &read(driver, &total, len)?))
    }

    /// Scores, attention and evidence of the sequences of one bag.
    pub(super) fn describe(
        &mut self,
        layout: &BagLayout,
        prepared: &Prepared,
        bag: &BagInput,
        (pooled, head): (&Pooled, &[f32]),
    ) -> Result<SequenceScores, CudaError> {
        let plan = self.forward_plan(prepared)?;
        let (driver, shape) = (&self.driver, layout.shape());
        let (n, heads, dim) = (bag.sequences.len(), shape.heads, shape.embedding_dim());
        let targets = head.len() / (heads * dim);
        let statistics = copied(driver, &[&pooled.max[..], &pooled.sum].concat())?;
        let vectors = copied(driver, &padded(head, dim, plan.sizes.dim_blocks as usize * WARP))?;
        let mut out = Described {
            scores: zeros(driver, n * heads)?,
            attention: zeros(driver, n * heads)?,
            evidence: zeros(driver, n * targets)?,
        };
        for_each_wave(driver, &mut self.resident, shape, &[*bag], &mut |wave| {
            let of = (&statistics, &vectors, int(targets));
            driver.sequences(&plan, (&prepared.loaded, wave), of, &mut out)
        })?;
        Ok(SequenceScores {
            scores: read(driver, &out.scores, n * heads)?,
            attention: read(driver, &out.attention, n * heads)?,
            evidence: read(driver, &out.evidence, n * targets)?,
        })
    }

    /// Embeddings of the sequences of one bag.
    pub(super) fn embed(
        &mut self,
        layout: &BagLayout,
        prepared: &Prepared,
        bag: &BagInput,
    ) -> Result<Embeddings, CudaError> {
        let plan = self.forward_plan(prepared)?;
        let (driver, shape, n) = (&self.driver, layout.shape(), bag.sequences.len());
        let (values, starts) = (n * shape.embedding_dim(), n * shape.channels());
        let (mut out, mut windows) = (zeros(driver, values)?, zeros::<u16>(driver, starts)?);
        for_each_wave(driver, &mut self.resident, shape, &[*bag], &mut |wave| {
            let loaded = (&prepared.loaded, wave);
            driver.embeddings(&plan, loaded, (&mut out, &mut windows))
        })?;
        Ok(Embeddings {
            values: read(driver, &out, values)?,
            starts: read(driver, &windows, starts)?,
        })
    }
}

/// Vectors of `dim` floats, each in `stride`.
fn padded(values: &[f32], dim: usize, stride: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len() / dim * stride];
    for (out, values) in out.chunks_exact_mut(stride).zip(values.chunks_exact(dim)) {
        out[..dim].copy_from_slice(values);
    }
    out
}

/// What the sequences of each bag need of the whole bag: dz, then max, 1 / sum and `<dz, z>`.
fn upstream(layout: &BagLayout, plan: &Plan, pooled: &[Pooled], dz: &[f32]) -> Vec<f32> {
    let (heads, dim) = (layout.shape().heads, layout.shape().embedding_dim());
    let mut out = Vec::with_capacity(pooled.len() * upstream_floats(&plan.sizes));
    for (pooled, dz) in pooled.iter().zip(dz.chunks_exact(heads * dim)) {
        out.extend(padded(dz, dim, plan.sizes.dim_blocks as usize * WARP));
        let mut statistics = [0.0; 3 * HEADS];
        let vectors = dz.chunks_exact(dim).zip(pooled.z.chunks_exact(dim));
        for (h, (dz, z)) in vectors.enumerate() {
            statistics[h] = pooled.max[h];
            statistics[HEADS + h] = 1.0 / pooled.sum[h];
            let products = dz.iter().zip(z).map(|(&a, &b)| f64::from(a) * f64::from(b));
            statistics[2 * HEADS + h] = products.sum::<f64>() as f32;
        }
        out.extend(statistics);
    }
    out
}
