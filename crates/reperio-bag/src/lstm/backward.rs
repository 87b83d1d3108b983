//! Back through the steps: gradients of the gates, and of the parameters from them.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::super::dense::{Left, Outer, Product, Start, Then};
use super::super::lanes::{InstructionSet, LANES, Row, Task, Vectors, dispatch};
use super::super::math::{sigmoid_slope, tanh_slope};
use super::block::Block;
use super::step::places;
use super::{BLOCK, GATES, Input, PackedLstm};

impl Block {
    /// Adds the gradients of the block that was embedded last to `out`, those of the LSTM.
    pub(super) fn backward(
        &mut self,
        set: InstructionSet,
        lstm: &PackedLstm,
        input: Input,
        (dembed, out): ((&[Row], usize), &mut [Row]),
    ) {
        let (rows, width, steps) = (lstm.rows, GATES * lstm.rows, self.alive.len());
        for t in (0..steps).rev() {
            self.step_back(set, lstm, dembed, t);
        }
        let places = lstm.places();
        if steps > 1 {
            let step = BLOCK * rows;
            dispatch(
                set,
                Outer {
                    n: (steps - 1) * BLOCK,
                    left: &self.states[..(steps - 1) * step],
                    right: &self.gates[GATES * step..GATES * steps * step],
                    out: &mut out[places.recurrent.clone()],
                    depth: lstm.units,
                },
            );
        }
        let [dinput, dbias, dstarts] = out
            .get_disjoint_mut([places.input, places.bias, places.starts])
            .expect("gradients have places of their own");
        for t in 0..steps {
            let dgates = &self.gates[self.at(t, width)];
            let members = &self.members[..self.alive[t]];
            dispatch(set, Spread { lstm, input, members, t, dgates, dinput, dbias, dstarts });
        }
    }

    /// Turns the gates of step `t` into their gradients, and leaves that of the state before.
    fn step_back(
        &mut self,
        set: InstructionSet,
        lstm: &PackedLstm,
        (dembed, stride): (&[Row], usize),
        t: usize,
    ) {
        let (rows, width) = (lstm.rows, GATES * lstm.rows);
        let (alive, going_on) = (self.alive[t], self.going_on(t));
        let (own, gates) = (self.at(t, rows), self.at(t, width));
        let before = t.checked_sub(1).map(|before| self.at(before, rows));
        let (dstates, dcells) = (&mut self.dstates, &mut self.dcells);
        // A sequence that ends here has its gradient from outside, and none from later steps.
        for s in going_on..alive {
            let from = self.members[s] * stride;
            dstates[s * rows..(s + 1) * rows].copy_from_slice(&dembed[from..from + rows]);
            dcells[s * rows..(s + 1) * rows].fill(Row::default());
        }
        dispatch(
            set,
            Reverse {
                rows,
                alive,
                gates: &mut self.gates[gates.clone()],
                before: before.map(|before| &self.cells[before]),
                squashed: &self.squashed[own],
                dstates,
                dcells,
            },
        );
        let dgates = &mut self.gates[gates];
        dgates[alive * width..].fill(Row::default());
        if t > 0 {
            dispatch(
                set,
                Product {
                    n: alive.next_multiple_of(8),
                    left: Left::BySequence { values: dgates, rows: width },
                    depth: width * LANES,
                    right: &lstm.transposed,
                    start: Start::Zero,
                    then: Then::Nothing,
                    out: dstates,
                },
            );
        }
    }
}

/// Turns gates into their gradients, and the gradients of the cells into those of the step before.
struct Reverse<'a> {
    /// Lane rows of a state.
    rows: usize,
    /// Sequences.
    alive: usize,
    /// (16, 4 rows)
    gates: &'a mut [Row],
    /// Cells of the step before, (16, rows).
    before: Option<&'a [Row]>,
    /// (16, rows)
    squashed: &'a [Row],
    /// (16, rows)
    dstates: &'a [Row],
    /// (16, rows)
    dcells: &'a mut [Row],
}

impl Task for Reverse<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.rows;
        for s in 0..self.alive {
            for r in 0..rows {
                let (at, gate) = (s * rows + r, |g: usize| (s * GATES + g) * rows + r);
                let input = simd.load(&self.gates[gate(0)]);
                let forget = simd.load(&self.gates[gate(1)]);
                let candidate = simd.load(&self.gates[gate(2)]);
                let output = simd.load(&self.gates[gate(3)]);
                let squashed = simd.load(&self.squashed[at]);
                let dstate = simd.load(&self.dstates[at]);
                let through = simd.mul(simd.mul(dstate, output), tanh_slope(simd, squashed));
                let dcell = simd.add(simd.load(&self.dcells[at]), through);
                let before = match self.before {
                    Some(before) => simd.load(&before[at]),
                    None => simd.splat(0.0),
                };
                let dgates = [
                    simd.mul(simd.mul(dcell, candidate), sigmoid_slope(simd, input)),
                    simd.mul(simd.mul(dcell, before), sigmoid_slope(simd, forget)),
                    simd.mul(simd.mul(dcell, input), tanh_slope(simd, candidate)),
                    simd.mul(simd.mul(dstate, squashed), sigmoid_slope(simd, output)),
                ];
                simd.store(simd.mul(dcell, forget), &mut self.dcells[at]);
                for (g, value) in dgates.into_iter().enumerate() {
                    simd.store(value, &mut self.gates[gate(g)]);
                }
            }
        }
    }
}

/// Adds the gradients of the gates of one step to those of the tables and the bias.
struct Spread<'a> {
    lstm: &'a PackedLstm,
    input: Input<'a>,
    members: &'a [usize],
    t: usize,
    /// (16, 4 rows)
    dgates: &'a [Row],
    dinput: &'a mut [Row],
    dbias: &'a mut [Row],
    dstarts: &'a mut [Row],
}

impl Task for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let (lstm, (codes, scale)) = (self.lstm, self.input);
        let width = lstm.bias.len();
        let (scale, with_starts) = (simd.splat(scale), lstm.index.terms > 0);
        for (&i, dgates) in self.members.iter().zip(self.dgates.chunks_exact(width)) {
            let (residue, start) = places(lstm, codes, i, self.t);
            let dinput = &mut self.dinput[residue..residue + width];
            let factor = simd.splat(codes.factors[i]);
            for k in 0..width {
                let dgate = simd.load(&dgates[k]);
                let own = simd.mul(dgate, scale);
                simd.store(simd.fma(own, factor, simd.load(&dinput[k])), &mut dinput[k]);
                simd.store(simd.add(simd.load(&self.dbias[k]), dgate), &mut self.dbias[k]);
                if with_starts {
                    let out = &mut self.dstarts[start + k];
                    simd.store(simd.add(simd.load(out), own), out);
                }
            }
        }
    }
}
