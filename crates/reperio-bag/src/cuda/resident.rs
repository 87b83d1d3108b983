//! Repertoires in the GPU's memory: they stay there as long as somebody holds their token and room is left.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use cudarc::driver::{CudaSlice, CudaStream, DevicePtr};

use super::super::{BagShape, Sequences, check_genes};
use super::error::{CudaError, Doing};
use super::sizes::BagData;

/// The columns of a repertoire, or of a stretch of one.
pub(super) struct Columns {
    residues: CudaSlice<u8>,
    offsets: CudaSlice<u32>,
    v: CudaSlice<u16>,
    j: CudaSlice<u16>,
    log_counts: CudaSlice<f32>,
    first_residue: u32,
    /// What was checked: sequences, residues of the longest, and the largest V and J gene.
    len: usize,
    max_length: usize,
    largest_genes: [usize; 2],
}

/// Bytes of the sequences `range`.
pub(super) fn bytes(sequences: &Sequences, range: &Range<usize>) -> usize {
    let offsets = sequences.offsets;
    (offsets[range.end] - offsets[range.start]) as usize + 12 * range.len() + 4
}

impl Columns {
    /// Checks the sequences `range` and copies them.
    pub(super) fn upload(
        stream: &Arc<CudaStream>,
        sequences: &Sequences,
        range: &Range<usize>,
    ) -> Result<Self, CudaError> {
        let doing = "copy a repertoire to the GPU";
        sequences.check_values(range);
        let offsets = &sequences.offsets[range.start..=range.end];
        let residues = offsets[0] as usize..offsets[range.len()] as usize;
        Ok(Self {
            residues: stream.clone_htod(&sequences.residues[residues]).doing(doing)?,
            offsets: stream.clone_htod(offsets).doing(doing)?,
            v: stream.clone_htod(&sequences.v[range.clone()]).doing(doing)?,
            j: stream.clone_htod(&sequences.j[range.clone()]).doing(doing)?,
            log_counts: stream.clone_htod(&sequences.log_counts[range.clone()]).doing(doing)?,
            first_residue: offsets[0],
            len: range.len(),
            max_length: sequences.max_length,
            largest_genes: sequences.largest_genes(range),
        })
    }

    /// Checks that these are `len` sequences of up to `max_length` residues, with genes of the vocabulary of `shape`:
    /// what the memory of a launch is made for.
    ///
    /// # Panics
    ///
    /// Otherwise; columns of another length were copied for other sequences with the same token.
    pub(super) fn check(&self, shape: &BagShape, (len, max_length): (usize, usize)) {
        let known = (self.len, self.max_length);
        assert_eq!((len, max_length), known, "sequences of one token, and residues of the longest");
        check_genes(shape, self.largest_genes);
    }

    /// Where the columns are, as part of bag `bag`.
    pub(super) fn data(
        &self,
        stream: &CudaStream,
        bag: u32,
        (scale, padded_length): (f32, i32),
    ) -> BagData {
        BagData {
            residues: self.residues.device_ptr(stream).0,
            offsets: self.offsets.device_ptr(stream).0,
            v: self.v.device_ptr(stream).0,
            j: self.j.device_ptr(stream).0,
            log_counts: self.log_counts.device_ptr(stream).0,
            first_residue: self.first_residue,
            bag,
            row: 0,
            scale,
            padded_length,
            reserved: 0,
        }
    }
}

/// A resident repertoire.
struct Entry {
    /// Gone once nobody holds the repertoire.
    holder: Weak<()>,
    columns: Arc<Columns>,
    bytes: usize,
    /// When it was last asked for.
    used: u64,
}

/// All resident repertoires, by the address of their identity, which cannot be given out again while
/// the entry's `Weak` lives.
pub(super) struct Resident {
    entries: BTreeMap<usize, Entry>,
    /// Bytes that may be held, and are.
    budget: usize,
    held: usize,
    clock: u64,
}

impl Resident {
    pub(super) fn new(budget: usize) -> Self {
        Self { entries: BTreeMap::new(), budget, held: 0, clock: 0 }
    }

    /// Bytes that may be held.
    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    /// Starts a launch, for which nothing may be dropped that is asked for from now on; forgets
    /// repertoires that nobody holds any more.
    pub(super) fn start(&mut self) -> u64 {
        let held = &mut self.held;
        self.entries.retain(|_, entry| {
            let keeps = entry.holder.strong_count() > 0;
            *held -= if keeps { 0 } else { entry.bytes };
            keeps
        });
        self.clock += 1;
        self.clock
    }

    /// The columns of `sequences`, copied if they are not there yet; `None` if they do not fit beside
    /// those asked for since `start`.
    pub(super) fn columns(
        &mut self,
        stream: &Arc<CudaStream>,
        sequences: &Sequences,
        start: u64,
    ) -> Result<Option<Arc<Columns>>, CudaError> {
        let key = Arc::as_ptr(sequences.identity).addr();
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.used = self.clock;
            return Ok(Some(Arc::clone(&entry.columns)));
        }
        let all = 0..sequences.len();
        let bytes = bytes(sequences, &all);
        if !self.make_room(bytes, start) {
            return Ok(None);
        }
        let columns = Arc::new(Columns::upload(stream, sequences, &all)?);
        let entry = Entry {
            holder: Arc::downgrade(sequences.identity),
            columns: Arc::clone(&columns),
            bytes,
            used: self.clock,
        };
        self.entries.insert(key, entry);
        self.held += bytes;
        Ok(Some(columns))
    }

    /// Drops the longest unused repertoires until `bytes` fit; false if only those asked for since
    /// `start` are left.
    pub(super) fn make_room(&mut self, bytes: usize, start: u64) -> bool {
        while self.held + bytes > self.budget {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some((&key, _)) = oldest.filter(|(_, entry)| entry.used < start) else {
                return false;
            };
            self.held -= self.entries.remove(&key).map_or(0, |entry| entry.bytes);
        }
        true
    }
}
