//! Sixteen sequences that take their steps together.

use super::super::dense::{Left, Product, Start, Then};
use super::super::lanes::{InstructionSet, Row, dispatch};
use super::step::{Advance, Gather};
use super::{BLOCK, GATES, Input, PackedLstm};

/// Up to [`BLOCK`] sequences of a chunk, longest first, and what was computed of them. Steps that are kept lie one
/// after the other; otherwise two take turns.
#[derive(Default)]
pub(super) struct Block {
    /// Indices in the chunk.
    pub(super) members: Vec<usize>,
    /// Sequences that have a residue at each step.
    pub(super) alive: Vec<usize>,
    /// Steps that have a place.
    slots: usize,
    /// Gates, or their gradients: (slots, 16, 4 rows)
    pub(super) gates: Vec<Row>,
    /// c, (slots, 16, rows)
    pub(super) cells: Vec<Row>,
    /// tanh(c), (slots, 16, rows)
    pub(super) squashed: Vec<Row>,
    /// h, (slots, 16, rows)
    pub(super) states: Vec<Row>,
    /// Gradients of h on their way back, (16, rows).
    pub(super) dstates: Vec<Row>,
    /// Gradients of c on their way back, (16, rows).
    pub(super) dcells: Vec<Row>,
}

impl Block {
    /// Takes the sequences `members` of a chunk, whose `lengths` fall.
    pub(super) fn place(
        &mut self,
        lstm: &PackedLstm,
        members: &[usize],
        lengths: &[usize],
        keeps: bool,
    ) {
        self.members.clear();
        self.members.extend_from_slice(members);
        let steps = members.first().map_or(0, |&i| lengths[i]);
        self.alive.clear();
        self.alive.extend((0..steps).map(|t| members.partition_point(|&i| lengths[i] > t)));
        self.slots = if keeps { steps } else { 2 };
        let size = self.slots * BLOCK * lstm.rows;
        // They only grow. What a former block left is finite, and enters products with zeros alone.
        for (rows, size) in [
            (&mut self.gates, GATES * size),
            (&mut self.cells, size),
            (&mut self.squashed, size),
            (&mut self.states, size),
            (&mut self.dstates, BLOCK * lstm.rows),
            (&mut self.dcells, BLOCK * lstm.rows),
        ] {
            rows.resize(rows.len().max(size), Row::default());
        }
    }

    /// Sequences that go on after step `t`.
    pub(super) fn going_on(&self, t: usize) -> usize {
        self.alive.get(t + 1).copied().unwrap_or(0)
    }

    /// The range of step `t` in a buffer of `width` lane rows a sequence.
    pub(super) fn at(&self, t: usize, width: usize) -> std::ops::Range<usize> {
        let slot = t % self.slots;
        slot * BLOCK * width..(slot + 1) * BLOCK * width
    }

    /// Writes the last states to `embed`.
    pub(super) fn embed(
        &mut self,
        set: InstructionSet,
        lstm: &PackedLstm,
        input: Input,
        (embed, stride): (&mut [Row], usize),
    ) {
        let rows = lstm.rows;
        for t in 0..self.alive.len() {
            self.step(set, lstm, input, t);
            let states = &self.states[self.at(t, rows)];
            for s in self.going_on(t)..self.alive[t] {
                let to = self.members[s] * stride;
                embed[to..to + rows].copy_from_slice(&states[s * rows..(s + 1) * rows]);
            }
        }
    }

    /// Takes step `t`.
    fn step(&mut self, set: InstructionSet, lstm: &PackedLstm, input: Input, t: usize) {
        let (rows, alive) = (lstm.rows, self.alive[t]);
        let (own, width) = (self.at(t, rows), GATES * rows);
        let gates = self.at(t, width);
        let members = &self.members[..alive];
        let out = &mut self.gates[gates.clone()];
        dispatch(set, Gather { lstm, input, members, t, out });
        let before = t.checked_sub(1).map(|before| self.at(before, rows));
        if let Some(before) = before.clone() {
            dispatch(
                set,
                Product {
                    n: alive.next_multiple_of(8),
                    left: Left::BySequence { values: &self.states[before], rows },
                    depth: lstm.units,
                    right: &lstm.recurrent,
                    start: Start::Kept,
                    then: Then::Nothing,
                    out: &mut self.gates[gates.clone()],
                },
            );
        }
        let (cells, before) = match before {
            None => (&mut self.cells[own.clone()], None),
            Some(before) => {
                let [cells, before] = self
                    .cells
                    .get_disjoint_mut([own.clone(), before])
                    .expect("two steps have two places");
                (cells, Some(&*before))
            }
        };
        dispatch(
            set,
            Advance {
                rows,
                alive,
                gates: &mut self.gates[gates],
                before,
                cells,
                squashed: &mut self.squashed[own.clone()],
                states: &mut self.states[own],
            },
        );
    }
}
