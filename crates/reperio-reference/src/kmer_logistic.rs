//! Logistic regression on k-mer frequencies.
//!
//! A feature is the share of one k-mer among all windows of its pattern in a repertoire. Every clonotype
//! counts once whatever its copies, so that a few expanded clones do not speak for all. Frequencies
//! are taken as they are, not as square roots: the logit is then a plain sum over clonotypes. They are
//! standardised within what is learned from.
//!
//! # References
//!
//! - Kanduri et al., *Profiling the baseline performance and limits of machine learning models for
//!   adaptive immune receptor repertoire classification*, `GigaScience` 2022.
//!   <https://doi.org/10.1093/gigascience/giac046>
//! - Pavlović et al., *The immuneML ecosystem for machine learning analysis of adaptive immune receptor
//!   repertoires*, Nature Machine Intelligence 2021. <https://doi.org/10.1038/s42256-021-00413-z>

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::kmer::pattern::Pattern;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;

use crate::logistic::{Chosen, Table, choose};
use crate::material::Material;
use crate::method::{Fitted, Method, MethodError, Part};

/// Logistic regression on the frequencies of k-mers, L1 or L2.
#[derive(Clone, Copy, Debug)]
pub struct KmerLogistic {
    name: &'static str,
    about: &'static str,
    k: usize,
    gaps: usize,
    anchors: bool,
}

impl KmerLogistic {
    /// `kmer3-logistic`: 8,000 contiguous 3-mers.
    pub fn three() -> Self {
        let about = "logistic regression on 3-mer frequencies (Kanduri et al. 2022)";
        Self { name: "kmer3-logistic", about, k: 3, gaps: 0, anchors: false }
    }

    /// `kmer4-logistic`: 160,000 contiguous 4-mers.
    pub fn four() -> Self {
        let about = "logistic regression on 4-mer frequencies (Kanduri et al. 2022)";
        Self { name: "kmer4-logistic", about, k: 4, gaps: 0, anchors: false }
    }

    /// `gapped-logistic`: 3-mers, contiguous and with one position ignored; 24,000.
    pub fn gapped() -> Self {
        let about = "logistic regression on frequencies of 3-mers with at most one gap (Pavlović et al. 2021)";
        Self { name: "gapped-logistic", about, k: 3, gaps: 1, anchors: false }
    }

    /// Counts k-mers that reach into the conserved first and last residue of the junction too.
    ///
    /// They are left out otherwise: the anchors are the same in every receptor of a locus, so such
    /// k-mers are shorter ones with a position, and tell mostly of the V and J gene.
    pub fn with_anchors(self) -> Self {
        Self { anchors: true, ..self }
    }

    fn features(self, material: &Material<'_>) -> Arc<Frequencies> {
        let Self { k, gaps, anchors, .. } = self;
        let name = format!("k-mer frequencies, k {k}, gaps {gaps}, anchors {anchors}");
        material.features(&name, |all| Frequencies::of(all, &Pattern::all(k, gaps), anchors))
    }
}

impl Method for KmerLogistic {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn prepare(&self, material: &Material<'_>) {
        self.features(material);
    }

    fn fit(&self, part: Part<'_>, observer: &dyn Observer) -> Result<Box<dyn Fitted>, MethodError> {
        let features = self.features(part.material);
        let chosen = choose(&features.table, part, observer)?;
        let patterns = Pattern::all(self.k, self.gaps);
        let mut weights: Vec<Vec<f64>> =
            patterns.iter().map(|pattern| vec![0.0; pattern.n_codes()]).collect();
        for (&(pattern, code), &weight) in features.kmers.iter().zip(&chosen.linear.weights) {
            weights[pattern][code as usize] = weight;
        }
        Ok(Box::new(FittedKmers { method: *self, chosen, patterns, weights }))
    }
}

/// Frequencies of all k-mers that occur in a cohort.
struct Frequencies {
    table: Table,
    /// Pattern and code of each column.
    kmers: Vec<(usize, u32)>,
}

impl Frequencies {
    fn of(repertoires: &[&Repertoire], patterns: &[Pattern], anchors: bool) -> Self {
        let counts: Vec<Vec<Vec<u32>>> =
            repertoires.par_iter().map(|own| counts(own, patterns, anchors)).collect();
        let occurs = |pattern: usize, code: usize| counts.iter().any(|own| own[pattern][code] > 0);
        let codes = |(at, pattern): (usize, &Pattern)| {
            (0..pattern.n_codes())
                .filter(move |&code| occurs(at, code))
                .map(move |code| (at, code as u32))
                .collect::<Vec<_>>()
        };
        let kmers: Vec<(usize, u32)> = patterns.iter().enumerate().flat_map(codes).collect();
        let row = |own: &Vec<Vec<u32>>| -> Vec<f32> {
            let totals: Vec<f64> = own.iter().map(|counts| total(counts)).collect();
            let share = |&(pattern, code): &(usize, u32)| {
                (f64::from(own[pattern][code as usize]) / totals[pattern]) as f32
            };
            kmers.iter().map(share).collect()
        };
        let values = counts.par_iter().flat_map_iter(row).collect();
        Self { table: Table::new(kmers.len(), values), kmers }
    }
}

/// Occurrences by pattern and code, each clonotype once.
fn counts(repertoire: &Repertoire, patterns: &[Pattern], anchors: bool) -> Vec<Vec<u32>> {
    let of = |pattern: &Pattern| {
        let mut counts = vec![0; pattern.n_codes()];
        for i in 0..repertoire.len() {
            for code in pattern.codes(residues(repertoire, i, anchors)) {
                counts[code as usize] += 1;
            }
        }
        counts
    };
    patterns.iter().map(of).collect()
}

/// Windows of a pattern, at least 1 so that shares of nothing are 0.
fn total(counts: &[u32]) -> f64 {
    counts.iter().map(|&count| f64::from(count)).sum::<f64>().max(1.0)
}

/// Residues of clonotype `i`, with or without its first and last.
fn residues(repertoire: &Repertoire, i: usize, anchors: bool) -> &[u8] {
    let junction = repertoire.junction_codes(i);
    if anchors { junction } else { junction.get(1..junction.len().max(2) - 1).unwrap_or(&[]) }
}

struct FittedKmers {
    method: KmerLogistic,
    chosen: Chosen,
    patterns: Vec<Pattern>,
    /// Weight by pattern and code; 0 for k-mers that no repertoire of the cohort has.
    weights: Vec<Vec<f64>>,
}

impl Fitted for FittedKmers {
    fn logits(&self, material: &Material<'_>, members: &[usize]) -> Vec<f64> {
        self.chosen.linear.logits(&self.method.features(material).table, members)
    }

    fn choices(&self) -> serde_json::Value {
        self.chosen.choices()
    }

    fn parameters(&self) -> Vec<f64> {
        self.chosen.parameters()
    }

    /// ```text
    /// evidence of a clonotype = Σ over its windows  w[k-mer] / windows of the pattern in the repertoire
    /// ```
    ///
    /// The evidences of a repertoire and the intercept add up to its logit.
    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        let anchors = self.method.anchors;
        let counts = counts(repertoire, &self.patterns, anchors);
        let totals: Vec<f64> = counts.iter().map(|counts| total(counts)).collect();
        let evidence = |i| {
            let own = residues(repertoire, i, anchors);
            let of = |(at, pattern): (usize, &Pattern)| {
                let sum: f64 = pattern.codes(own).map(|code| self.weights[at][code as usize]).sum();
                sum / totals[at]
            };
            self.patterns.iter().enumerate().map(of).sum()
        };
        Some((0..repertoire.len()).map(evidence).collect())
    }
}
