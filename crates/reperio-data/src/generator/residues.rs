//! Residues of a junction, given its genes and length: a Markov chain with back-off.
//!
//! ```text
//! p(x_i | slot, x_{i-2}, x_{i-1})  backs off to  p(x_i | site, x_{i-1})
//!                                  backs off to  p(x_i | place, x_{i-1}),  p(x_i | place)
//! ```
//!
//! Each level is shrunk towards the next: `p = (n_x + kappa * p_coarser) / (n + kappa)`. A row stays
//! in the model only if it gains enough log-likelihood on the data over the coarser row, so that the
//! file holds only what the data support.

use rand::RngCore;
use serde::{Deserialize, Serialize};

use super::alias;
use super::layout::{CONTEXTS, PLACES, TableLayout};
use super::rows;

/// Letters of the alphabet.
const N: usize = 20;
/// Weight of the coarser row, in observations.
const KAPPA: f64 = 20.0;
/// Gain in nats below which a row is left out.
const MIN_GAIN: f64 = 18.0;

/// Rows of one level: `rows` holds 20 bytes for each of `keys`, which increase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    keys: Vec<u32>,
    rows: Vec<u8>,
}

/// A level in a file: key differences, rows as hexadecimal digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelText {
    key_steps: Vec<u32>,
    rows: String,
}

impl Level {
    fn push(&mut self, key: usize, row: &[u8]) {
        self.keys.push(key as u32);
        self.rows.extend_from_slice(row);
    }

    pub(super) fn to_text(&self) -> LevelText {
        let before = std::iter::once(0).chain(self.keys.iter().copied());
        let key_steps = self.keys.iter().zip(before).map(|(key, before)| key - before).collect();
        LevelText { key_steps, rows: rows::to_hex(&self.rows) }
    }

    /// `None` unless there is a row a key, with a non-zero byte, and all keys are below `limit`.
    pub(super) fn from_text(text: &LevelText, limit: usize) -> Option<Self> {
        let mut key = 0_u32;
        let mut keys = Vec::with_capacity(text.key_steps.len());
        for (at, &step) in text.key_steps.iter().enumerate() {
            key = key.checked_add(step)?;
            let valid = (key as usize) < limit && (at == 0 || step > 0);
            valid.then(|| keys.push(key))?;
        }
        let rows = rows::from_hex(&text.rows)?;
        let valid = rows.len() == keys.len() * N;
        (valid && rows.chunks(N).all(|row| row.iter().any(|&byte| byte > 0)))
            .then_some(Self { keys, rows })
    }
}

/// The four levels, coarse to fine: `place`, `(place, x)`, `(site, x)`, `(slot, x, x)`.
pub(super) type Levels = [Level; 4];

/// Upper bounds of the keys of the four levels.
pub(super) fn key_limits(layout: &TableLayout) -> [usize; 4] {
    [PLACES, PLACES * N, layout.sites() * N, layout.slots() * CONTEXTS]
}

/// Counts of residues by slot and context.
pub(super) struct ResidueTally {
    layout: TableLayout,
    counts: Vec<u32>,
}

impl ResidueTally {
    pub(super) fn new(layout: TableLayout) -> Self {
        let counts = vec![0; layout.slots() * CONTEXTS * N];
        Self { layout, counts }
    }

    /// Adds one junction (residue codes).
    pub(super) fn add(&mut self, v: usize, j: usize, junction: &[u8]) {
        let mut context = 0;
        for (i, &code) in junction.iter().enumerate() {
            let slot = self.layout.slot(v, j, junction.len(), i).number;
            self.counts[(slot * CONTEXTS + context) * N + usize::from(code)] += 1;
            context = next_context(context, code);
        }
    }

    /// Fits the four levels.
    pub(super) fn fit(&self) -> Levels {
        let (place_of, site_of) = self.layout.back_off();
        let site_rows =
            self.fold(self.layout.sites() * N, |slot, context| site_of[slot] * N + context % N);
        let place_rows =
            self.fold(PLACES * N, |slot, context| place_of[site_of[slot]] * N + context % N);
        let place = self.fold(PLACES, |slot, _| place_of[site_of[slot]]);
        let all = self.fold(1, |_, _| 0);
        let own =
            self.fold(self.layout.slots() * CONTEXTS, |slot, context| slot * CONTEXTS + context);

        let all = refine(&all, &[], |_| 0).1;
        let (level0, place) = refine(&place, &all, |_| 0);
        let (level1, by_place) = refine(&place_rows, &place, |key| key / N);
        let parent = |key: usize| place_of[key / N] * N + key % N;
        let (level2, by_site) = refine(&site_rows, &by_place, parent);
        let parent = |key: usize| site_of[key / CONTEXTS] * N + key % N;
        let (level3, _) = refine(&own, &by_site, parent);
        [level0, level1, level2, level3]
    }

    /// Sums the counts of all (slot, context) with the same key.
    fn fold(&self, keys: usize, key: impl Fn(usize, usize) -> usize) -> Vec<[f64; N]> {
        let mut sums = vec![[0.0; N]; keys];
        for (at, row) in self.counts.chunks_exact(N).enumerate() {
            if row.iter().any(|&count| count > 0) {
                let sum = &mut sums[key(at / CONTEXTS, at % CONTEXTS)];
                for (sum, &count) in sum.iter_mut().zip(row) {
                    *sum += f64::from(count);
                }
            }
        }
        sums
    }
}

/// One level from its counts and the probabilities one level coarser: the rows that gain enough,
/// and for every key the probabilities that now apply. Without coarser rows, the plain shares.
fn refine(
    counts: &[[f64; N]],
    coarser: &[[f64; N]],
    parent: impl Fn(usize) -> usize,
) -> (Level, Vec<[f64; N]>) {
    let mut level = Level::default();
    let mut applied = Vec::with_capacity(counts.len());
    for (key, row) in counts.iter().enumerate() {
        let uniform = [1.0 / N as f64; N];
        let prior = coarser.get(parent(key)).unwrap_or(&uniform);
        let total: f64 = row.iter().sum();
        let shrunk: Vec<f64> =
            row.iter().zip(prior).map(|(n, p)| (n + KAPPA * p) / (total + KAPPA)).collect();
        let quantised = rows::quantise(&shrunk);
        let kept = rows::probabilities(&quantised);
        let gain: f64 =
            row.iter().zip(kept.iter().zip(prior)).map(|(n, (p, q))| gain(*n, *p, *q)).sum();
        if total > 0.0 && (coarser.is_empty() || gain > MIN_GAIN) {
            level.push(key, &quantised);
            applied.push(std::array::from_fn(|x| kept[x]));
        } else {
            applied.push(*prior);
        }
    }
    (level, applied)
}

/// Log-likelihood gained on `n` observations by probability `p` in place of `q`, in nats.
fn gain(n: f64, p: f64, q: f64) -> f64 {
    if n > 0.0 { n * (p.max(1e-9) / q.max(1e-9)).ln() } else { 0.0 }
}

/// The context after residue `code`: the last two residues.
fn next_context(context: usize, code: u8) -> usize {
    context % N * N + usize::from(code)
}

/// The levels, laid out for drawing.
#[derive(Clone, Debug)]
pub(super) struct Residues {
    layout: TableLayout,
    /// First cell of the row of each slot and context.
    starts: Vec<u32>,
    /// Alias cells, 20 a row.
    cells: Vec<u32>,
}

impl Residues {
    pub(super) fn new(layout: TableLayout, levels: &Levels) -> Self {
        let (place_of, site_of) = layout.back_off();
        let limits = key_limits(&layout);
        let mut cells = alias::pack(&[1.0; N]);
        let mut resolve = |level: usize, parent: &dyn Fn(usize) -> u32| {
            let Level { keys, rows } = &levels[level];
            let mut starts: Vec<u32> = (0..limits[level]).map(parent).collect();
            for (&key, row) in keys.iter().zip(rows.chunks_exact(N)) {
                starts[key as usize] = cells.len() as u32;
                cells.extend(alias::pack(&rows::probabilities(row)));
            }
            starts
        };
        let place = resolve(0, &|_| 0);
        let by_place = resolve(1, &|key| place[key / N]);
        let by_site = resolve(2, &|key| by_place[place_of[key / N] * N + key % N]);
        let starts = resolve(3, &|key| by_site[site_of[key / CONTEXTS] * N + key % N]);
        Self { layout, starts, cells }
    }

    /// Appends a junction of `length` residues with genes `v` and `j`.
    pub(super) fn draw(
        &self,
        (v, j): (usize, usize),
        length: usize,
        junction: &mut Vec<u8>,
        rng: &mut impl RngCore,
    ) {
        let mut context = 0;
        for i in 0..length {
            let slot = self.layout.slot(v, j, length, i).number;
            let start = self.starts[slot * CONTEXTS + context] as usize;
            let code = alias::draw(&self.cells[start..start + N], rng) as u8;
            junction.push(code);
            context = next_context(context, code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn codes(letters: &str) -> Vec<u8> {
        letters.bytes().map(|letter| alphabet::code(letter).unwrap()).collect()
    }

    fn fitted(junctions: &[(usize, usize, &str)]) -> (TableLayout, Levels) {
        let layout = TableLayout { n_v: 2, n_j: 2, max_length: 20, class_bounds: [11, 12, 13, 14] };
        let mut tally = ResidueTally::new(layout.clone());
        for &(v, j, junction) in junctions {
            for _ in 0..200 {
                tally.add(v, j, &codes(junction));
            }
        }
        (layout, tally.fit())
    }

    /// Germline ends stay with their genes: what differs between two V genes is at the start, what
    /// differs between two J genes at the end.
    #[test]
    fn starts_follow_the_v_gene_and_ends_the_j_gene() {
        let (layout, levels) = fitted(&[
            (0, 0, "CASSLGQAYEQYF"),
            (1, 0, "CSARDGQAYEQYF"),
            (0, 1, "CASSLGQNTEAFF"),
            (1, 1, "CSARDGQNTEAFF"),
        ]);
        let residues = Residues::new(layout, &levels);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut right = 0;
        for n in 0..400 {
            let (v, j) = (n % 2, n / 2 % 2);
            let mut junction = Vec::new();
            residues.draw((v, j), 13, &mut junction, &mut rng);
            let letters = alphabet::decode(&junction);
            let start = ["CASSL", "CSARD"][v];
            let end = ["YEQYF", "TEAFF"][j];
            right += u32::from(letters.starts_with(start) && letters.ends_with(end));
        }
        assert!(right > 240, "{right} of 400"); // Shrinkage leaves the rest to other residues.
    }

    #[test]
    fn levels_survive_their_text() {
        let (layout, levels) = fitted(&[(0, 0, "CASSLGQAYEQYF"), (1, 1, "CSARDLNTEAFF")]);
        for (level, limit) in levels.iter().zip(key_limits(&layout)) {
            assert_eq!(Level::from_text(&level.to_text(), limit).as_ref(), Some(level));
        }
        let text = levels[1].to_text();
        assert_eq!(Level::from_text(&text, 1), None, "a key beyond the limit");
        let short = LevelText { rows: text.rows[2..].to_owned(), ..text };
        assert_eq!(Level::from_text(&short, PLACES * N), None, "a row too short");
    }
}
