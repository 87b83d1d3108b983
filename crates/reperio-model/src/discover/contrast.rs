//! The contrast of a network output: one centred number per training repertoire.

use reperio_stats::Groups;

use crate::covariates::adjust;
use crate::labels::{Labels, TargetKind};

/// One number per repertoire; missing where the label is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Label of each repertoire, minus the mean over the labelled ones.
    pub values: Vec<Option<f64>>,
    /// Mean that was subtracted.
    pub mean: f64,
    /// Sum of the squares of `values`.
    pub sum_of_squares: f64,
    /// Whether labels were 0 or 1, so that a logit is meant.
    pub is_class: bool,
}

impl Contrast {
    /// Centres `labels`.
    pub fn new(labels: &[Option<f64>], is_class: bool) -> Self {
        let known: Vec<f64> = labels.iter().copied().flatten().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let values: Vec<_> = labels.iter().map(|label| label.map(|value| value - mean)).collect();
        let sum_of_squares = values.iter().flatten().map(|value| value * value).sum();
        Self { values, mean, sum_of_squares, is_class }
    }

    /// One contrast per network output: positive against negative, each class against the rest, or
    /// the standardised number.
    pub fn of(labels: &Labels) -> Vec<Self> {
        let mut contrasts = Vec::new();
        for (target, values) in labels.targets.iter().zip(&labels.values) {
            match &target.kind {
                TargetKind::Binary { .. } => contrasts.push(Self::new(values, true)),
                TargetKind::Classes { classes } => {
                    for class in 0..classes.len() {
                        let is_class = |value: f64| f64::from(u8::from(value as usize == class));
                        let values: Vec<_> = values.iter().map(|v| v.map(is_class)).collect();
                        contrasts.push(Self::new(&values, true));
                    }
                }
                TargetKind::Regression { mean, sd } => {
                    let values: Vec<_> =
                        values.iter().map(|v| v.map(|value| (value - mean) / sd)).collect();
                    contrasts.push(Self::new(&values, false));
                }
            }
        }
        contrasts
    }

    /// The contrast beside what is known of each repertoire: a label less its probability, a number less what is expected of
    /// it. Repertoires about which much is known hardly count.
    #[must_use]
    pub fn beside(self, offsets: &[f64]) -> Self {
        let known: Vec<usize> =
            (0..self.values.len()).filter(|&i| self.values[i].is_some()).collect();
        let own: Vec<f64> = known.iter().map(|&i| offsets[i]).collect();
        let expected = if self.is_class {
            let labels: Vec<bool> = known.iter().map(|&i| self.values[i] > Some(0.0)).collect();
            adjust::expected(&labels, &own)
        } else {
            own
        };
        let mut labels = vec![None; self.values.len()];
        for (&i, expected) in known.iter().zip(expected) {
            labels[i] = self.values[i].map(|value| value + self.mean - expected);
        }
        Self { mean: self.mean, ..Self::new(&labels, self.is_class) }
    }

    /// Labelled repertoires.
    pub fn n(&self) -> usize {
        self.values.iter().flatten().count()
    }

    /// Score statistic of `residuals`, one per repertoire: their covariance with the contrast over its
    /// standard deviation under permuted labels.
    ///
    /// Repertoires of one group and label count once, by their mean: three samples of one subject are
    /// not three subjects.
    pub fn z(&self, residuals: &[f64], groups: &Groups) -> f64 {
        let mut cells: Vec<(usize, f64, f64)> = Vec::new(); // group, label, residual
        for ((value, residual), group) in self.values.iter().zip(residuals).zip(groups.numbers()) {
            if let Some(value) = value {
                cells.push((*group, *value, *residual));
            }
        }
        cells.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let same = |a: &(usize, f64, f64), b: &(usize, f64, f64)| {
            a.0 == b.0 && a.1.total_cmp(&b.1).is_eq()
        };
        let means = cells.chunk_by(same).map(|cell| {
            let sum: f64 = cell.iter().map(|(.., residual)| residual).sum();
            (cell[0].1, sum / cell.len() as f64)
        });
        let means: Vec<(f64, f64)> = means.collect();
        let n = means.len() as f64;
        let mean_label = means.iter().map(|(label, _)| label).sum::<f64>() / n;
        let mean = means.iter().map(|(_, residual)| residual).sum::<f64>() / n;
        let (mut covariance, mut labels, mut squares) = (0.0, 0.0, 0.0);
        for (label, residual) in means {
            covariance += (label - mean_label) * (residual - mean);
            labels += (label - mean_label).powi(2);
            squares += (residual - mean).powi(2);
        }
        let scale = (labels * squares / (n - 1.0)).sqrt();
        if scale > 1e-9 { covariance / scale } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known wholly leaves nothing; what is known of none changes nothing.
    #[test]
    fn what_is_known_is_taken_away() {
        let labels = [Some(1.0), Some(1.0), None, Some(0.0), Some(0.0)];
        let contrast = Contrast::new(&labels, true);
        let near = |a: &Contrast, b: &[f64]| {
            let found: Vec<f64> = a.values.iter().copied().flatten().collect();
            found.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6) && found.len() == b.len()
        };
        assert!(near(&contrast.clone().beside(&[0.7; 5]), &[0.5, 0.5, -0.5, -0.5]));
        assert!(near(&contrast.beside(&[40.0, 40.0, 0.0, -40.0, -40.0]), &[0.0; 4]));
        let numbers = Contrast::new(&[Some(3.0), Some(-1.0), Some(4.0)], false);
        assert!(near(&numbers.beside(&[1.0, 0.0, -1.0]), &[0.0, -3.0, 3.0]));
    }

    /// Labels ½ and -½, residuals less their mean of ¾: covariance 1.5, squares 1 and 4.75, four repertoires.
    #[test]
    fn z_is_the_covariance_over_its_deviation_under_permuted_labels() {
        let expected = 1.5 / (1.0_f64 * 4.75 / 3.0).sqrt();
        let labels = [Some(1.0), Some(1.0), Some(0.0), Some(0.0), None];
        let z = Contrast::new(&labels, true).z(&[2.0, 1.0, 1.0, -1.0, 50.0], &Groups::each(5));
        assert!((z - expected).abs() < 1e-12, "{z}");
        // Three samples of the first subject are one, with their mean.
        let labels = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0].map(Some);
        let residuals = [3.0, 1.0, 2.0, 1.0, 1.0, -1.0];
        let z = Contrast::new(&labels, true)
            .z(&residuals, &Groups::of(&["0", "0", "0", "1", "2", "3"]));
        assert!((z - expected).abs() < 1e-12, "{z}");
        let constant = Contrast::new(&labels, true).z(&[2.0; 6], &Groups::each(6));
        assert_eq!(constant.to_bits(), 0.0_f64.to_bits());
    }
}
