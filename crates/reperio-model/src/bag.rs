//! The bag operation of [`reperio_bag`] over encoded repertoires, and as a candle operation: flat parameters in,
//! z out, repertoires riding inside.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use reperio_data::encode::EncodedRepertoire;

pub use reperio_bag::*;

// Every sequence that can be encoded can be pooled.
const _: () = assert!(reperio_data::encode::MAX_LENGTH <= MAX_LENGTH);

/// A repertoire that rides inside a [`BagOp`]; the other fields are those of [`BagInput`].
#[derive(Clone, Debug)]
pub struct Bag {
    /// Its sequences.
    pub repertoire: Arc<EncodedRepertoire>,
    /// Factor of the filters' windows.
    pub input_scale: f32,
    /// Length to which sequences are zero-padded.
    pub padded_length: usize,
}

impl Bag {
    /// The view that the operation reads.
    pub fn input(&self) -> BagInput<'_> {
        let repertoire = &*self.repertoire;
        BagInput {
            sequences: Sequences {
                residues: repertoire.residues(),
                offsets: repertoire.offsets(),
                v: repertoire.v(),
                j: repertoire.j(),
                log_counts: repertoire.log_counts(),
                max_length: repertoire.max_length(),
                identity: repertoire.identity(),
            },
            input_scale: self.input_scale,
            padded_length: self.padded_length,
        }
    }
}

/// Pools B repertoires: flat parameters (P) -> z (B, H, D), with exact gradients.
pub struct BagOp {
    layout: Arc<BagLayout>,
    bags: Vec<Bag>,
    device: Device,
    /// Softmax statistics of the forward pass, which the backward pass needs. candle's graph keeps the
    /// very value that ran forward.
    pooled: Mutex<Option<Vec<Pooled>>>,
}

impl BagOp {
    /// An operation over `bags`, on the CPU.
    pub fn new(layout: Arc<BagLayout>, bags: Vec<Bag>) -> Self {
        Self { layout, bags, device: Device::Cpu, pooled: Mutex::new(None) }
    }

    /// The same on `device`; tensors stay where they are.
    pub fn on(self, device: Device) -> Self {
        Self { device, ..self }
    }

    fn inputs(&self) -> Vec<BagInput<'_>> {
        self.bags.iter().map(Bag::input).collect()
    }
}

/// Applies `op` to the flat parameters.
///
/// # Shapes
///
/// - `params`: `(P,)`, f32
/// - returns: `(B, H, D)`
///
/// # Errors
///
/// If `params` does not fit the layout of `op`.
pub fn bag(params: &Tensor, op: BagOp) -> Result<Tensor> {
    params.apply_op1(op)
}

impl CustomOp1 for BagOp {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let expected = self.layout.len();
        if layout.shape().dims() != [expected] {
            bail!("bag: params {:?}; expected ({expected},)", layout.shape());
        }
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("bag: params {:?} are strided; expected contiguous", layout.shape());
        };
        let params = &storage.as_slice::<f32>()?[start..end];
        let pooled = self.device.forward(&self.layout, params, &self.inputs());
        let z: Vec<f32> = pooled.iter().flat_map(|bag| bag.z.iter().copied()).collect();
        *self.pooled.lock().unwrap_or_else(PoisonError::into_inner) = Some(pooled);
        let sizes = self.layout.shape();
        let shape = Shape::from((self.bags.len(), sizes.heads, sizes.embedding_dim()));
        Ok((CpuStorage::F32(z), shape))
    }

    fn bwd(&self, params: &Tensor, z: &Tensor, dz: &Tensor) -> Result<Option<Tensor>> {
        if dz.dims() != z.dims() {
            bail!("bag: gradient {:?}; expected {:?}", dz.shape(), z.shape());
        }
        let values = params.contiguous()?.to_vec1::<f32>()?;
        let dz = dz.flatten_all()?.to_vec1::<f32>()?;
        let pooled = self.pooled.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pooled) = pooled.as_ref() else {
            bail!("bag: backward before forward");
        };
        let gradient = self.device.backward(&self.layout, &values, &self.inputs(), (pooled, &dz));
        Ok(Some(Tensor::from_vec(gradient, self.layout.len(), params.device())?))
    }
}
