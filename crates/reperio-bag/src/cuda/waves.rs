//! How a call is cut into launches: parts of bags by their size alone, and as many bags at once as the
//! GPU's memory holds.

use std::ops::Range;
use std::sync::Arc;

use super::super::{BagInput, BagShape, Sequences};
use super::driver::Driver;
use super::error::{CudaError, Doing};
use super::launch::Wave;
use super::resident::{Columns, Resident, bytes};
use super::sizes::{BagData, Part, int};

/// Parts of a bag, at most, and the sequences of which a part's size is a multiple.
const MAX_PARTS: usize = 256;
const PART: usize = 128;

/// The parts of `n` sequences. They depend on nothing else, so a bag pools to the same bits alone and
/// among others.
pub(super) fn parts(n: usize) -> impl Iterator<Item = Range<usize>> {
    let size = n.div_ceil(MAX_PARTS).next_multiple_of(PART).max(PART);
    (0..n).step_by(size).map(move |start| start..n.min(start + size))
}

/// A launch in the making.
struct Draft {
    data: Vec<BagData>,
    parts: Vec<Part>,
    /// Kept until the launch is under way; the stream frees memory in its order.
    columns: Vec<Arc<Columns>>,
    start: u64,
}

impl Draft {
    fn new(resident: &mut Resident) -> Self {
        Self { data: vec![], parts: vec![], columns: vec![], start: resident.start() }
    }

    /// Adds `parts` of a bag, whose first sequence on the GPU is `first`; `slot` is that of their first.
    fn add(&mut self, data: BagData, parts: &[Range<usize>], (first, slot): (usize, usize)) {
        let place = self.data.len() as u32;
        self.data.push(BagData { row: first as u32, ..data });
        self.parts.extend(parts.iter().enumerate().map(|(k, part)| Part {
            data: place,
            start: (part.start - first) as u32,
            end: (part.end - first) as u32,
            slot: (slot + k) as u32,
        }));
    }

    fn launch(
        self,
        driver: &Driver,
        run: &mut dyn FnMut(&Wave) -> Result<(), CudaError>,
    ) -> Result<(), CudaError> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let doing = "copy the work to the GPU";
        run(&Wave {
            data: driver.stream.clone_htod(&self.data).doing(doing)?,
            parts: driver.stream.clone_htod(&self.parts).doing(doing)?,
            n_parts: int(self.parts.len()),
        })
    }
}

/// Calls `run` for launches that together have every part of `bags`, in order; slots count the parts. Whatever a
/// kernel reads of a bag has been checked, against the vocabulary of `shape` too.
pub(super) fn for_each_wave(
    driver: &Driver,
    resident: &mut Resident,
    shape: &BagShape,
    bags: &[BagInput],
    run: &mut dyn FnMut(&Wave) -> Result<(), CudaError>,
) -> Result<(), CudaError> {
    let (mut draft, mut slot) = (Draft::new(resident), 0);
    for (b, bag) in bags.iter().enumerate().filter(|(_, bag)| !bag.sequences.is_empty()) {
        let parts: Vec<Range<usize>> = parts(bag.sequences.len()).collect();
        let of_bag = |columns: &Columns| {
            let padding = (bag.input_scale, int(bag.padded_length));
            columns.data(&driver.stream, b as u32, padding)
        };
        let mut columns = resident.columns(&driver.stream, &bag.sequences, draft.start)?;
        if columns.is_none() {
            std::mem::replace(&mut draft, Draft::new(resident)).launch(driver, run)?;
            draft.start = resident.start();
            columns = resident.columns(&driver.stream, &bag.sequences, draft.start)?;
        }
        let max_length = bag.sequences.max_length;
        if let Some(columns) = columns {
            columns.check(shape, (bag.sequences.len(), max_length));
            draft.add(of_bag(&columns), &parts, (0, slot));
            draft.columns.push(columns);
        } else {
            let limit = resident.budget() / 4;
            for stretch in stretches(&bag.sequences, &parts, limit) {
                let range = parts[stretch.start].start..parts[stretch.end - 1].end;
                resident.make_room(bytes(&bag.sequences, &range), draft.start);
                let columns = Columns::upload(&driver.stream, &bag.sequences, &range)?;
                columns.check(shape, (range.len(), max_length));
                draft.add(
                    of_bag(&columns),
                    &parts[stretch.clone()],
                    (range.start, slot + stretch.start),
                );
                draft.columns.push(Arc::new(columns));
                std::mem::replace(&mut draft, Draft::new(resident)).launch(driver, run)?;
            }
        }
        slot += parts.len();
    }
    draft.launch(driver, run)
}

/// Runs of parts of at most `limit` bytes, or of one part.
fn stretches(sequences: &Sequences, parts: &[Range<usize>], limit: usize) -> Vec<Range<usize>> {
    let (mut stretches, mut first) = (Vec::new(), 0);
    for k in 1..=parts.len() {
        let whole = k == parts.len();
        if whole || bytes(sequences, &(parts[first].start..parts[k].end)) > limit {
            stretches.push(first..k);
            first = k;
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_sequence_once_and_are_few() {
        for n in [0, 1, 127, 128, 129, 5000, 32768, 32769, 1_000_000] {
            let all: Vec<_> = parts(n).collect();
            assert!(all.len() <= MAX_PARTS, "{n}");
            assert_eq!(all.last().map_or(0, |part| part.end), n);
            assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start), "{n}");
        }
    }
}
