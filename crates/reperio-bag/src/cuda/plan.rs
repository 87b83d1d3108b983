//! How a kernel's block is cut to the shared memory of a GPU.

use super::model::WARP;
use super::sizes::{HEADS, MODEL_AT, Sizes, TILE};

/// What a GPU offers to one block and to one multiprocessor, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SharedMemory {
    pub(super) block: usize,
    pub(super) multiprocessor: usize,
}

/// What the system keeps of each block's shared memory, in bytes.
const RESERVED: usize = 1024;

/// Blocks of one kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    /// Whether the model (and the gradient) is in shared memory.
    pub(super) staged: bool,
    pub(super) warps: usize,
    /// Shared memory of a block, in bytes.
    pub(super) bytes: usize,
    /// Sizes with the places in shared memory.
    pub(super) sizes: Sizes,
}

impl Plan {
    pub(super) fn threads(&self) -> u32 {
        (self.warps * WARP) as u32
    }

    /// Blocks for kernels that pool or describe.
    pub(super) fn forward(sizes: &Sizes, shared: SharedMemory) -> Option<Self> {
        best(sizes, shared, 32, forward)
    }

    /// Blocks for the gradient.
    pub(super) fn backward(sizes: &Sizes, shared: SharedMemory) -> Option<Self> {
        best(sizes, shared, 16, backward)
    }
}

/// The plan that keeps most warps busy on a multiprocessor, up to `most`, which its registers hold; a
/// model in shared memory is worth three times the warps. `None` if nothing fits.
fn best(
    sizes: &Sizes,
    shared: SharedMemory,
    most: usize,
    plan: fn(&Sizes, bool, usize) -> Plan,
) -> Option<Plan> {
    let mut best: Option<(usize, Plan)> = None;
    for staged in [true, false] {
        for warps in [8, 16, 12, 10, 6, 4, 2, 1] {
            let plan = plan(sizes, staged, warps);
            if plan.bytes > shared.block {
                continue;
            }
            let blocks = shared.multiprocessor / (plan.bytes + RESERVED);
            let busy = (blocks * warps).min(most).max(warps) * if staged { 3 } else { 1 };
            if best.as_ref().is_none_or(|&(found, _)| busy > found) {
                best = Some((busy, plan));
            }
        }
    }
    best.map(|(_, plan)| plan)
}

/// Places arrays of shared memory, each at a multiple of four floats.
struct Cursor(usize);

impl Cursor {
    fn place(&mut self, floats: usize) -> i32 {
        self.0 += floats.next_multiple_of(4);
        super::sizes::int(self.0 - floats.next_multiple_of(4))
    }
}

fn forward(sizes: &Sizes, staged: bool, warps: usize) -> Plan {
    let mut sizes = *sizes;
    let at = |size: i32| size as usize;
    let floats = TILE * at(sizes.dim_stride)
        + 2 * TILE * at(sizes.width_stride)
        + at(sizes.heads) * (TILE + at(sizes.dim_blocks) * WARP)
        + 3 * HEADS
        + TILE * (at(sizes.code_stride) + at(sizes.slabs) * WARP) / 4;
    let mut cursor = Cursor(MODEL_AT + if staged { at(sizes.staged) } else { 0 });
    sizes.warp_floats = super::sizes::int(floats.next_multiple_of(4));
    sizes.scratch = cursor.place(warps * at(sizes.warp_floats));
    Plan { staged, warps, bytes: 4 * cursor.0, sizes }
}

fn backward(sizes: &Sizes, staged: bool, warps: usize) -> Plan {
    let mut sizes = *sizes;
    let at = |size: i32| size as usize;
    let n = warps * TILE;
    let mut cursor = Cursor(MODEL_AT + if staged { at(sizes.staged) } else { 0 });
    sizes.gradient = if staged { cursor.place(at(sizes.d_len)) } else { -1 };
    sizes.dz = cursor.place(upstream_floats(&sizes));
    let query = at(sizes.heads) * at(sizes.width_blocks) * WARP + HEADS;
    sizes.warp_query = cursor.place(warps * query);
    sizes.scratch = cursor.place(
        n * (at(sizes.dim_stride) + at(sizes.layers) * at(sizes.width_stride) + 2 * HEADS + 4)
            + n * (at(sizes.code_stride) + at(sizes.slabs) * WARP) / 4,
    );
    Plan { staged, warps, bytes: 4 * cursor.0, sizes }
}

/// Floats that the gradient needs to know of a whole bag: dz, then max, 1 / sum and `<dz, z>`.
pub(super) fn upstream_floats(sizes: &Sizes) -> usize {
    sizes.heads as usize * sizes.dim_blocks as usize * WARP + 3 * HEADS
}
