//! Where the screened codes occur: an inverted index from code to sequences, one repertoire at a time.

use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::kmer::pattern::Pattern;

use super::screen::Screened;

/// One occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Sequence inside its repertoire.
    pub(super) sequence: u32,
    /// Window start, 0-based junction position.
    pub(super) start: u8,
}

/// Occurrences of every candidate in one repertoire, by candidate, then sequence, then start.
pub(super) struct Hits {
    offsets: Vec<u32>,
    hits: Vec<Hit>,
}

impl Hits {
    /// Occurrences of `candidate`.
    pub(super) fn of(&self, candidate: usize) -> &[Hit] {
        &self.hits[self.offsets[candidate] as usize..self.offsets[candidate + 1] as usize]
    }
}

const ABSENT: u16 = u16::MAX;

/// Finds all occurrences of `candidates` in each repertoire.
pub(super) fn find(
    bags: &[&EncodedRepertoire],
    patterns: &[Pattern],
    candidates: &[Screened],
) -> Vec<Hits> {
    let mut lookup: Vec<Vec<u16>> = patterns.iter().map(|p| vec![ABSENT; p.n_codes()]).collect();
    for (index, candidate) in candidates.iter().enumerate() {
        lookup[candidate.pattern][candidate.code as usize] = index as u16;
    }
    bags.par_iter().map(|bag| find_in(bag, patterns, &lookup, candidates.len())).collect()
}

fn find_in(
    bag: &EncodedRepertoire,
    patterns: &[Pattern],
    lookup: &[Vec<u16>],
    n_candidates: usize,
) -> Hits {
    let mut found: Vec<(u16, Hit)> = Vec::new();
    for i in 0..bag.len() {
        for (pattern, table) in patterns.iter().zip(lookup) {
            for (start, code) in pattern.codes(bag.sequence(i)).enumerate() {
                let candidate = table[code as usize];
                if candidate != ABSENT {
                    found.push((candidate, Hit { sequence: i as u32, start: start as u8 }));
                }
            }
        }
    }
    // Stable: sequences and starts stay in order.
    found.sort_by_key(|(candidate, _)| *candidate);
    let mut offsets = vec![0_u32; n_candidates + 1];
    for (candidate, _) in &found {
        offsets[usize::from(*candidate) + 1] += 1;
    }
    for i in 0..n_candidates {
        offsets[i + 1] += offsets[i];
    }
    Hits { offsets, hits: found.into_iter().map(|(_, hit)| hit).collect() }
}
