//! The statistic of one candidate: its carriers against the number expected from depth and V/J usage.

use std::ops::RangeInclusive;

use reperio_stats::poisson::{ExpectedAnscombe, anscombe};

use super::DiscoveryInput;
use super::contrast::Contrast;
use super::hits::Hits;

/// Pseudo-sequences that pull a gene's carrier rate towards the rate over all genes.
const SHRINKAGE: f64 = 50.0;

/// Sequences of each V and J gene in each repertoire, and which sequences are already explained.
pub(super) struct Background<'a> {
    input: DiscoveryInput<'a>,
    hits: &'a [Hits],
    v: GeneTable,
    j: GeneTable,
    depth: Vec<f64>,
    /// `explained[bag][sequence]`.
    explained: Vec<Vec<bool>>,
    expected_anscombe: ExpectedAnscombe,
}

/// Sequences by repertoire and gene.
struct GeneTable {
    n: usize,
    by_bag: Vec<f64>,
    total: Vec<f64>,
}

impl GeneTable {
    fn new<'a>(n: usize, columns: impl Iterator<Item = &'a [u16]>) -> Self {
        let mut by_bag = Vec::new();
        let mut total = vec![0.0; n];
        for column in columns {
            let start = by_bag.len();
            by_bag.resize(start + n, 0.0);
            for &gene in column {
                by_bag[start + usize::from(gene)] += 1.0;
                total[usize::from(gene)] += 1.0;
            }
        }
        Self { n, by_bag, total }
    }

    /// Expected carriers in each bag given the carriers of each gene.
    fn expected(&self, carriers: &[f64], rate: f64) -> Vec<f64> {
        let shrunk =
            |(carriers, total): (&f64, &f64)| (carriers + SHRINKAGE * rate) / (total + SHRINKAGE);
        let rates: Vec<f64> = carriers.iter().zip(&self.total).map(shrunk).collect();
        let dot = |bag: &[f64]| bag.iter().zip(&rates).map(|(n, rate)| n * rate).sum();
        self.by_bag.chunks_exact(self.n).map(dot).collect()
    }
}

/// Carriers of one candidate by repertoire, by V and by J gene.
struct Carriers {
    bag: Vec<f64>,
    v: Vec<f64>,
    j: Vec<f64>,
}

impl<'a> Background<'a> {
    pub(super) fn new(input: DiscoveryInput<'a>, hits: &'a [Hits]) -> Self {
        let bags = input.repertoires;
        Self {
            input,
            hits,
            v: GeneTable::new(input.n_genes.0, bags.iter().map(|bag| bag.v())),
            j: GeneTable::new(input.n_genes.1, bags.iter().map(|bag| bag.j())),
            depth: bags.iter().map(|bag| bag.len() as f64).collect(),
            explained: bags.iter().map(|bag| vec![false; bag.len()]).collect(),
            expected_anscombe: ExpectedAnscombe::default(),
        }
    }

    /// Calls `each(bag, sequence, start)` once for every unexplained sequence that carries
    /// `candidate` at one of `starts`.
    fn carriers(
        &self,
        candidate: usize,
        starts: &RangeInclusive<usize>,
        mut each: impl FnMut(usize, usize, usize),
    ) {
        for (bag, (hits, explained)) in self.hits.iter().zip(&self.explained).enumerate() {
            let mut last = u32::MAX;
            for hit in hits.of(candidate) {
                let start = usize::from(hit.start);
                let sequence = hit.sequence as usize;
                if hit.sequence != last && starts.contains(&start) && !explained[sequence] {
                    last = hit.sequence;
                    each(bag, sequence, start);
                }
            }
        }
    }

    /// Marks the carriers of `candidate` as explained.
    pub(super) fn explain(&mut self, candidate: usize, starts: &RangeInclusive<usize>) {
        let mut found = Vec::new();
        self.carriers(candidate, starts, |bag, sequence, _| found.push((bag, sequence)));
        for (bag, sequence) in found {
            self.explained[bag][sequence] = true;
        }
    }

    /// Share of all sequences that carry `candidate` at one of `starts`.
    pub(super) fn share(&self, candidate: usize, starts: &RangeInclusive<usize>) -> f64 {
        let mut n = 0_u64;
        self.carriers(candidate, starts, |_, _, _| n += 1);
        n as f64 / self.depth.iter().sum::<f64>().max(1.0)
    }

    fn count(&self, candidate: usize, starts: &RangeInclusive<usize>) -> Carriers {
        let bags = self.input.repertoires;
        let mut carriers =
            Carriers { bag: vec![0.0; bags.len()], v: vec![0.0; self.v.n], j: vec![0.0; self.j.n] };
        self.carriers(candidate, starts, |bag, sequence, _| {
            carriers.bag[bag] += 1.0;
            carriers.v[usize::from(bags[bag].v()[sequence])] += 1.0;
            carriers.j[usize::from(bags[bag].j()[sequence])] += 1.0;
        });
        carriers
    }

    /// The stabilised count of carriers in each repertoire, less its expectation.
    fn residuals(&self, candidate: usize, starts: &RangeInclusive<usize>) -> Vec<f64> {
        let carriers = self.count(candidate, starts);
        let rate = carriers.bag.iter().sum::<f64>() / self.depth.iter().sum::<f64>().max(1.0);
        let by_v = self.v.expected(&carriers.v, rate);
        let by_j = self.j.expected(&carriers.j, rate);
        let mut residuals = Vec::with_capacity(self.depth.len());
        for (bag, &count) in carriers.bag.iter().enumerate() {
            // V and J act independently: their two corrections of the depth's expectation multiply.
            let plain = (self.depth[bag] * rate).max(1e-9);
            let expected = (by_v[bag] * by_j[bag] / plain).clamp(1e-9, 1e9);
            residuals.push(anscombe(count) - self.expected_anscombe.at(expected));
        }
        residuals
    }

    /// Score statistic of `candidate` for each contrast.
    pub(super) fn z(&self, candidate: usize, starts: &RangeInclusive<usize>) -> Vec<f64> {
        let residuals = self.residuals(candidate, starts);
        let groups = self.input.groups;
        self.input.contrasts.iter().map(|contrast| contrast.z(&residuals, groups)).collect()
    }

    /// Log-enrichment of `candidate` by window start and by residues behind the window's end, in
    /// repertoires above the contrast's mean against those below, shrunk to 0 where counts are small.
    pub(super) fn by_position(
        &self,
        candidate: usize,
        starts: &RangeInclusive<usize>,
        span: usize,
        contrast: &Contrast,
        n_positions: usize,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut by_start = vec![[0.0_f64; 2]; n_positions];
        let mut by_end = vec![[0.0_f64; 2]; n_positions];
        let mut depth = [0.0_f64; 2];
        let side = |bag: usize| contrast.values[bag].map(|value| usize::from(value > 0.0));
        for (bag, n) in self.depth.iter().enumerate() {
            if let Some(side) = side(bag) {
                depth[side] += n;
            }
        }
        self.carriers(candidate, starts, |bag, sequence, start| {
            if let Some(side) = side(bag) {
                let length = self.input.repertoires[bag].sequence(sequence).len();
                by_start[start.min(n_positions - 1)][side] += 1.0;
                by_end[(length - start - span).min(n_positions - 1)][side] += 1.0;
            }
        });
        let ratio = depth[1] / depth[0].max(1.0);
        let log = |[below, above]: &[f64; 2]| {
            // A prior of 10 carriers spread as the depth is.
            ((above + 10.0 * ratio) / (ratio * (below + 10.0))).ln()
        };
        (by_start.iter().map(log).collect(), by_end.iter().map(log).collect())
    }
}
