//! k-mer spectra: how often each k-mer of a pattern occurs in a repertoire.

use super::pattern::Pattern;
use crate::repertoire::Repertoire;

/// Patterns with at most this many codes are counted in a table, others by sorting.
const LARGEST_TABLE: usize = 20_usize.pow(4);

/// The definition of one occurrence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occurrence {
    /// Every window counts.
    #[default]
    Window,
    /// A sequence counts once for each k-mer it carries, however many times it carries it.
    Sequence,
}

/// The weight of a clonotype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// One.
    #[default]
    Clonotype,
    /// Its count.
    Template,
}

/// How a spectrum is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpectrumOptions {
    /// The definition of one occurrence.
    pub occurrence: Occurrence,
    /// The weight of a clonotype.
    pub weight: Weight,
}

/// The k-mers of one pattern that occur, with their sums; sparse.
///
/// Invariants: codes increase strictly, values are above 0, both slices have the same length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spectrum {
    codes: Vec<u32>,
    values: Vec<u64>,
}

impl Spectrum {
    /// Counts `pattern` in `repertoire`. Sequences shorter than the pattern's span have no k-mer.
    ///
    /// # Examples
    ///
    /// ```
    /// use reperio_data::junction::JunctionAa;
    /// use reperio_data::kmer::pattern::Pattern;
    /// use reperio_data::kmer::spectrum::{Spectrum, SpectrumOptions};
    /// use reperio_data::repertoire::{Builder, Row};
    ///
    /// let mut builder = Builder::default();
    /// let junction_aa = JunctionAa::new("CASSF").expect("amino acids");
    /// builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 3 });
    /// let repertoire = builder.finish("donor".to_owned());
    /// let pattern = Pattern::contiguous(1);
    /// let spectrum = Spectrum::of(&repertoire, &pattern, SpectrumOptions::default());
    /// let serine = 15;
    /// assert_eq!(spectrum.get(serine), 2);
    /// ```
    pub fn of(repertoire: &Repertoire, pattern: &Pattern, options: SpectrumOptions) -> Self {
        if pattern.n_codes() <= LARGEST_TABLE {
            let mut table = vec![0; pattern.n_codes()];
            visit(repertoire, pattern, options, |code, weight| table[code as usize] += weight);
            return Self::from_pairs((0..).zip(table).filter(|&(_, value)| value > 0));
        }
        let mut pairs = Vec::new();
        visit(repertoire, pattern, options, |code, weight| pairs.push((code, weight)));
        pairs.sort_unstable();
        pairs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self::from_pairs(pairs.into_iter())
    }

    fn from_pairs(pairs: impl Iterator<Item = (u32, u64)>) -> Self {
        let (codes, values) = pairs.unzip();
        Self { codes, values }
    }

    /// Codes that occur, increasing.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The sum of each code.
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// The sum of `code`, 0 where it does not occur.
    pub fn get(&self, code: u32) -> u64 {
        self.codes.binary_search(&code).map_or(0, |at| self.values[at])
    }

    /// Sum over all codes.
    pub fn total(&self) -> u64 {
        self.values.iter().sum()
    }
}

/// Calls `add` with the code and weight of every occurrence.
fn visit(
    repertoire: &Repertoire,
    pattern: &Pattern,
    options: SpectrumOptions,
    mut add: impl FnMut(u32, u64),
) {
    let mut codes = Vec::new();
    for (i, &count) in repertoire.counts().iter().enumerate() {
        codes.clear();
        codes.extend(pattern.codes(repertoire.junction_codes(i)));
        if options.occurrence == Occurrence::Sequence {
            codes.sort_unstable();
            codes.dedup();
        }
        let weight = if options.weight == Weight::Template { count } else { 1 };
        for &code in &codes {
            add(code, weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn repertoire(rows: &[(String, u64)]) -> Repertoire {
        let mut builder = Builder::default();
        for (junction_aa, duplicate_count) in rows {
            let duplicate_count = *duplicate_count;
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        builder.finish("r".to_owned())
    }

    /// The definition, on letters: blank the ignored positions of every window and count texts.
    fn naive(
        repertoire: &Repertoire,
        pattern: &Pattern,
        options: SpectrumOptions,
    ) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for i in 0..repertoire.len() {
            let junction = repertoire.junction_aa(i).into_bytes();
            let mut own = BTreeMap::new();
            for window in junction.windows(pattern.span()) {
                let blank = |at: usize| {
                    if pattern.offsets().contains(&(at as u8)) { window[at] } else { b'-' }
                };
                let text: String = (0..window.len()).map(|at| char::from(blank(at))).collect();
                *own.entry(text).or_insert(0) += 1;
            }
            for (text, windows) in own {
                let times = if options.occurrence == Occurrence::Window { windows } else { 1 };
                let weight =
                    if options.weight == Weight::Template { repertoire.counts()[i] } else { 1 };
                *all.entry(text).or_insert(0) += times * weight;
            }
        }
        all
    }

    proptest! {
        #[test]
        fn equals_naive_counting(
            rows in prop::collection::vec(("[ACDY]{1,12}", 1_u64..9), 0..25),
            k in 1_usize..=5,
            gaps in 0_usize..=2,
        ) {
            let repertoire = repertoire(&rows);
            for pattern in Pattern::all(k, gaps) {
                for occurrence in [Occurrence::Window, Occurrence::Sequence] {
                    for weight in [Weight::Clonotype, Weight::Template] {
                        let options = SpectrumOptions { occurrence, weight };
                        let spectrum = Spectrum::of(&repertoire, &pattern, options);
                        prop_assert!(spectrum.codes().windows(2).all(|pair| pair[0] < pair[1]));
                        let texts = spectrum.codes().iter().map(|&code| pattern.text(code));
                        let found: BTreeMap<_, _> = texts.zip(spectrum.values().iter().copied()).collect();
                        prop_assert_eq!(found, naive(&repertoire, &pattern, options));
                    }
                }
            }
        }
    }
}
