//! The motifs that a set of sequences has in common and others lack, as text.

use std::collections::BTreeMap;

use reperio_data::kmer::pattern::Pattern;
use serde::{Deserialize, Serialize};

/// Lengths of the k-mers that are looked at, each over at most one ignored position.
const K: [usize; 2] = [3, 4];
const GAPS: usize = 1;
/// k-mers that are named, at most.
const MOST: usize = 3;
/// Least share of the sequences not yet explained that a k-mer explains, and how many times its share among the
/// others that is.
const LEAST_SHARE: f64 = 0.15;
const LEAST_RATIO: f64 = 3.0;

/// A k-mer that a set of sequences has in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Common {
    /// The k-mer, `-` for ignored positions.
    pub kmer: String,
    /// Share of the sequences that have it.
    pub share: f64,
    /// Share of the other sequences that have it.
    pub elsewhere: f64,
}

/// The k-mers that tell `sequences` from `others` best, residue codes of junctions, the most telling first. Each explains
/// sequences that do not have the previous ones; none if no k-mer is characteristic.
///
/// The most telling k-mer has the highest `s ln(s / e) + (1 - s) ln((1 - s) / (1 - e))`, the relative entropy of its
/// share `s` among the sequences and `e` among the others.
///
/// # Examples
///
/// ```
/// use reperio_data::alphabet::code;
/// use reperio_model::model::in_common;
///
/// let codes = |text: &str| -> Vec<u8> { text.bytes().filter_map(code).collect() };
/// let attended: Vec<Vec<u8>> = ["CASWNDRFF", "CAWNDRTQYF", "CSWNDRAEQF"].map(codes).to_vec();
/// let others: Vec<Vec<u8>> = ["CASSLGTFF", "CASRQGAFF", "CSVTGEEFF"].map(codes).to_vec();
/// let attended: Vec<&[u8]> = attended.iter().map(Vec::as_slice).collect();
/// let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
/// assert_eq!(in_common(&attended, &others)[0].kmer, "WNDR");
/// ```
pub fn in_common(sequences: &[&[u8]], others: &[&[u8]]) -> Vec<Common> {
    let patterns: Vec<Pattern> = K.iter().flat_map(|&k| Pattern::all(k, GAPS)).collect();
    let mut rest: Vec<&[u8]> = sequences.to_vec();
    let mut found = Vec::new();
    while found.len() < MOST && !rest.is_empty() {
        let Some((pattern, code)) = most_telling(&patterns, &rest, others) else { break };
        let of = |own: &[&[u8]]| share(own, pattern, code);
        found.push(Common {
            kmer: pattern.text(code),
            share: of(sequences),
            elsewhere: of(others),
        });
        rest.retain(|sequence| !has(sequence, pattern, code));
    }
    found
}

fn has(sequence: &[u8], pattern: &Pattern, code: u32) -> bool {
    pattern.codes(sequence).any(|own| own == code)
}

fn share(sequences: &[&[u8]], pattern: &Pattern, code: u32) -> f64 {
    let carriers = sequences.iter().filter(|sequence| has(sequence, pattern, code)).count();
    carriers as f64 / sequences.len().max(1) as f64
}

fn most_telling<'a>(
    patterns: &'a [Pattern],
    sequences: &[&[u8]],
    others: &[&[u8]],
) -> Option<(&'a Pattern, u32)> {
    let mut best: Option<(f64, &Pattern, u32)> = None;
    for pattern in patterns {
        let (own, among_others) = (carriers(pattern, sequences), carriers(pattern, others));
        for (&code, &count) in &own {
            let s = f64::from(count) / sequences.len() as f64;
            // One more than there are: what was never seen elsewhere is not impossible there.
            let elsewhere = among_others.get(&code).copied().unwrap_or(0) + 1;
            let e = f64::from(elsewhere) / (others.len() + 1) as f64;
            if s < LEAST_SHARE || s < LEAST_RATIO * e {
                continue;
            }
            let telling = entropy(s, e);
            // Of equal ones the last, which is the longest.
            if best.is_none_or(|(most, ..)| telling >= most) {
                best = Some((telling, pattern, code));
            }
        }
    }
    best.map(|(_, pattern, code)| (pattern, code))
}

/// Sequences that carry each k-mer of a pattern.
fn carriers(pattern: &Pattern, sequences: &[&[u8]]) -> BTreeMap<u32, u32> {
    let mut all = BTreeMap::new();
    for sequence in sequences {
        let mut codes: Vec<u32> = pattern.codes(sequence).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            *all.entry(code).or_insert(0) += 1;
        }
    }
    all
}

/// Relative entropy of a share against another, below 1.
fn entropy(s: f64, e: f64) -> f64 {
    let part = |s: f64, e: f64| if s > 0.0 { s * (s / e).ln() } else { 0.0 };
    part(s, e) + part(1.0 - s, 1.0 - e.min(1.0 - 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::alphabet::code;

    fn codes(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.bytes().filter_map(code).collect()).collect()
    }

    fn slices(codes: &[Vec<u8>]) -> Vec<&[u8]> {
        codes.iter().map(Vec::as_slice).collect()
    }

    fn common(sequences: &[&str], others: &[&str]) -> Vec<Common> {
        let (sequences, others) = (codes(sequences), codes(others));
        in_common(&slices(&sequences), &slices(&others))
    }

    const OTHERS: [&str; 6] =
        ["CASSLGTFF", "CASRQGAFF", "CSVTGEEFF", "CASSPPTFF", "CATRDGAFF", "CASKGYEFF"];

    #[test]
    fn two_motifs_are_named_one_after_the_other_with_their_shares() {
        let found =
            common(&["CASWNDRFF", "CAWNDRTQYF", "CSWNDRAEQF", "CAKPAHVFF", "CSKPTHVAQF"], &OTHERS);
        let named: Vec<_> = found.iter().map(|own| (own.kmer.as_str(), own.share)).collect();
        assert_eq!(named, [("WNDR", 0.6), ("KP-HV", 0.4)]);
        assert!(found.iter().all(|own| own.elsewhere == 0.0));
    }

    #[test]
    fn what_all_sequences_have_is_not_named() {
        assert_eq!(common(&OTHERS, &OTHERS), []);
        assert_eq!(common(&[], &OTHERS), []);
        assert_eq!(common(&["CA"], &OTHERS), []);
    }
}
