//! Motif scan: every filter over every window, and its gradient.
//!
//! A convolution over one-hot residues is a sum of table rows: W[t][x_{p+t}] over the taps t. The maximum
//! over the windows comes first and SELU, which is monotone, once after it.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "kernels are inlined where instructions are enabled, and index fixed blocks"
)]

use super::BagInput;
use super::chunk::{Codes, Operation};
use super::lanes::{InstructionSet, Row, Task, Vectors, dispatch};
use super::math::{selu, selu_slope};
use super::pack::{CODES, Slab};
use super::shape::{MAX_WIDTH, Windows};
use super::starts::WindowIndex;

/// A slab of filters laid on one chunk of a bag.
#[derive(Clone, Copy)]
pub(super) struct Laid<'a> {
    slab: &'a Slab,
    index: &'a WindowIndex,
    codes: &'a Codes,
    rule: Windows,
    scale: f32,
    padded_length: usize,
    /// Lane rows of an embedding.
    embed_rows: usize,
}

/// What competes for the maximum of one sequence.
struct Competition<'a> {
    /// Residue codes, padding after them.
    codes: &'a [u8],
    /// Windows that start inside the sequence.
    windows: usize,
    /// Whether a window wholly in the padding, of value 0, competes too.
    beyond: bool,
    /// First of the windows in the start table.
    first: usize,
}

impl<'a> Laid<'a> {
    /// `slab` on the sequences `codes` of `bag`.
    pub(super) fn new(op: Operation<'a>, slab: &'a Slab, codes: &'a Codes, bag: &BagInput) -> Self {
        Self {
            slab,
            index: &op.packed.windows[slab.group],
            codes,
            rule: op.shape.windows,
            scale: bag.input_scale,
            padded_length: bag.padded_length,
            embed_rows: op.packed.embed_rows,
        }
    }

    #[inline(always)]
    fn competition(&self, i: usize) -> Competition<'a> {
        let (width, length) = (self.slab.width, self.codes.lengths[i]);
        let (windows, beyond) = match self.rule {
            Windows::Full => (length.max(width) - width + 1, false),
            Windows::Padded => {
                let all = self.padded_length - width + 1;
                (length.min(all), length < all)
            }
        };
        let at = self.codes.at[i];
        let codes = &self.codes.residues[at..at + length + MAX_WIDTH - 1];
        Competition { codes, windows, beyond, first: self.index.first(length) }
    }
}

/// Writes the slab's part of each embedding, and with `ARGS` each filter's first maximal window.
struct Scan<'a, const K: usize, const B: usize, const ARGS: bool> {
    laid: Laid<'a>,
    embed: &'a mut [Row],
    args: &'a mut [Row],
}

impl<const K: usize, const B: usize, const ARGS: bool> Task for Scan<'_, K, B, ARGS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let slab = self.laid.slab;
        let table = taps::<K, B>(&slab.table);
        let starts = slab.starts.as_chunks::<B>().0;
        let scale = simd.splat(self.laid.scale);
        for i in 0..self.laid.codes.lengths.len() {
            let on = self.laid.competition(i);
            let factor = simd.splat(self.laid.codes.factors[i]);
            let mut best = [simd.splat(f32::NEG_INFINITY); B];
            let mut arg = [simd.splat(0.0); B];
            let mut p = simd.splat(0.0);
            let starts = &starts[on.first..on.first + on.windows];
            for (codes, start) in on.codes.windows(K).zip(starts) {
                let value = window::<S, K, B>(simd, table, codes, start, factor);
                compete::<S, B, ARGS>(simd, value, p, (&mut best, &mut arg));
                if ARGS {
                    p = simd.add(p, simd.splat(1.0));
                }
            }
            if on.beyond {
                let p = simd.splat(self.laid.codes.lengths[i] as f32);
                compete::<S, B, ARGS>(simd, [simd.splat(0.0); B], p, (&mut best, &mut arg));
            }
            let at = i * self.laid.embed_rows + slab.embed_row;
            for b in 0..B {
                let m = simd.fma(best[b], scale, simd.load(&slab.bias[b]));
                simd.store(selu(simd, m), &mut self.embed[at + b]);
                if ARGS {
                    simd.store(arg[b], &mut self.args[at + b]);
                }
            }
        }
    }
}

/// The table as (K, 21, B) rows, so that only a residue code is checked when it is read.
#[inline(always)]
fn taps<const K: usize, const B: usize>(table: &[Row]) -> &[[[Row; B]; CODES]; K] {
    let taps = table.as_chunks::<B>().0.as_chunks::<CODES>().0;
    taps.first_chunk().expect("a slab's table has a part for each tap")
}

/// Value of one window: `start + factor * sum_t W[t][code_t]`.
#[inline(always)]
fn window<S: Vectors, const K: usize, const B: usize>(
    simd: S,
    table: &[[[Row; B]; CODES]; K],
    codes: &[u8],
    start: &[Row; B],
    factor: S::V,
) -> [S::V; B] {
    let mut sums = [simd.splat(0.0); B];
    for t in 0..K {
        let taps = &table[t][usize::from(codes[t])];
        for b in 0..B {
            let tap = simd.load(&taps[b]);
            sums[b] = if t == 0 { tap } else { simd.add(sums[b], tap) };
        }
    }
    for b in 0..B {
        sums[b] = simd.fma(factor, sums[b], simd.load(&start[b]));
    }
    sums
}

#[inline(always)]
fn compete<S: Vectors, const B: usize, const ARGS: bool>(
    simd: S,
    value: [S::V; B],
    p: S::V,
    (best, arg): (&mut [S::V; B], &mut [S::V; B]),
) {
    for b in 0..B {
        if ARGS {
            let better = simd.gt(value[b], best[b]);
            arg[b] = simd.select(better, p, arg[b]);
        }
        best[b] = simd.max(value[b], best[b]);
    }
}

/// Adds the gradients of a slab's table, bias and start table.
struct Scatter<'a, const K: usize, const B: usize> {
    laid: Laid<'a>,
    embed: &'a [Row],
    args: &'a [Row],
    dembed: &'a [Row],
    dtable: &'a mut [Row],
    dbias: &'a mut [Row],
    dstarts: &'a mut [Row],
}

impl<const K: usize, const B: usize> Task for Scatter<'_, K, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let taps = self.dtable.as_chunks_mut::<B>().0.as_chunks_mut::<CODES>().0;
        let dtable: &mut [[[Row; B]; CODES]; K] =
            taps.first_chunk_mut().expect("a slab's table has a part for each tap");
        let dstarts = self.dstarts.as_chunks_mut::<B>().0;
        let with_starts = self.laid.index.terms > 0;
        let scale = simd.splat(self.laid.scale);
        let mut dbias = [simd.splat(0.0); B];
        for i in 0..self.laid.codes.lengths.len() {
            let on = self.laid.competition(i);
            let factor = simd.splat(self.laid.codes.factors[i]);
            let at = i * self.laid.embed_rows + self.laid.slab.embed_row;
            let (mut dvalue, mut args) = ([simd.splat(0.0); B], [simd.splat(0.0); B]);
            for b in 0..B {
                let slope = selu_slope(simd, simd.load(&self.embed[at + b]));
                let dm = simd.mul(simd.load(&self.dembed[at + b]), slope);
                dbias[b] = simd.add(dbias[b], dm);
                dvalue[b] = simd.mul(dm, scale);
                args[b] = simd.load(&self.args[at + b]);
            }
            let mut p = simd.splat(-1.0);
            for (w, codes) in on.codes.windows(K).take(on.windows).enumerate() {
                p = simd.add(p, simd.splat(1.0));
                let mut any = 0;
                let mut here = [simd.splat(0.0); B];
                for b in 0..B {
                    let mask = simd.eq(args[b], p);
                    any |= simd.bits(mask);
                    here[b] = simd.select(mask, dvalue[b], simd.splat(0.0));
                }
                if any == 0 {
                    continue;
                }
                if with_starts {
                    add_to(simd, &mut dstarts[on.first + w], here);
                }
                for b in 0..B {
                    here[b] = simd.mul(here[b], factor);
                }
                for t in 0..K {
                    add_to(simd, &mut dtable[t][usize::from(codes[t])], here);
                }
            }
        }
        for b in 0..B {
            let out = &mut self.dbias[b];
            simd.store(simd.add(simd.load(out), dbias[b]), out);
        }
    }
}

#[inline(always)]
fn add_to<S: Vectors, const B: usize>(simd: S, rows: &mut [Row; B], values: [S::V; B]) {
    for b in 0..B {
        simd.store(simd.add(simd.load(&rows[b]), values[b]), &mut rows[b]);
    }
}

/// Calls `$function` with the width and the lane rows of `$slab` as constants.
macro_rules! with_sizes {
    ($slab:expr, $function:ident($($argument:expr),*)) => {
        with_sizes!(@widths $slab, $function($($argument),*), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@widths $slab:expr, $function:ident $arguments:tt, $($width:literal)*) => {
        match ($slab.width, $slab.rows) {
            $(
                ($width, 1) => with_sizes!(@call $function, $width, 1, $arguments),
                ($width, _) => with_sizes!(@call $function, $width, 2, $arguments),
            )*
            (width, _) => unreachable!("a layout has widths up to {MAX_WIDTH}, not {width}"),
        }
    };
    (@call $function:ident, $width:literal, $rows:literal, ($($argument:expr),*)) => {
        $function::<$width, $rows>($($argument),*)
    };
}

/// Scans a slab over its chunk; `args` is empty if the windows are not wanted.
pub(super) fn scan(set: InstructionSet, laid: Laid, embed: &mut [Row], args: &mut [Row]) {
    fn sized<const K: usize, const B: usize>(
        set: InstructionSet,
        laid: Laid,
        embed: &mut [Row],
        args: &mut [Row],
    ) {
        if args.is_empty() {
            dispatch(set, Scan::<K, B, false> { laid, embed, args });
        } else {
            dispatch(set, Scan::<K, B, true> { laid, embed, args });
        }
    }
    with_sizes!(laid.slab, sized(set, laid, embed, args));
}

/// What the backward pass knows about the embeddings of a chunk.
#[derive(Clone, Copy)]
pub(super) struct EmbedGradient<'a> {
    pub(super) embed: &'a [Row],
    pub(super) args: &'a [Row],
    pub(super) dembed: &'a [Row],
}

/// Adds a slab's gradients to `out`: table, bias and start table, one after another.
pub(super) fn scatter(set: InstructionSet, laid: Laid, of: EmbedGradient, out: &mut [Row]) {
    fn sized<const K: usize, const B: usize>(
        set: InstructionSet,
        laid: Laid,
        of: EmbedGradient,
        out: &mut [Row],
    ) {
        let (dtable, out) = out.split_at_mut(laid.slab.table.len());
        let (dbias, dstarts) = out.split_at_mut(laid.slab.bias.len());
        let EmbedGradient { embed, args, dembed } = of;
        dispatch(set, Scatter::<K, B> { laid, embed, args, dembed, dtable, dbias, dstarts });
    }
    with_sizes!(laid.slab, sized(set, laid, of, out));
}
