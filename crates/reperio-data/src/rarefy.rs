//! Rarefaction: sub-sampling a repertoire to a common depth.
//!
//! Both forms draw without replacement, and every subset of the given size has the same probability. So a
//! property of the sub-sample estimates the property of a sample sequenced less deeply. A repertoire that is
//! not larger than the depth stays whole.

use std::collections::HashSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::repertoire::Repertoire;

/// How deep repertoires may be; smaller ones stay whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// So many clonotypes.
    Clonotypes(usize),
    /// So many templates (copies).
    Templates(u64),
}

/// Draws from every repertoire; what is drawn depends on the seed and the repertoire's id alone.
pub fn all(repertoires: &mut [Repertoire], depth: Depth, seed: u64) {
    repertoires.par_iter_mut().for_each(|repertoire| {
        let mut rng = stream(seed, &repertoire.id);
        *repertoire = match depth {
            Depth::Clonotypes(n) => to_clonotypes(repertoire, n, &mut rng),
            Depth::Templates(n) => to_templates(repertoire, n, &mut rng),
        };
    });
}

/// Draws `copies[i]` copies (templates) from repertoire i; what is drawn depends on the seed and its id alone.
///
/// Drawing again from what was drawn, with another seed, gives each subset the same probability as drawing once: smaller
/// samples that are parts of larger ones.
///
/// # Panics
///
/// If there is not one number per repertoire.
pub fn to_copies(repertoires: &[&Repertoire], copies: &[u64], seed: u64) -> Vec<Repertoire> {
    assert_eq!(repertoires.len(), copies.len(), "one number a repertoire");
    let of = |(own, &n): (&&Repertoire, &u64)| to_templates(own, n, &mut stream(seed, &own.id));
    repertoires.par_iter().zip(copies).map(of).collect()
}

/// Random numbers of the repertoire `id`.
fn stream(seed: u64, id: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let digest = Sha256::digest(id.as_bytes());
    let first = digest.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    rng.set_stream(first);
    rng
}

/// Keeps `n` clonotypes, each with equal probability and all of its copies.
///
/// # Examples
///
/// ```
/// use rand_chacha::ChaCha8Rng;
/// use rand_chacha::rand_core::SeedableRng;
/// use reperio_data::rarefy;
/// use reperio_data::generator::Generator;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let generator = Generator::human_trb();
/// let donor = generator.repertoire("donor".to_owned(), 50, &generator.mean_usage(), &mut rng);
/// assert_eq!(rarefy::to_clonotypes(&donor, 20, &mut rng).len(), 20);
/// ```
pub fn to_clonotypes(repertoire: &Repertoire, n: usize, rng: &mut ChaCha8Rng) -> Repertoire {
    if repertoire.len() <= n {
        return repertoire.clone();
    }
    let drawn = draw(repertoire.len() as u64, n as u64, rng);
    let kept: Vec<usize> = drawn.into_iter().map(|i| i as usize).collect();
    let counts: Vec<u64> = kept.iter().map(|&i| repertoire.counts()[i]).collect();
    repertoire.select(&kept, &counts)
}

/// Keeps `n` copies (templates), each with equal probability.
///
/// The copies kept of each clonotype follow the multivariate hypergeometric distribution
///
/// ```text
/// P(k_1, k_2, ..) = prod_i C(c_i, k_i) / C(N, n)        N = sum_i c_i,  n = sum_i k_i
/// E[k_i] = n c_i / N
/// ```
///
/// Clonotypes of which no copy is kept leave the repertoire. Time and memory grow with the smaller
/// of `n` and `N - n`.
///
/// # Examples
///
/// ```
/// use rand_chacha::ChaCha8Rng;
/// use rand_chacha::rand_core::SeedableRng;
/// use reperio_data::rarefy;
/// use reperio_data::generator::Generator;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let generator = Generator::human_trb();
/// let donor = generator.repertoire("donor".to_owned(), 50, &generator.mean_usage(), &mut rng);
/// assert_eq!(rarefy::to_templates(&donor, 30, &mut rng).templates(), 30);
/// ```
///
/// # References
///
/// - Hurlbert, *The nonconcept of species diversity*, Ecology 1971 (expected clonotypes after
///   rarefaction). <https://doi.org/10.2307/1934145>
pub fn to_templates(repertoire: &Repertoire, n: u64, rng: &mut ChaCha8Rng) -> Repertoire {
    let total = repertoire.templates();
    if total <= n {
        return repertoire.clone();
    }
    let (mut kept, mut counts) = (Vec::new(), Vec::new());
    for (i, count) in copies_kept(repertoire.counts(), n, rng).into_iter().enumerate() {
        if count > 0 {
            kept.push(i);
            counts.push(count);
        }
    }
    repertoire.select(&kept, &counts)
}

/// Copies kept of each clonotype when `n` of all copies are drawn; `n` is below their sum.
fn copies_kept(counts: &[u64], n: u64, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let total: u64 = counts.iter().sum();
    // Drawing the smaller side, kept or removed, costs less and is the same distribution.
    let keeps = n <= total - n;
    let mut drawn = draw(total, n.min(total - n), rng).into_iter().peekable();
    let mut end = 0;
    let mut out = Vec::with_capacity(counts.len());
    for &count in counts {
        end += count;
        let mut hits = 0;
        while drawn.next_if(|&copy| copy < end).is_some() {
            hits += 1;
        }
        out.push(if keeps { hits } else { count - hits });
    }
    out
}

/// `n` distinct numbers below `total` in increasing order, every set with equal probability.
///
/// Floyd's method: exact, and without a table of all `total` numbers. Bentley and Floyd, *A sample of
/// brilliance*, CACM 1987, <https://doi.org/10.1145/30401.315746>.
fn draw(total: u64, n: u64, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let mut taken = HashSet::with_capacity(n as usize);
    for last in total - n..total {
        let number = rng.random_range(0..=last);
        taken.insert(if taken.contains(&number) { last } else { number });
    }
    let mut drawn: Vec<u64> = taken.into_iter().collect();
    drawn.sort_unstable(); // Also removes the order of the hash set.
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet::AMINO_ACIDS;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use proptest::prelude::*;

    /// Clonotype i is `C`, residue i, `F`: the canonical order is that of `counts`.
    fn repertoire(counts: &[u64]) -> Repertoire {
        let mut builder = Builder::default();
        for (&duplicate_count, &residue) in counts.iter().zip(&AMINO_ACIDS) {
            let junction_aa = format!("C{}F", char::from(residue));
            builder.push(Row {
                junction_aa: JunctionAa::new(&junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        builder.finish("r".to_owned())
    }

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    /// Copies of each of the first `size` clonotypes, 0 where it is gone.
    fn copies(repertoire: &Repertoire, size: usize) -> Vec<u64> {
        let mut copies = vec![0; size];
        for i in 0..repertoire.len() {
            copies[usize::from(repertoire.junction_codes(i)[1])] = repertoire.counts()[i];
        }
        copies
    }

    #[test]
    fn each_repertoire_has_its_own_number_of_copies_and_samples_are_nested() {
        let mut others = repertoire(&[9, 2, 2, 40]);
        others.id = "s".to_owned();
        let whole = [repertoire(&[50, 1, 2, 7, 1, 30]), others];
        let half = to_copies(&[&whole[0], &whole[1]], &[45, 30], 1);
        let less = to_copies(&[&half[0], &half[1]], &[10, 30], 2);
        assert_eq!([&half[0], &half[1], &less[0]].map(Repertoire::templates), [45, 30, 10]);
        assert_eq!(less[1], half[1]);
        for (small, large) in copies(&less[0], 6).iter().zip(copies(&half[0], 6)) {
            assert!(*small <= large);
        }
    }

    const SEEDS: u64 = 4_000;
    /// A right program passes all checks below with probability above 0.9999 over the choice of
    /// seeds; the seeds are fixed, so the tests give the same answer every time.
    const STANDARD_ERRORS: f64 = 5.0;

    fn assert_mean(name: &str, mean: f64, expected: f64, variance: f64) {
        let limit = STANDARD_ERRORS * (variance / SEEDS as f64).sqrt() + 1e-12;
        assert!((mean - expected).abs() <= limit, "{name}: {mean} is not {expected} +- {limit}");
    }

    #[test]
    fn mean_copies_over_seeds_are_the_hypergeometric_expectation() {
        for counts in [&[1, 1, 1, 1, 1][..], &[50, 1, 2, 7, 1, 30], &[1_000, 1, 1]] {
            let (whole, total) = (repertoire(counts), counts.iter().sum::<u64>());
            for n in [1, total / 3, total - 1] {
                let mut sums = vec![0; counts.len()];
                for seed in 0..SEEDS {
                    let rarefied = to_templates(&whole, n, &mut rng(seed));
                    for (sum, copies) in sums.iter_mut().zip(copies(&rarefied, counts.len())) {
                        *sum += copies;
                    }
                }
                let (big, small) = (total as f64, n as f64);
                for (&count, sum) in counts.iter().zip(sums) {
                    let p = count as f64 / big;
                    let variance = small * p * (1.0 - p) * (big - small) / (big - 1.0);
                    let name = format!("{counts:?} to {n}, clonotype with {count}");
                    assert_mean(&name, sum as f64 / SEEDS as f64, small * p, variance);
                }
            }
        }
    }

    /// C(a, n) / C(b, n) for a <= b.
    fn binomial_ratio(a: u64, b: u64, n: u64) -> f64 {
        (0..n).map(|i| (a as f64 - i as f64).max(0.0) / (b - i) as f64).product()
    }

    #[test]
    fn mean_richness_over_seeds_is_hurlberts_expectation() {
        let counts = [50, 1, 2, 7, 1, 30];
        let (whole, total) = (repertoire(&counts), counts.iter().sum::<u64>());
        for n in [1, 5, 40, 85] {
            let expected: f64 =
                counts.iter().map(|c| 1.0 - binomial_ratio(total - c, total, n)).sum();
            let seen: Vec<f64> =
                (0..SEEDS).map(|s| to_templates(&whole, n, &mut rng(s)).len() as f64).collect();
            let mean = seen.iter().sum::<f64>() / SEEDS as f64;
            let variance = seen.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / SEEDS as f64;
            assert_mean(&format!("richness at {n}"), mean, expected, variance);
        }
    }

    #[test]
    fn each_clonotype_is_kept_equally_often() {
        let counts = [50, 1, 2, 7, 1, 30, 4];
        let whole = repertoire(&counts);
        for n in [1, 3, 6] {
            let mut kept = [0_u64; 7];
            for seed in 0..SEEDS {
                let rarefied = to_clonotypes(&whole, n, &mut rng(seed));
                for (kept, copies) in kept.iter_mut().zip(copies(&rarefied, 7)) {
                    *kept += u64::from(copies > 0);
                }
            }
            let p = n as f64 / 7.0;
            for (i, kept) in kept.into_iter().enumerate() {
                let mean = kept as f64 / SEEDS as f64;
                assert_mean(&format!("{n} of 7, clonotype {i}"), mean, p, p * (1.0 - p));
            }
        }
    }

    proptest! {
        #[test]
        fn templates_add_up_and_none_is_invented(
            counts in prop::collection::vec(1_u64..200, 1..20), n in 0_u64..3_000, seed: u64,
        ) {
            let whole = repertoire(&counts);
            let rarefied = to_templates(&whole, n, &mut rng(seed));
            prop_assert_eq!(rarefied.templates(), n.min(whole.templates()));
            for (after, before) in copies(&rarefied, counts.len()).iter().zip(&counts) {
                prop_assert!(after <= before);
            }
            if whole.templates() <= n {
                prop_assert_eq!(rarefied, whole);
            }
        }

        #[test]
        fn clonotypes_keep_all_of_their_copies(
            counts in prop::collection::vec(1_u64..200, 1..20), n in 0_usize..25, seed: u64,
        ) {
            let whole = repertoire(&counts);
            let rarefied = to_clonotypes(&whole, n, &mut rng(seed));
            prop_assert_eq!(rarefied.len(), n.min(whole.len()));
            for (after, before) in copies(&rarefied, counts.len()).iter().zip(&counts) {
                prop_assert!(*after == 0 || after == before);
            }
            prop_assert_eq!(to_clonotypes(&whole, n, &mut rng(seed)), rarefied);
        }
    }
}
