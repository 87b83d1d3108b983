//! Fitting a generator to real repertoires.

use super::file::{Lengths, Parameters};
use super::layout::{CLASSES, TableLayout};
use super::residues::ResidueTally;
use super::{CountModel, DepthModel, Generator, Variation, rows};
use crate::repertoire::{GeneVocabulary, Repertoire};

/// Weight of the independent estimate of lengths given V and J, in clonotypes.
const KAPPA: f64 = 50.0;

/// Options for fitting a generator.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Shortest junction used, in residues.
    pub min_length: usize,
    /// Longest junction used, in residues.
    pub max_length: usize,
    /// Genes with a smaller share of all clonotypes are left out, with their clonotypes.
    pub min_gene_share: f64,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { min_length: 7, max_length: 30, min_gene_share: 2e-5 }
    }
}

/// Why a generator could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Nothing left to fit to.
    #[error(
        "no clonotype with {min_length} to {max_length} residues in {repertoires} repertoires, expected at least one"
    )]
    Empty {
        /// Repertoires given.
        repertoires: usize,
        /// Shortest junction used.
        min_length: usize,
        /// Longest junction used.
        max_length: usize,
    },
}

impl Generator {
    /// Fits a generator. All clonotypes have the same weight, whatever their counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use rand_chacha::ChaCha8Rng;
    /// use rand_chacha::rand_core::SeedableRng;
    /// use reperio_data::generator::{FitOptions, Generator};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let known = Generator::human_trb();
    /// let mut rng = ChaCha8Rng::seed_from_u64(1);
    /// let donor = known.repertoire("donor".to_owned(), 500, &known.mean_usage(), &mut rng);
    /// let generator = Generator::fit(&[&donor], &FitOptions::default())?;
    /// let path = folder.path().join("generator.json.gz");
    /// generator.save(&path)?;
    /// assert_eq!(Generator::load(&path)?.fitted_to().0, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If no clonotype is left after the options' limits.
    pub fn fit(repertoires: &[&Repertoire], options: &FitOptions) -> Result<Self, FitError> {
        let genes = frequent_genes(repertoires, options.min_gene_share);
        let (n_v, n_j) = (genes.v.len(), genes.j.len());
        let (min, max) = (options.min_length.max(2), options.max_length);
        let width = (max + 1).saturating_sub(min);
        let mut lengths = vec![vec![0_u32; width]; n_v * n_j];
        each(repertoires, &genes, (min, max), |v, j, junction| {
            lengths[v * n_j + j][junction.len() - min] += 1;
        });
        let pairs: Vec<u32> = lengths.iter().map(|row| row.iter().sum()).collect();
        let clonotypes: u64 = pairs.iter().map(|&n| u64::from(n)).sum();
        if clonotypes == 0 {
            let (min_length, max_length) = (min, max);
            return Err(FitError::Empty { repertoires: repertoires.len(), min_length, max_length });
        }
        let class_bounds = class_bounds(&lengths, min);
        let layout = TableLayout { n_v, n_j, max_length: max, class_bounds };
        let mut tally = ResidueTally::new(layout.clone());
        each(repertoires, &genes, (min, max), |v, j, junction| tally.add(v, j, junction));
        Ok(Self::new(Parameters {
            fitted_repertoires: repertoires.len() as u64,
            fitted_clonotypes: clonotypes,
            lengths: Lengths {
                min,
                max,
                occurs: pairs.iter().map(|&n| n > 0).collect(),
                rows: length_rows(&lengths, n_j),
            },
            residues: tally.fit(),
            layout,
            pairs,
            counts: CountModel::fit(repertoires),
            depth: DepthModel::fit(repertoires),
            variation: Variation::fit(repertoires, &genes),
            genes,
        }))
    }
}

/// Genes with at least `min_share` of all clonotypes; the unknown gene stays.
fn frequent_genes(repertoires: &[&Repertoire], min_share: f64) -> GeneVocabulary {
    let mut genes = GeneVocabulary::of(repertoires.iter().copied());
    let total: usize = repertoires.iter().map(|repertoire| repertoire.len()).sum();
    // A family that only stands for genes beside it has no clonotype.
    let least = (min_share * total as f64).max(1.0);
    let is_frequent = |name: &String, pick: fn(&Repertoire) -> (&[u16], &[String])| {
        let occurrences = |repertoire: &&Repertoire| {
            let (indices, names) = pick(repertoire);
            let own = names.iter().position(|other| other == name);
            own.map_or(0, |own| indices.iter().filter(|&&index| usize::from(index) == own).count())
        };
        name.is_empty() || repertoires.iter().map(occurrences).sum::<usize>() as f64 >= least
    };
    genes.v.retain(|name| is_frequent(name, |r| (r.v(), &r.genes().v)));
    genes.j.retain(|name| is_frequent(name, |r| (r.j(), &r.genes().j)));
    genes
}

/// Calls `visit` with V, J and residues of every clonotype within the limits.
fn each(
    repertoires: &[&Repertoire],
    genes: &GeneVocabulary,
    (min, max): (usize, usize),
    mut visit: impl FnMut(usize, usize, &[u8]),
) {
    for repertoire in repertoires {
        let place = |from: &[String], to: &[String]| -> Vec<Option<usize>> {
            from.iter().map(|name| to.iter().position(|other| other == name)).collect()
        };
        let v_place = place(&repertoire.genes().v, &genes.v);
        let j_place = place(&repertoire.genes().j, &genes.j);
        for i in 0..repertoire.len() {
            let junction = repertoire.junction_codes(i);
            let v = v_place[usize::from(repertoire.v()[i])];
            let j = j_place[usize::from(repertoire.j()[i])];
            if let (Some(v), Some(j), true) = (v, j, (min..=max).contains(&junction.len())) {
                visit(v, j, junction);
            }
        }
    }
}

/// Lengths that divide the clonotypes into classes of about equal size.
fn class_bounds(lengths: &[Vec<u32>], min: usize) -> [usize; CLASSES - 1] {
    let width = lengths[0].len();
    let marginal: Vec<u64> =
        (0..width).map(|l| lengths.iter().map(|row| u64::from(row[l])).sum()).collect();
    let total: u64 = marginal.iter().sum();
    std::array::from_fn(|class| {
        let wanted = total * (class as u64 + 1) / CLASSES as u64;
        let mut below = 0;
        let mut reaches = marginal.iter().position(|n| {
            below += n;
            below >= wanted
        });
        min + reaches.take().unwrap_or(width - 1)
    })
}

/// Quantised `P(length | V, J)` of each pair that occurs, shrunk towards independence,
/// `P(l | v) P(l | j) / P(l)`, whose parts are shrunk towards `P(l)`.
fn length_rows(lengths: &[Vec<u32>], n_j: usize) -> Vec<u8> {
    let width = lengths[0].len();
    let shrunk = |pairs: &mut dyn Iterator<Item = usize>, prior: &[f64]| {
        let mut row: Vec<f64> = prior.iter().map(|p| KAPPA * p).collect();
        for pair in pairs {
            row.iter_mut().zip(&lengths[pair]).for_each(|(sum, &n)| *sum += f64::from(n));
        }
        let total: f64 = row.iter().sum();
        row.iter().map(|n| n / total).collect::<Vec<f64>>()
    };
    let uniform = vec![1e-3 / width as f64; width]; // No length is impossible.
    let all = shrunk(&mut (0..lengths.len()), &uniform);
    let of_v = |v: usize| shrunk(&mut (v * n_j..(v + 1) * n_j), &all);
    let by_v: Vec<_> = (0..lengths.len() / n_j).map(of_v).collect();
    let of_j = |j: usize| shrunk(&mut (j..lengths.len()).step_by(n_j), &all);
    let by_j: Vec<_> = (0..n_j).map(of_j).collect();
    let mut bytes = Vec::new();
    for (pair, row) in lengths.iter().enumerate() {
        let n: f64 = row.iter().map(|&n| f64::from(n)).sum();
        if n > 0.0 {
            let (v, j) = (&by_v[pair / n_j], &by_j[pair % n_j]);
            let product: Vec<f64> = (0..width).map(|l| v[l] * j[l] / all[l]).collect();
            let total: f64 = product.iter().sum();
            let mixed = |l: usize| f64::from(row[l]) + KAPPA * product[l] / total;
            bytes.extend(rows::quantise(&(0..width).map(mixed).collect::<Vec<_>>()));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_gene_pair_keeps_its_own_lengths() {
        let mut builder = Builder::default();
        for i in 0..4_000 {
            let middle = alphabet_text(i);
            let short = format!("CAS{middle}EQYF");
            let long = format!("CASSLGG{middle}EQYF");
            builder.push(Row {
                junction_aa: JunctionAa::new(&short).unwrap(),
                v_call: "A",
                j_call: "B",
                duplicate_count: 1,
            });
            builder.push(Row {
                junction_aa: JunctionAa::new(&long).unwrap(),
                v_call: "C",
                j_call: "B",
                duplicate_count: 1,
            });
        }
        let repertoire = builder.finish("r".to_owned());
        let generator = Generator::fit(&[&repertoire], &FitOptions::default()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let usage = generator.mean_usage();
        let mut right = 0;
        for _ in 0..1_000 {
            let mut junction = Vec::new();
            let (v, _) = generator.draw(&usage, &mut junction, &mut rng);
            let expected = if generator.genes().v[v] == "A" { 10 } else { 14 };
            right += u32::from(junction.len() == expected);
        }
        assert!(right > 980, "{right} of 1000");
    }

    /// Three letters that spell `i`.
    fn alphabet_text(i: usize) -> String {
        crate::alphabet::decode(&[(i % 20) as u8, (i / 20 % 20) as u8, (i / 400 % 20) as u8])
    }

    #[test]
    fn only_families_that_occur_are_fitted() {
        let mut builder = Builder::default();
        for v_call in ["TRBV5", "TRBV6-2"] {
            let (junction_aa, j_call) = ("CASSEQYF", "TRBJ2-7");
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call,
                duplicate_count: 1,
            });
        }
        let repertoire = builder.finish("r".to_owned());
        assert_eq!(GeneVocabulary::of([&repertoire]).v, ["", "TRBV5", "TRBV6", "TRBV6-2"]);
        assert_eq!(frequent_genes(&[&repertoire], 0.0).v, ["", "TRBV5", "TRBV6-2"]);
    }

    #[test]
    fn nothing_to_fit_to_is_an_error() {
        let empty = Builder::default().finish("r".to_owned());
        let error = Generator::fit(&[&empty], &FitOptions::default()).unwrap_err();
        insta::assert_snapshot!(error, @"no clonotype with 7 to 30 residues in 1 repertoires, expected at least one");
    }
}
