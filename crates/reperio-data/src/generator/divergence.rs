//! How different two sets of repertoires are: Jensen-Shannon divergences of their distributions.

use serde::Serialize;

use crate::kmer::pattern::Pattern;
use crate::repertoire::Repertoire;

/// Jensen-Shannon divergences between two sets of repertoires, in bits (0: equal, 1: disjoint).
///
/// All clonotypes have the same weight, whatever their counts or repertoire. A finite sample adds about
/// (outcomes that occur) / (8 ln 2) * (1/n + 1/m) bits even between equal populations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Divergences {
    /// Junction lengths.
    pub length: f64,
    /// V genes.
    pub v: f64,
    /// J genes.
    pub j: f64,
    /// Pairs of V and J genes.
    pub vj: f64,
    /// 3-mers of whole junctions.
    pub kmer3: f64,
    /// 3-mers that start in the first third of the junction's windows.
    pub kmer3_first_third: f64,
    /// 3-mers that start in the middle third.
    pub kmer3_middle_third: f64,
    /// 3-mers that start in the last third.
    pub kmer3_last_third: f64,
}

/// One row of a table of divergences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// First set.
    pub a: String,
    /// Second set.
    pub b: String,
    /// Their divergences.
    pub divergences: Divergences,
}

/// Compares the pooled clonotypes of two sets of repertoires.
///
/// # Examples
///
/// ```
/// use rand_chacha::ChaCha8Rng;
/// use rand_chacha::rand_core::SeedableRng;
/// use reperio_data::generator::Generator;
/// use reperio_data::generator::divergence::compare;
///
/// let known = Generator::human_trb();
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let donor = known.repertoire("donor".to_owned(), 500, &known.mean_usage(), &mut rng);
/// assert!(compare(&[&donor], &[&donor]).v.abs() < 1e-12);
/// ```
///
/// # Panics
///
/// If a set holds no clonotype with at least three residues.
pub fn compare(a: &[&Repertoire], b: &[&Repertoire]) -> Divergences {
    Profile::of(a).compare(&Profile::of(b))
}

/// The distributions of one set of repertoires, for comparison with several others.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    length: Vec<f64>,
    v: Named,
    j: Named,
    vj: Named,
    kmers: [Vec<f64>; 3],
}

/// Counts by name, sorted by name.
type Named = std::collections::BTreeMap<String, f64>;

impl Profile {
    /// Pools the clonotypes of `repertoires`.
    pub fn of(repertoires: &[&Repertoire]) -> Self {
        let pattern = Pattern::contiguous(3);
        let mut out = Self::default();
        out.kmers.fill(vec![0.0; pattern.n_codes()]);
        for repertoire in repertoires {
            out.add_genes(repertoire);
            for i in 0..repertoire.len() {
                let junction = repertoire.junction_codes(i);
                if out.length.len() <= junction.len() {
                    out.length.resize(junction.len() + 1, 0.0);
                }
                out.length[junction.len()] += 1.0;
                let windows = junction.len().saturating_sub(2);
                for (start, code) in pattern.codes(junction).enumerate() {
                    out.kmers[start * 3 / windows][code as usize] += 1.0;
                }
            }
        }
        out
    }

    fn add_genes(&mut self, repertoire: &Repertoire) {
        let genes = repertoire.genes();
        let mut pairs = vec![0.0; genes.v.len() * genes.j.len()];
        for (&v, &j) in repertoire.v().iter().zip(repertoire.j()) {
            pairs[usize::from(v) * genes.j.len() + usize::from(j)] += 1.0;
        }
        for (at, n) in pairs.into_iter().enumerate().filter(|&(_, n)| n > 0.0) {
            let (v, j) = (&genes.v[at / genes.j.len()], &genes.j[at % genes.j.len()]);
            *self.v.entry(v.clone()).or_default() += n;
            *self.j.entry(j.clone()).or_default() += n;
            *self.vj.entry(format!("{v}\t{j}")).or_default() += n;
        }
    }

    /// Divergences between two profiles.
    ///
    /// # Panics
    ///
    /// If a profile holds no clonotype with at least three residues.
    pub fn compare(&self, other: &Self) -> Divergences {
        let third = |at: usize| jensen_shannon(&self.kmers[at], &other.kmers[at]);
        Divergences {
            length: jensen_shannon(&self.length, &other.length),
            v: named(&self.v, &other.v),
            j: named(&self.j, &other.j),
            vj: named(&self.vj, &other.vj),
            kmer3: jensen_shannon(&self.all_kmers(), &other.all_kmers()),
            kmer3_first_third: third(0),
            kmer3_middle_third: third(1),
            kmer3_last_third: third(2),
        }
    }

    fn all_kmers(&self) -> Vec<f64> {
        let sum = |code: usize| self.kmers.iter().map(|third| third[code]).sum();
        (0..self.kmers[0].len()).map(sum).collect()
    }
}

fn named(a: &Named, b: &Named) -> f64 {
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let counts =
        |of: &Named| names.iter().map(|&name| of.get(name).copied().unwrap_or(0.0)).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = (counts(a), counts(b));
    jensen_shannon(&a, &b)
}

/// Jensen-Shannon divergence of two vectors of counts, in bits; the shorter is filled with zeros.
///
/// ```text
/// JSD(p, q) = KL(p || m) / 2 + KL(q || m) / 2,    m = (p + q) / 2
/// ```
///
/// # Panics
///
/// If all counts of one are 0.
fn jensen_shannon(a: &[f64], b: &[f64]) -> f64 {
    let (total_a, total_b): (f64, f64) = (a.iter().sum(), b.iter().sum());
    assert!(total_a > 0.0 && total_b > 0.0, "sums {total_a} and {total_b}, expected above 0");
    let term = |p: f64, m: f64| if p > 0.0 { p * (p / m).log2() } else { 0.0 };
    let share = |of: &[f64], at: usize, total: f64| of.get(at).copied().unwrap_or(0.0) / total;
    let sum: f64 = (0..a.len().max(b.len()))
        .map(|at| {
            let (p, q) = (share(a, at, total_a), share(b, at, total_b));
            let m = f64::midpoint(p, q);
            f64::midpoint(term(p, m), term(q, m))
        })
        .sum();
    sum.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use proptest::prelude::*;

    #[test]
    fn known_divergences() {
        assert!(jensen_shannon(&[1.0, 3.0], &[2.0, 6.0]).abs() < 1e-12);
        assert!((jensen_shannon(&[1.0], &[0.0, 5.0]) - 1.0).abs() < 1e-12);
        // m = (3/4, 1/4): (log2(4/3) + log2(2/3)/2 + log2(2)/2) / 2
        assert!((jensen_shannon(&[1.0, 0.0], &[1.0, 1.0]) - 0.311_278_124).abs() < 1e-8);
    }

    #[test]
    fn sets_that_share_nothing_are_one_bit_apart() {
        let one = |junction_aa, v_call, j_call| {
            let mut builder = Builder::default();
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call,
                duplicate_count: 1,
            });
            builder.finish("r".to_owned())
        };
        let found = compare(&[&one("CAAAAF", "V1", "J1")], &[&one("CDDDDDF", "V2", "J2")]);
        for value in [found.length, found.v, found.j, found.vj, found.kmer3, found.kmer3_last_third]
        {
            assert!((value - 1.0).abs() < 1e-12, "{found:?}");
        }
    }

    /// One of the four windows of the first third differs; copies do not count.
    #[test]
    fn thirds_are_those_of_the_windows_and_clonotypes_count_once() {
        let of = |rows: &[(&str, u64)]| {
            let mut builder = Builder::default();
            for &(junction, duplicate_count) in rows {
                let junction_aa = JunctionAa::new(junction).unwrap();
                builder.push(Row { junction_aa, v_call: "V1", j_call: "J1", duplicate_count });
            }
            builder.finish("r".to_owned())
        };
        let found = compare(&[&of(&[("WAAAAAAAAAAA", 1)])], &[&of(&[("DAAAAAAAAAAA", 1)])]);
        let thirds = [found.kmer3_first_third, found.kmer3_middle_third, found.kmer3_last_third];
        for (third, expected) in thirds.into_iter().zip([0.25, 0.0, 0.0]) {
            assert!((third - expected).abs() < 1e-12, "{found:?}");
        }
        let (a, b) = (of(&[("CAAF", 5), ("CAAAF", 1)]), of(&[("CAAF", 1), ("CAAAF", 7)]));
        let found = compare(&[&a], &[&b]);
        assert!([found.length, found.v, found.kmer3].iter().all(|d| d.abs() < 1e-12), "{found:?}");
    }

    proptest! {
        #[test]
        fn is_symmetric_and_between_zero_and_one(
            a in prop::collection::vec(0.0_f64..5.0, 1..9),
            b in prop::collection::vec(0.0_f64..5.0, 1..9),
        ) {
            prop_assume!(a.iter().sum::<f64>() > 0.0 && b.iter().sum::<f64>() > 0.0);
            let found = jensen_shannon(&a, &b);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&found));
            prop_assert!((found - jensen_shannon(&b, &a)).abs() < 1e-12);
        }
    }
}
