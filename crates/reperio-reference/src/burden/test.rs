//! One test a k-mer, and the k-mers that pass best.

use crate::kernel::Spectra;

/// What is tested, and what of a selected k-mer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Presence: phi coefficient of presence and label.
    Presence,
    /// Frequency: t of the square-root frequencies, which have like variances at all frequencies.
    Frequency,
}

impl Test {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Frequency => "frequency",
        }
    }

    /// What of a frequency counts.
    fn value(self, frequency: f32) -> f32 {
        match self {
            Self::Presence => f32::from(u8::from(frequency > 0.0)),
            Self::Frequency => frequency.sqrt(),
        }
    }
}

/// The k-mers most associated with the positive class, the best first.
#[derive(Clone, Debug)]
pub(super) struct Associated {
    pub(super) test: Test,
    pub(super) kmers: Vec<Kmer>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kmer {
    pub(super) code: u32,
    column: usize,
    /// What one unit counts in the burden.
    pub(super) weight: f64,
    /// The value that counts nothing.
    pub(super) centre: f64,
}

impl Associated {
    /// The at most `n` best k-mers of `members`; of equal ones those with the smaller code. K-mers that are
    /// not more frequent in positives are left out.
    pub(super) fn new(
        spectra: &Spectra,
        test: Test,
        members: &[usize],
        labels: &[bool],
        n: usize,
    ) -> Self {
        let moments = Moments::new(spectra, test, members, labels);
        let mut order: Vec<(f64, usize)> = (0..spectra.codes().len())
            .map(|column| (moments.association(column), column))
            .filter(|&(association, _)| association > 0.0)
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0)); // A stable sort.
        order.truncate(n);
        let kmer = |&(_, column): &(f64, usize)| {
            let (weight, centre) = match test {
                Test::Presence => (1.0, 0.0),
                Test::Frequency => (1.0 / moments.sd(column), moments.middle(column)),
            };
            Kmer { code: spectra.codes()[column], column, weight, centre }
        };
        Self { test, kmers: order.iter().map(kmer).collect() }
    }

    /// Burden of a row of frequencies by the first n k-mers, for each n in `sizes` (increasing).
    ///
    /// ```text
    /// burden = 1/n sum_k weight_k (value_k - centre_k)
    /// ```
    pub(super) fn burdens(&self, row: &[f32], sizes: &[usize]) -> Vec<f64> {
        let (mut sum, mut used) = (0.0, 0);
        let burden = |&size: &usize| {
            for kmer in self.kmers.iter().take(size).skip(used) {
                sum += kmer.weight * (f64::from(self.test.value(row[kmer.column])) - kmer.centre);
                used += 1;
            }
            sum / used.max(1) as f64
        };
        sizes.iter().map(burden).collect()
    }
}

/// Sums over the negative and the positive members, by column.
struct Moments {
    n: [f64; 2],
    sums: [Vec<f64>; 2],
    squares: [Vec<f64>; 2],
}

impl Moments {
    fn new(spectra: &Spectra, test: Test, members: &[usize], labels: &[bool]) -> Self {
        let zeros = || [vec![0.0; spectra.codes().len()], vec![0.0; spectra.codes().len()]];
        let mut own = Self { n: [0.0; 2], sums: zeros(), squares: zeros() };
        for (&member, &label) in members.iter().zip(labels) {
            let class = usize::from(label);
            own.n[class] += 1.0;
            let cells = own.sums[class].iter_mut().zip(&mut own.squares[class]);
            for ((sum, square), &frequency) in cells.zip(spectra.row(member)) {
                let value = f64::from(test.value(frequency));
                *sum += value;
                *square += value * value;
            }
        }
        own
    }

    fn means(&self, column: usize) -> [f64; 2] {
        [0, 1].map(|class| self.sums[class][column] / self.n[class].max(1.0))
    }

    /// Mean of the class means.
    fn middle(&self, column: usize) -> f64 {
        let [negative, positive] = self.means(column);
        f64::midpoint(negative, positive)
    }

    /// Standard deviation within classes.
    fn sd(&self, column: usize) -> f64 {
        let means = self.means(column);
        let within =
            |class: usize| self.squares[class][column] - self.n[class] * means[class].powi(2);
        let n: f64 = self.n.iter().sum();
        ((within(0) + within(1)) / (n - 2.0).max(1.0)).max(1e-12).sqrt()
    }

    /// Grows with the t of a two-sample test, and so with the phi coefficient of presences:
    /// phi² = t² / (t² + n - 2).
    fn association(&self, column: usize) -> f64 {
        let [negative, positive] = self.means(column);
        (positive - negative) / self.sd(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::planted::Planted;
    use crate::material::Material;
    use reperio_data::repertoire::Repertoire;

    /// phi of the 2 x 2 table and Student's t from their definitions, k-mer by k-mer.
    #[test]
    fn associations_equal_phi_and_t() {
        let planted = Planted::new(12, 40, 0.2, 1);
        let views: Vec<&Repertoire> = planted.repertoires().iter().collect();
        let groups = vec![String::new(); 12];
        let spectra = Spectra::of(&Material::new(&views, &groups));
        let members: Vec<usize> = (0..12).collect();
        let labels = planted.labels();
        let presence = Moments::new(&spectra, Test::Presence, &members, labels);
        let frequency = Moments::new(&spectra, Test::Frequency, &members, labels);
        for column in 0..spectra.codes().len() {
            let value = |&i: &usize| f64::from(spectra.row(i)[column]);
            let of = |class: bool| -> Vec<f64> {
                members.iter().filter(|&&i| labels[i] == class).map(value).collect()
            };
            let [negative, positive] = [of(false), of(true)];
            let present =
                |values: &[f64]| values.iter().filter(|value| **value > 0.0).count() as f64;
            let (a, b) = (present(&positive), present(&negative));
            let (c, d) = (6.0 - a, 6.0 - b);
            if (c + d) > 0.0 {
                let phi = (a * d - b * c) / ((a + b) * (c + d) * 36.0).sqrt();
                let t = presence.association(column) * 3.0_f64.sqrt();
                let expected = t / (t * t + 10.0).sqrt();
                assert!(
                    (phi - expected).abs() < 1e-6 || phi.abs() > 1.0 - 1e-9,
                    "{phi} != {expected}"
                );
            }
            let mean = |values: &[f64]| values.iter().map(|x| x.sqrt()).sum::<f64>() / 6.0;
            let within = |values: &[f64]| -> f64 {
                values.iter().map(|x| (x.sqrt() - mean(values)).powi(2)).sum()
            };
            let sd = ((within(&positive) + within(&negative)) / 10.0).sqrt();
            if sd > 1e-4 {
                let expected = (mean(&positive) - mean(&negative)) / sd;
                assert!(
                    (frequency.association(column) - expected).abs()
                        < 1e-4 * expected.abs().max(1.0)
                );
            }
        }
    }
}
