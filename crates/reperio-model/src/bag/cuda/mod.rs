//! The bag operation on a GPU, as kernels that the CUDA driver loads at run time.
//!
//! The program needs no CUDA to be built or to start: the driver's library is looked for when a [`Card`]
//! is opened. The kernels (`kernels/bag.cu`) stand beside the program that was compiled from them
//! (`bag.ptx`, by `ptx.sh`); the driver compiles that for the card at hand.
//!
//! # How it runs
//!
//! A bag is cut into parts by its size alone (`waves`). A block takes part after part, a warp of it eight
//! sequences at a time: the residues go to shared memory, a lane has one filter, so that one row of a
//! table is one conflict-free read; the key network has a lane an output and eight sequences in
//! registers; scores and softmax have four lanes a sequence. Each warp pools online, a block merges its
//! warps in order, and a last kernel the parts of a bag in order, in double.
//!
//! Backward follows every tile again. The gradient of a block has one warp and lane for every number, which
//! adds in a fixed order: the tap of a filter table belongs to a warp, the channel to a lane. The blocks'
//! gradients are summed in order. So there is no atomic addition, and the same call has the same bits on
//! the same card. Filters' values, keys and the choice of windows have the CPU's bits, because every sum runs in
//! its order; softmax and gradients agree to rounding.
//!
//! Repertoires stay in the GPU's memory while somebody holds them (`resident`); one that is too large
//! streams through in stretches.
//!
//! # Counted ceiling
//!
//! Shared memory serves one row of 32 floats a cycle and multiprocessor. For a sequence of 15 residues, 32
//! filters of 9 residues, two layers of 32, one head:
//!
//! | | rows |
//! |---|---|
//! | scan: 7 windows x 9 taps, 6 for the codes | 69 |
//! | key network: 2 layers x (32 rows of weights for 8 sequences + 8 broadcasts of 4 inputs) | 24 |
//! | results, scores, pooling | 10 |
//! | **forward** | **103** |
//! | forward again | 103 |
//! | key network backward: 2 layers x (12 for the inputs, 16 for the weights) | 56 |
//! | scatter: 9 taps x (value, window, code, read, write) | 45 |
//! | results, scores | 16 |
//! | **forward + backward** | **323** |
//!
//! At 132 multiprocessors and 1.7 GHz that is 2.2 x 10^9 sequences a second forward and 0.7 x 10^9 forward +
//! backward. Residues and other columns are 27 bytes a sequence: 59 GB/s, far from what the memory gives.
//! No GPU has run this yet: the figures are counted.

mod calls;
mod driver;
mod error;
mod gradient;
mod model;
mod plan;
mod resident;
mod sizes;
mod waves;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use cudarc::driver::CudaContext;

use super::position::PositionTerms;
use super::{BagInput, BagLayout, Embeddings, Pooled, SequenceScores, check};
use driver::{Driver, Loaded};
pub use error::CudaError;
use error::Doing;
use model::{Model, WARP};
use reperio_data::encode::MAX_LENGTH;
use resident::Resident;
use sizes::HEADS;
use waves::parts;

/// Floats of parts' results that may wait to be merged.
const PARTIALS: usize = 1 << 26;

/// A GPU and its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardInfo {
    /// Number of the GPU, from 0.
    pub ordinal: usize,
    /// Name that its driver gives.
    pub name: String,
    /// Memory in bytes.
    pub memory: u64,
}

/// The GPUs of this machine; none where no driver is installed.
///
/// # Errors
///
/// If there is a driver that does not answer.
pub fn cards() -> Result<Vec<CardInfo>, CudaError> {
    if !driver::is_present() {
        return Ok(Vec::new());
    }
    let count = CudaContext::device_count().doing("count the GPUs")?;
    let card = |ordinal: usize| {
        let context = CudaContext::new(ordinal).doing("open the GPU")?;
        let name = context.name().doing("ask the GPU")?;
        let memory = context.total_mem().doing("ask the GPU")? as u64;
        Ok(CardInfo { ordinal, name, memory })
    };
    (0..count as usize).map(card).collect()
}

/// A GPU with the kernels loaded. Calls from several threads take turns.
pub struct Card {
    info: CardInfo,
    work: Mutex<Work>,
    failed: AtomicBool,
}

struct Work {
    driver: Driver,
    resident: Resident,
}

/// What a call needs on the GPU before its first launch.
struct Prepared {
    model: Model,
    loaded: Loaded,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Card").field(&self.info).finish()
    }
}

impl Card {
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
        let info = CardInfo { ordinal, name: driver.name()?, memory: total as u64 };
        let resident = Resident::new(memory.unwrap_or(free / 4 * 3));
        Ok(Self {
            info,
            work: Mutex::new(Work { driver, resident }),
            failed: AtomicBool::new(false),
        })
    }

    /// Which GPU it is.
    pub fn info(&self) -> &CardInfo {
        &self.info
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

    /// [`forward`](super::forward) on the GPU.
    ///
    /// # Errors
    ///
    /// If the network is too large for the GPU, or the driver fails.
    ///
    /// # Panics
    ///
    /// As [`forward`](super::forward).
    pub fn forward(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
    ) -> Result<Vec<Pooled>, CudaError> {
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
                    slots += parts(bag.repertoire.len()).count();
                    slots * stride <= PARTIALS
                };
                let (group, others) = rest.split_at(rest.iter().take_while(fits).count().max(1));
                pooled.extend(work.pool(layout, &prepared, group)?);
                rest = others;
            }
            Ok(pooled)
        })
    }

    /// [`backward`](super::backward) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`backward`](super::backward).
    pub fn backward(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
        (pooled, dz): (&[Pooled], &[f32]),
    ) -> Result<Vec<f32>, CudaError> {
        check(layout, params, bags);
        let size = layout.shape().heads * layout.shape().embedding_dim();
        let expected = (bags.len(), bags.len() * size);
        assert_eq!((pooled.len(), dz.len()), expected, "pooled bags and gradients (B, H, D)");
        self.with(|work| {
            let prepared = work.prepare(layout, params, bags)?;
            work.pull(layout, &prepared, bags, (pooled, dz))
        })
    }

    /// [`sequences`](super::sequences) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`sequences`](super::sequences).
    pub fn sequences(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bag: &BagInput,
        (pooled, head): (&Pooled, &[f32]),
    ) -> Result<SequenceScores, CudaError> {
        check(layout, params, &[*bag]);
        let size = layout.shape().heads * layout.shape().embedding_dim();
        assert_eq!(head.len() % size, 0, "a head of {} values, expected (T, H, D)", head.len());
        self.with(|work| {
            let prepared = work.prepare(layout, params, &[*bag])?;
            work.describe(layout, &prepared, bag, (pooled, head))
        })
    }

    /// [`embeddings`](super::embeddings) on the GPU.
    ///
    /// # Errors
    ///
    /// As [`Self::forward`].
    ///
    /// # Panics
    ///
    /// As [`embeddings`](super::embeddings).
    pub fn embeddings(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bag: &BagInput,
    ) -> Result<Embeddings, CudaError> {
        check(layout, params, &[*bag]);
        self.with(|work| {
            let prepared = work.prepare(layout, params, &[*bag])?;
            work.embed(layout, &prepared, bag)
        })
    }
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
