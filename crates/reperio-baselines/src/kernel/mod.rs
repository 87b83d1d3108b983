//! Similarity of repertoires by their 4-mers: the `MinMax` and the Jaccard kernel.
//!
//! ```text
//! MinMax    K(x, y) = sum_k min(x_k, y_k) / sum_k max(x_k, y_k)
//! Jaccard   the same of the presences: |X ∩ Y| / |X ∪ Y|
//! ```
//!
//! `x_k` is the frequency of k-mer k: its occurrences in all clonotypes over the number of clonotypes. This
//! is our reading of `DeepRC`'s comparison, whose code is not published. With plain counts, the
//! kernel of two repertoires of different depth would be small however similar they are. Both kernels are positive
//! definite, lie in 0..=1, and `K(x, x) = 1`.
//!
//! # References
//!
//! - Ralaivola et al., *Graph kernels for chemical informatics*, Neural Networks 2005 (`MinMax`).
//! - Widrich et al., *Modern Hopfield networks and attention for immune repertoire classification*,
//!   `NeurIPS` 2020, supplement.

#[cfg(test)]
pub(crate) mod fixture;
mod jaccard;
mod minmax;
#[cfg(test)]
pub(crate) mod planted;
mod spectra;

use std::sync::Arc;

use rayon::prelude::*;
use reperio_model::features::FeatureCache;

pub(crate) use spectra::Spectra;

/// What makes two repertoires alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Similarity {
    /// Shared frequency of 4-mers.
    MinMax,
    /// Shared set of 4-mers.
    Jaccard,
}

/// The kernel of all pairs of a cohort's repertoires.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    n: usize,
    /// n x n, symmetric
    values: Vec<f32>,
}

impl Kernel {
    /// The kernel of a cohort, computed on first use.
    pub fn of(cache: &FeatureCache<'_>, similarity: Similarity) -> Arc<Self> {
        let spectra = || Spectra::of(cache);
        match similarity {
            Similarity::MinMax => cache.feature("MinMax kernel", |_| minmax::kernel(&spectra())),
            Similarity::Jaccard => cache.feature("Jaccard kernel", |_| jaccard::kernel(&spectra())),
        }
    }

    /// The kernel of repertoire `i` with each: (n,)
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.n..][..self.n]
    }

    /// The kernel of `members` among themselves: (m, m)
    pub fn among(&self, members: &[usize]) -> Vec<f32> {
        let row = |&i: &usize| members.iter().map(move |&j| self.row(i)[j]);
        members.iter().flat_map(row).collect()
    }

    /// The kernel of `n` repertoires from what two share and what each holds.
    ///
    /// ```text
    /// K(x, y) = shared / (total_x + total_y - shared)        1 where both are empty
    /// ```
    ///
    /// `shared(tile, other)` gives the shared amounts of two ranges of repertoires, row by row. Each pair of
    /// ranges is computed once, on its own, so that the number of threads changes nothing.
    fn by_tiles(
        totals: &[f64],
        tile: usize,
        shared: impl Fn([std::ops::Range<usize>; 2]) -> Vec<f64> + Sync,
    ) -> Self {
        let n = totals.len();
        let range = |t: usize| t * tile..((t + 1) * tile).min(n);
        let tiles = n.div_ceil(tile);
        let pairs: Vec<[usize; 2]> =
            (0..tiles).flat_map(|a| (a..tiles).map(move |b| [a, b])).collect();
        let amounts: Vec<Vec<f64>> =
            pairs.par_iter().map(|&[a, b]| shared([range(a), range(b)])).collect();
        let mut values = vec![1.0; n * n];
        for (&[a, b], amounts) in pairs.iter().zip(&amounts) {
            let cells = range(a).flat_map(|i| range(b).map(move |j| (i, j)));
            for ((i, j), &shared) in cells.zip(amounts) {
                let either = totals[i] + totals[j] - shared;
                if i != j && either > 0.0 {
                    let value = (shared / either).clamp(0.0, 1.0) as f32;
                    values[i * n + j] = value;
                    values[j * n + i] = value;
                }
            }
        }
        Self { n, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Repertoire, Row};
    use reperio_stats::Groups;
    use std::collections::BTreeMap;

    fn repertoire(junctions: &[String]) -> Repertoire {
        let mut builder = Builder::default();
        for junction_aa in junctions {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count: 7,
            });
        }
        builder.finish("r".to_owned())
    }

    /// The definition: 4-letter words of all clonotypes, counted by text.
    fn words(repertoire: &Repertoire) -> BTreeMap<String, f64> {
        let mut words = BTreeMap::new();
        for i in 0..repertoire.len() {
            let junction = repertoire.junction_aa(i);
            for at in 4..=junction.len() {
                *words.entry(junction[at - 4..at].to_owned()).or_default() +=
                    1.0 / repertoire.len() as f64;
            }
        }
        words
    }

    /// [`MinMax`, Jaccard] of two repertoires.
    fn naive(a: &Repertoire, b: &Repertoire) -> [f64; 2] {
        let (a, b) = (words(a), words(b));
        let mut all: Vec<&String> = a.keys().chain(b.keys()).collect();
        all.sort_unstable();
        all.dedup();
        let of = |words: &BTreeMap<String, f64>, word| words.get(word).copied().unwrap_or(0.0);
        let (mut minima, mut maxima, mut both) = (0.0, 0.0, 0.0);
        for word in &all {
            let (x, y) = (of(&a, *word), of(&b, *word));
            minima += x.min(y);
            maxima += x.max(y);
            both += f64::from(x > 0.0 && y > 0.0);
        }
        if all.is_empty() { [1.0, 1.0] } else { [minima / maxima, both / all.len() as f64] }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// More repertoires than a tile has rows, some without any 4-mer.
        #[test]
        fn kernels_equal_naive_set_arithmetic(
            cohort in prop::collection::vec(prop::collection::vec("[ACD]{2,9}", 0..8), 1..75),
        ) {
            let repertoires: Vec<Repertoire> = cohort.iter().map(|rows| repertoire(rows)).collect();
            let views: Vec<&Repertoire> = repertoires.iter().collect();
            let groups = Groups::each(views.len());
            let cache = FeatureCache::new(&views, &groups);
            let minmax = Kernel::of(&cache, Similarity::MinMax);
            let jaccard = Kernel::of(&cache, Similarity::Jaccard);
            for (i, a) in repertoires.iter().enumerate() {
                for (j, b) in repertoires.iter().enumerate() {
                    let found = [minmax.row(i)[j], jaccard.row(i)[j]].map(f64::from);
                    let expected = naive(a, b);
                    for (found, expected) in found.iter().zip(expected) {
                        prop_assert!((found - expected).abs() < 1e-5, "({i}, {j}): {found} != {expected}");
                    }
                }
            }
            let some: Vec<usize> = (0..views.len()).step_by(2).collect();
            let among = minmax.among(&some);
            for (a, &i) in some.iter().enumerate() {
                for (b, &j) in some.iter().enumerate() {
                    prop_assert_eq!(among[a * some.len() + b].to_bits(), minmax.row(i)[j].to_bits());
                }
            }
        }
    }
}
