//! The distinct snippets of a repertoire with their abundance.

use reperio_data::kmer::atchley;
use reperio_data::repertoire::Repertoire;

/// Residues of a snippet.
pub(super) const K: usize = 4;
/// Residues left out at both ends of the junction: they do not touch the antigen (Ostmeyer et al. 2019).
const TRIM: usize = 3;
/// Codes of two residues.
pub(super) const PAIRS: usize = 400;
/// Features of a snippet: five factors of each residue, and the logarithm of its share.
pub(super) const FEATURES: usize = K * atchley::N_FACTORS + 1;

/// Snippets that begin with the same two residues.
#[derive(Debug)]
pub(super) struct Group {
    /// Code of the two residues.
    pub(super) pair: u16,
    /// Their indices among all.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Least and largest ln share.
    pub(super) range: [f32; 2],
}

/// The distinct 4-mers of a repertoire, sorted by code.
///
/// A snippet's share is its number of copies among those of all snippets, each clonotype with its count.
#[derive(Debug, Default)]
pub(super) struct Snippets {
    pub(super) groups: Vec<Group>,
    /// Code of the last two residues.
    pub(super) rest: Vec<u16>,
    pub(super) ln_share: Vec<f32>,
    /// Mean of each feature over the distinct snippets.
    pub(super) mean: [f64; FEATURES],
    /// Mean of its square.
    pub(super) square: [f64; FEATURES],
}

/// Codes of the snippets of a junction (residue codes), first two residues times 400 plus last two.
pub(super) fn codes(junction: &[u8]) -> impl Iterator<Item = usize> {
    let inner = junction.len().checked_sub(TRIM).and_then(|end| junction.get(TRIM..end));
    let code = |window: &[u8]| window.iter().fold(0, |code, &own| code * 20 + usize::from(own));
    inner.unwrap_or(&[]).windows(K).map(code)
}

impl Snippets {
    pub(super) fn new(repertoire: &Repertoire) -> Self {
        let mut copies = vec![0_u64; PAIRS * PAIRS];
        for (row, &count) in repertoire.counts().iter().enumerate() {
            codes(repertoire.junction_codes(row)).for_each(|code| copies[code] += count);
        }
        let total = copies.iter().sum::<u64>() as f64;
        let mut own = Self::default();
        for (pair, copies) in copies.chunks(PAIRS).enumerate() {
            let start = own.rest.len();
            for (rest, &copies) in copies.iter().enumerate().filter(|(_, copies)| **copies > 0) {
                own.rest.push(rest as u16);
                own.ln_share.push((copies as f64 / total).ln() as f32);
            }
            let shares = own.ln_share[start..].iter().copied();
            let range = shares.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], share| {
                [low.min(share), high.max(share)]
            });
            if own.rest.len() > start {
                own.groups.push(Group { pair: pair as u16, start, end: own.rest.len(), range });
            }
        }
        own.measure();
        own
    }

    /// Whether no clonotype is long enough for a snippet.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Residue codes and ln share of snippet `i`.
    pub(super) fn get(&self, i: usize) -> ([usize; K], f64) {
        let group = &self.groups[self.groups.partition_point(|group| group.end <= i)];
        (residues(group.pair, self.rest[i]), f64::from(self.ln_share[i]))
    }

    /// ln share of the snippet with this code.
    pub(super) fn find(&self, code: usize) -> Option<f32> {
        let (pair, rest) = ((code / PAIRS) as u16, (code % PAIRS) as u16);
        let at = self.groups.binary_search_by_key(&pair, |group| group.pair).ok()?;
        let Group { start, end, .. } = self.groups[at];
        let i = self.rest[start..end].binary_search(&rest).ok()?;
        Some(self.ln_share[start + i])
    }

    fn measure(&mut self) {
        let n = self.rest.len() as f64;
        for group in &self.groups {
            for i in group.start..group.end {
                let factors = residues(group.pair, self.rest[i]).map(|own| atchley::FACTORS[own]);
                let factors = factors.as_flattened().iter().copied();
                for (feature, value) in factors.chain([self.ln_share[i]]).enumerate() {
                    self.mean[feature] += f64::from(value) / n;
                    self.square[feature] += f64::from(value).powi(2) / n;
                }
            }
        }
    }
}

fn residues(pair: u16, rest: u16) -> [usize; K] {
    [pair / 20, pair % 20, rest / 20, rest % 20].map(usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::alphabet;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    #[test]
    fn snippets_are_counted_in_copies_away_from_the_ends() {
        let mut builder = Builder::default();
        for (junction_aa, duplicate_count) in
            [("CASSACDEFYEQYF", 3), ("CASWACDEQYF", 1), ("CASSLGEQF", 9)]
        {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        let snippets = Snippets::new(&builder.finish("r".to_owned()));
        let text = |i: usize| {
            let (residues, share) = snippets.get(i);
            (alphabet::decode(&residues.map(|code| code as u8)), share.exp())
        };
        let found: Vec<(String, f64)> = (0..snippets.rest.len()).map(text).collect();
        // SACD ACDE CDEF DEFY EFYE of the first, WACD ACDE of the second; the third has three residues left.
        let expected = [
            ("ACDE", 4.0),
            ("CDEF", 3.0),
            ("DEFY", 3.0),
            ("EFYE", 3.0),
            ("SACD", 3.0),
            ("WACD", 1.0),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((letters, share), (want, copies)) in found.iter().zip(expected) {
            assert_eq!(letters, want);
            assert!((share - copies / 17.0).abs() < 1e-6, "{letters}: {share}");
        }
    }

    #[test]
    fn a_repertoire_of_short_junctions_has_none() {
        let mut builder = Builder::default();
        builder.push(Row {
            junction_aa: JunctionAa::new("CAF").unwrap(),
            v_call: "",
            j_call: "",
            duplicate_count: 1,
        });
        assert!(Snippets::new(&builder.finish("r".to_owned())).is_empty());
    }
}
