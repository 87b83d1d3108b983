//! Scores of all 160,000 snippets at once, and the highest of a repertoire.

use super::active::{Candidate, code};
use super::scale::Scale;
use super::snippets::{FEATURES, K, PAIRS, Snippets};

/// A linear score: a weight for each scaled feature, and a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LinearScore {
    pub(super) features: [f64; FEATURES],
    pub(super) bias: f64,
}

impl LinearScore {
    /// Score of a snippet with these scaled features.
    pub(super) fn score(&self, features: &[f64; FEATURES]) -> f64 {
        self.bias + self.features.iter().zip(features).map(|(w, x)| w * x).sum::<f64>()
    }
}

/// The score as a sum: of the first two residues, of the last two, and of the abundance.
///
/// ```text
/// score = first[pair] + rest[pair'] + slope ln share
/// ```
pub(super) struct Tables {
    first: Vec<f32>,
    rest: Vec<f32>,
    highest_rest: f32,
    slope: f32,
    /// What each residue adds at each place: `gains[20 place + code]`.
    gains: Vec<f64>,
}

impl Tables {
    pub(super) fn new(weights: &LinearScore, scale: &Scale) -> Self {
        let zero = scale.features([0; K], 0.0);
        let base = weights.score(&zero);
        // What residue `code` at `place` adds to the score of AAAA at ln share 0.
        let gain = |place: usize, code: usize| {
            let mut residues = [0; K];
            residues[place] = code;
            weights.score(&scale.features(residues, 0.0)) - base
        };
        let gains: Vec<f64> =
            (0..K).flat_map(|place| (0..20).map(move |code| gain(place, code))).collect();
        let pair = |place: usize, constant: f64| -> Vec<f32> {
            let sum = |pair: usize| {
                gains[20 * place + pair / 20] + gains[20 * (place + 1) + pair % 20] + constant
            };
            (0..PAIRS).map(|pair| sum(pair) as f32).collect()
        };
        let (first, rest) = (pair(0, base), pair(2, 0.0));
        let highest_rest = rest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let slope = (weights.score(&scale.features([0; K], 1.0)) - base) as f32;
        Self { first, rest, highest_rest, slope, gains }
    }

    /// Score of the snippet with this code.
    pub(super) fn score(&self, code: usize, ln_share: f32) -> f32 {
        (self.first[code / PAIRS] + self.rest[code % PAIRS]) + self.slope * ln_share
    }

    /// The snippet with the highest score, sought from `known` on; of equal ones `known`, then the first.
    ///
    /// Groups whose bound does not reach the best so far are passed over. The bound is a sum of the same terms
    /// in the same order, each at its largest, and rounding is monotone: nothing above it is missed.
    pub(super) fn highest(&self, snippets: &Snippets, known: usize) -> usize {
        let (residues, share) = snippets.get(known);
        let (mut best, mut highest) = (known, self.score(code(residues), share as f32));
        for group in &snippets.groups {
            let first = self.first[usize::from(group.pair)];
            let [low, high] = group.range.map(|share| self.slope * share);
            if (first + self.highest_rest) + low.max(high) <= highest {
                continue;
            }
            let (rest, shares) =
                (&snippets.rest[group.start..group.end], &snippets.ln_share[group.start..]);
            for (i, (&rest, share)) in rest.iter().zip(shares).enumerate() {
                let score = (first + self.rest[usize::from(rest)]) + self.slope * share;
                if score > highest {
                    (best, highest) = (group.start + i, score);
                }
            }
        }
        best
    }

    /// All snippets whose score is at most `margin` below that of `highest`.
    pub(super) fn near(&self, snippets: &Snippets, highest: usize, margin: f32) -> Vec<Candidate> {
        let (residues, share) = snippets.get(highest);
        let least = self.score(code(residues), share as f32) - margin;
        let mut near = Vec::new();
        for group in &snippets.groups {
            let pair = group.pair;
            let first = self.first[usize::from(pair)];
            let [low, high] = group.range.map(|share| self.slope * share);
            if (first + self.highest_rest) + low.max(high) < least {
                continue;
            }
            for at in group.start..group.end {
                let (rest, ln_share) = (snippets.rest[at], snippets.ln_share[at]);
                if (first + self.rest[usize::from(rest)]) + self.slope * ln_share >= least {
                    near.push(Candidate { at: at as u32, pair, rest, ln_share });
                }
            }
        }
        near
    }

    /// The snippet of `candidates` with the highest score, the first of equal ones.
    pub(super) fn highest_of(&self, candidates: &[Candidate]) -> usize {
        let (mut best, mut highest) = (0, f32::NEG_INFINITY);
        for own in candidates {
            let sum = self.first[usize::from(own.pair)] + self.rest[usize::from(own.rest)];
            let score = sum + self.slope * own.ln_share;
            if score > highest {
                (best, highest) = (own.at, score);
            }
        }
        best as usize
    }

    /// How much more the score of one snippet can have risen since `before` than that of another, for ln shares
    /// that differ by `share_range` at most.
    pub(super) fn drift(&self, before: &Self, share_range: f64) -> f64 {
        let changes: Vec<f64> =
            self.gains.iter().zip(&before.gains).map(|(now, then)| now - then).collect();
        let range = |changes: &[f64]| {
            let low = changes.iter().copied().fold(f64::INFINITY, f64::min);
            changes.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low
        };
        let slopes = f64::from((self.slope - before.slope).abs()) * share_range;
        changes.chunks(20).map(range).sum::<f64>() + slopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    proptest! {
        /// Passing over groups finds what looking at every snippet finds, and tables are the linear score.
        #[test]
        fn the_highest_is_the_highest(
            rows in prop::collection::vec(("C[ACDEFGHIKLMNPQRSTVWY]{8,16}F", 1_u64..200), 1..40),
            weights in prop::collection::vec(-2.0..2.0_f64, FEATURES),
            start in any::<prop::sample::Index>(),
        ) {
            let mut builder = Builder::default();
            for (junction_aa, duplicate_count) in &rows {
                let duplicate_count = *duplicate_count;
                builder.push(Row { junction_aa: JunctionAa::new(junction_aa).unwrap(), v_call: "", j_call: "", duplicate_count });
            }
            let snippets = Snippets::new(&builder.finish("r".to_owned()));
            let scale = Scale::of(&[&snippets]);
            let weights = LinearScore { features: weights.try_into().unwrap(), bias: 0.5 };
            let score = |i: usize| {
                let (residues, share) = snippets.get(i);
                weights.score(&scale.features(residues, share))
            };
            let n = snippets.rest.len();
            let highest = (0..n).map(score).fold(f64::NEG_INFINITY, f64::max);
            let tables = Tables::new(&weights, &scale);
            let found = tables.highest(&snippets, start.index(n));
            // Terms of single precision, which may be large and cancel.
            let largest = |own: &[f64]| own.iter().fold(0.0, |most: f64, gain| most.max(gain.abs()));
            let size = 1.0 + tables.gains.chunks(20).map(largest).sum::<f64>();
            prop_assert!((score(found) - highest).abs() < 1e-4 + 1e-6 * size);
        }
    }
}
