//! A GPU: the operation's calls, one at a time.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cudarc::driver::CudaContext;

use super::super::{
    BagInput, BagLayout, BagShape, Embeddings, MAX_LENGTH, Pooled, PositionTerms, SequenceScores,
    check, check_pooled,
};
use super::GpuInfo;
use super::driver::{self, Driver};
use super::error::{CudaError, Doing};
use super::launch::Loaded;
use super::model::{PackedModel, WARP};
use super::resident::Resident;
use super::sizes::HEADS;
use super::waves::parts;

/// Floats of parts' results that may wait to be merged.
const PARTIALS: usize = 1 << 26;

/// A GPU with the kernels loaded. Calls from several threads take turns.
pub struct Gpu {
    info: GpuInfo,
    work: Mutex<Work>,
    failed: AtomicBool,
}

pub(super) struct Work {
    pub(super) driver: Driver,
    pub(super) resident: Resident,
}

/// What a call needs on the GPU before its first launch.
pub(super) struct Prepared {
    pub(super) model: PackedModel,
    pub(super) loaded: Loaded,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gpu").field(&self.info).finish()
    }
}

impl Gpu {
    /// Opens GPU `ordinal`.
    ///
    /// # Errors
    ///
    /// If there is no driver or no such GPU, it is too old, or does not load the kernels.
    pub fn open(ordinal: usize) -> Result<Self, CudaError> {
        Self::open_with(ordinal, None)
    }

    /// [`Self::open`] with room for `memory` bytes of repertoires instead of three quarters of what is
    /// free.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_with(ordinal: usize, memory: Option<usize>) -> Result<Self, CudaError> {
        if !driver::is_present() {
            return Err(CudaError::NoDriver);
        }
        let found = CudaContext::device_count().doing("count the GPUs")? as usize;
        if ordinal >= found {
            return Err(CudaError::NoDevice { ordinal, found });
        }
        let driver = Driver::open(ordinal, &deeprc_channels())?;
        let (free, total) = driver.memory()?;
        let info = GpuInfo { ordinal, name: driver.name()?, memory: total as u64 };
        let resident = Resident::new(memory.unwrap_or(free / 4 * 3));
        Ok(Self {
            info,
            work: Mutex::new(Work { driver, resident }),
            failed: AtomicBool::new(false),
        })
    }

    /// Which GPU it is.
    pub fn info(&self) -> &GpuInfo {
        &self.info
    }

    /// What `work` returns, and the time that passed on the GPU between events before and after it.
    ///
    /// # Errors
    ///
    /// If the driver fails.
    pub fn timed<T>(&self, work: impl FnOnce() -> T) -> Result<(T, Duration), CudaError> {
        let event = || self.with(|work| work.driver.event());
        let start = event()?;
        let result = work();
        let milliseconds = start.elapsed_ms(&event()?).doing("take the time")?;
        Ok((result, Duration::from_secs_f64(f64::from(milliseconds) / 1e3)))
    }

    /// Rows of 32 floats that shared memory serves in a second at the GPU's highest clock; what a sequence needs of
    /// them gives the counted ceiling.
    ///
    /// # Errors
    ///
    /// If the driver fails.
    pub fn rows_per_second(&self) -> Result<f64, CudaError> {
        self.with(|work| work.driver.rows_per_second())
    }

    /// Runs `work` while no other thread does; a GPU that failed once is not asked again.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Work) -> Result<T, CudaError>,
    ) -> Result<T, CudaError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(CudaError::Failed);
        }
        let result = work(&mut self.work.lock().unwrap_or_else(PoisonError::into_inner));
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// [`forward`](crate::forward) on the GPU.
    ///
    /// # Errors
    ///
    /// If the network is too large for the GPU or has an LSTM, or the driver fails.
    ///
    /// # Panics
    ///
    /// As [`forward`](crate::forward).
    pub fn forward(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
    ) -> Result<Vec<Pooled>, CudaError> {
        knows(layout.shape())?;
        check(layout, params, bags);
        self.with(|work| {
            let prepared = work.prepare(layout, params, bags)?;
            let stride =
                2 * HEADS + layout.shape().heads * prepared.model.sizes.dim_blocks as usize * WARP;
            let mut pooled = Vec::with_capacity(bags.len());
            let mut rest = bags;
            while !rest.is_empty() {
                let mut slots = 0;
                let fits = |bag: &&BagInput| {
                    slots += parts(bag.sequences.len()).count();
                    slots * stride <= PARTIALS
                };
                let (group, others) = rest.split_at(rest.iter().take_while(fits).count().max(1));
                pooled.extend(work.pool(layout, &prepared, group)?);
                rest = others;
            }
            Ok(pooled)
        })
    }

    /// [`backward`](crate::backward) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`backward`](crate::backward).
    pub fn backward(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
        (pooled, dz): (&[Pooled], &[f32]),
    ) -> Result<Vec<f32>, CudaError> {
        knows(layout.shape())?;
        check(layout, params, bags);
        let size = layout.shape().heads * layout.shape().embedding_dim();
        let expected = (bags.len(), bags.len() * size);
        assert_eq!((pooled.len(), dz.len()), expected, "pooled bags and gradients (B, H, D)");
        for pooled in pooled {
            check_pooled(layout.shape(), pooled);
        }
        self.with(|work| {
            let prepared = work.prepare(layout, params, bags)?;
            work.pull(layout, &prepared, bags, (pooled, dz))
        })
    }

    /// [`sequences`](crate::sequences) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`sequences`](crate::sequences).
    pub fn sequences(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bag: &BagInput,
        (pooled, head): (&Pooled, &[f32]),
    ) -> Result<SequenceScores, CudaError> {
        knows(layout.shape())?;
        check(layout, params, &[*bag]);
        let size = layout.shape().heads * layout.shape().embedding_dim();
        assert_eq!(head.len() % size, 0, "a head of {} values, expected (T, H, D)", head.len());
        check_pooled(layout.shape(), pooled);
        self.with(|work| {
            let prepared = work.prepare(layout, params, &[*bag])?;
            work.describe(layout, &prepared, bag, (pooled, head))
        })
    }

    /// [`embeddings`](crate::embeddings) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`embeddings`](crate::embeddings).
    pub fn embeddings(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bag: &BagInput,
    ) -> Result<Embeddings, CudaError> {
        knows(layout.shape())?;
        check(layout, params, &[*bag]);
        self.with(|work| {
            let prepared = work.prepare(layout, params, &[*bag])?;
            work.embed(layout, &prepared, bag)
        })
    }
}

/// Checks that the kernels have what a network of `shape` is made of.
///
/// # Errors
///
/// If it has an LSTM.
pub(crate) fn knows(shape: &BagShape) -> Result<(), CudaError> {
    if shape.lstm_units > 0 { Err(CudaError::Lstm) } else { Ok(()) }
}

/// Start (or end) and centre channel of `DeepRC` at each residue of sequences of every length.
fn deeprc_channels() -> Vec<f32> {
    let residues = (1..=MAX_LENGTH).flat_map(|length| (0..length).map(move |q| (length, q)));
    let channels = residues.flat_map(|(length, q)| {
        let basis = PositionTerms::DeepRc.basis(1, length, q);
        [(basis[0] + basis[1]) as f32, basis[2] as f32]
    });
    channels.collect()
}
