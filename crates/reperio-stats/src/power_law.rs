//! Learning curves as inverse power laws: what a figure becomes with more samples.
//!
//! ```text
//! value(n) = a - b n^-c        a <= highest,  b >= 0,  0 < c <= 2
//! ```
//!
//! The figure rises with the number of samples n and approaches the limit a. The larger c, the sooner it is there.
//!
//! The law is concave: each sample adds less than the one before. A curve that is flat at first and rises late is not of
//! this form, and no law that is fitted to its flat part foresees the rise.
//!
//! # References
//!
//! - Cortes, Jackel, Solla, Vapnik and Denker, *Learning curves: asymptotic values and rate of convergence*, NIPS 1993.
//! - Mukherjee et al., *Estimating dataset size requirements for classifying DNA microarray data*, J. Comput. Biol. 2003.
//!   <https://doi.org/10.1089/106652703321825928>
//! - Figueroa, Zeng-Treitler, Kandula and Ngo, *Predicting sample size required for classification performance*, BMC Med.
//!   Inform. Decis. Mak. 2012. <https://doi.org/10.1186/1472-6947-12-8>

use serde::{Deserialize, Serialize};

/// Rates that a fit tries, and the distance between them.
const RATES: u8 = 100;
const STEP: f64 = 0.02;

/// Sizes that a law can be fitted to, at least.
const SIZES: usize = 3;

/// The law `a - b n^-c`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerLaw {
    /// What is approached: a, in the unit of the figure.
    pub limit: f64,
    /// What a single sample is short of it: b, in the unit of the figure; 0 for a flat curve.
    pub gap: f64,
    /// How fast it is approached: c, dimensionless.
    pub rate: f64,
}

/// A figure that was measured at one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Number of samples n, above 0.
    pub size: f64,
    /// The figure.
    pub value: f64,
    /// Its weight in the fit, such as one over its variance; above 0.
    pub weight: f64,
}

impl PowerLaw {
    /// The figure at `size` samples.
    pub fn at(&self, size: f64) -> f64 {
        self.limit - self.gap * size.powf(-self.rate)
    }

    /// Weighted sum of the squared distances from `points`.
    pub fn loss(&self, points: &[Measured]) -> f64 {
        points.iter().map(|own| own.weight * (own.value - self.at(own.size)).powi(2)).sum()
    }

    /// The law nearest to `points` by weighted least squares whose limit is at most `highest` (1 for an AUC).
    ///
    /// The rates 0.02, 0.04, .., 2 are tried one after the other. For each of them the best limit and gap have a closed
    /// form: the problem is convex, so that where the free optimum breaks a bound, the best lies on a bound. Of equal
    /// rates the slowest is taken. None for fewer than three different sizes, or where a number is not finite or a
    /// size or weight not above 0.
    ///
    /// ```
    /// use reperio_stats::power_law::{Measured, PowerLaw};
    ///
    /// let points = [(20.0, 0.65), (40.0, 0.75), (80.0, 0.82), (160.0, 0.86)]
    ///     .map(|(size, value)| Measured { size, value, weight: 1.0 });
    /// let law = PowerLaw::fit(&points, 1.0).expect("four sizes");
    /// assert!(law.at(640.0) > 0.88 && law.at(640.0) < 0.95);
    /// ```
    pub fn fit(points: &[Measured], highest: f64) -> Option<Self> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let usable =
            |own: &Measured| positive(own.size) && positive(own.weight) && own.value.is_finite();
        let mut sizes: Vec<f64> = points.iter().map(|own| own.size).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        if sizes.len() < SIZES || !points.iter().all(usable) {
            return None;
        }
        let largest = *sizes.last()?;
        let mut best: Option<(f64, Self)> = None;
        for step in 1..=RATES {
            let own = with_rate(points, highest, (largest, f64::from(step) * STEP));
            let loss = own.loss(points);
            if best.is_none_or(|(lowest, _)| loss < lowest) {
                best = Some((loss, own));
            }
        }
        best.map(|(_, own)| own)
    }
}

/// The best law of one rate. Sizes are counted in the largest one, so that all numbers have the size of the figure.
fn with_rate(points: &[Measured], highest: f64, (largest, rate): (f64, f64)) -> PowerLaw {
    let x = |own: &Measured| (own.size / largest).powf(-rate);
    let sum = |of: &dyn Fn(&Measured) -> f64| -> f64 {
        points.iter().map(|own| own.weight * of(own)).sum()
    };
    let all = sum(&|_| 1.0);
    let (mean_x, mean_y) = (sum(&x) / all, sum(&|own| own.value) / all);
    let spread = sum(&|own| (x(own) - mean_x).powi(2));
    let joint = sum(&|own| (x(own) - mean_x) * (own.value - mean_y));
    let free = if spread > 0.0 { -joint / spread } else { 0.0 };
    let law = |limit: f64, gap: f64| PowerLaw { limit, gap: gap * largest.powf(rate), rate };
    if free >= 0.0 && mean_y + free * mean_x <= highest {
        return law(mean_y + free * mean_x, free);
    }
    let flat = law(mean_y.min(highest), 0.0);
    let below = sum(&|own| x(own) * (highest - own.value)) / sum(&|own| x(own).powi(2));
    let bounded = law(highest, below.max(0.0));
    if bounded.loss(points) < flat.loss(points) { bounded } else { flat }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(all: &[(f64, f64, f64)]) -> Vec<Measured> {
        all.iter().map(|&(size, value, weight)| Measured { size, value, weight }).collect()
    }

    #[test]
    fn known_laws_are_found() {
        for (limit, gap, rate) in
            [(0.95, 2.0, 0.5), (0.8, 0.6, 0.3), (1.0, 5.0, 1.0), (0.5, 0.0, 0.02)]
        {
            let law = PowerLaw { limit, gap, rate };
            let on_it: Vec<_> =
                [20.0, 40.0, 80.0, 160.0].map(|size| (size, law.at(size), 1.0 + size)).to_vec();
            let found = PowerLaw::fit(&points(&on_it), 1.0).unwrap();
            for (found, known) in [(found.limit, limit), (found.gap, gap), (found.rate, rate)] {
                assert!((found - known).abs() < 1e-6, "{found} is not {known}");
            }
        }
    }

    #[test]
    fn a_falling_curve_is_flat_and_a_steep_one_stays_below_the_highest() {
        let falling = points(&[(10.0, 0.7, 1.0), (20.0, 0.6, 1.0), (40.0, 0.5, 2.0)]);
        let law = PowerLaw::fit(&falling, 1.0).unwrap();
        assert!(law.gap == 0.0 && (law.limit - 0.575).abs() < 1e-12, "{law:?}");
        let steep = points(&[(10.0, 0.5, 1.0), (20.0, 0.7, 1.0), (40.0, 0.95, 1.0)]);
        let law = PowerLaw::fit(&steep, 1.0).unwrap();
        assert!((law.limit - 1.0).abs() < 1e-12 && law.at(1e9) <= 1.0, "{law:?}");
    }

    #[test]
    fn too_few_sizes_and_broken_numbers_have_no_law() {
        let three = [(10.0, 0.5, 1.0), (20.0, 0.6, 1.0), (40.0, 0.7, 1.0)];
        assert!(PowerLaw::fit(&points(&three), 1.0).is_some());
        assert_eq!(PowerLaw::fit(&points(&three[..2]), 1.0), None);
        for broken in [(10.0, 0.5, 1.0), (40.0, f64::NAN, 1.0), (0.0, 0.7, 1.0), (40.0, 0.7, 0.0)] {
            assert_eq!(PowerLaw::fit(&points(&[three[0], three[1], broken]), 1.0), None);
        }
    }

    proptest! {
        /// No law of a grid over all three parameters is nearer, and the bounds hold.
        #[test]
        fn nothing_on_a_grid_is_nearer(
            values in prop::collection::vec((0.2_f64..1.0, 0.1_f64..10.0), 3..6), first in 4.0_f64..40.0,
        ) {
            let sized = |(i, &(value, weight)): (usize, &(f64, f64))| (first * f64::from(1_u32 << i), value, weight);
            let all = points(&values.iter().enumerate().map(sized).collect::<Vec<_>>());
            let law = PowerLaw::fit(&all, 1.0).unwrap();
            prop_assert!(law.limit <= 1.0 && law.gap >= 0.0 && law.rate > 0.0 && law.rate <= 2.0);
            let largest = all.last().unwrap().size;
            let lowest = law.loss(&all);
            for c in (5..=100).step_by(5) {
                let rate = f64::from(c) * STEP;
                for a in 0..=40 {
                    for b in 0..=40 {
                        let gap = f64::from(b) / 40.0 * largest.powf(rate);
                        let other = PowerLaw { limit: f64::from(a) / 40.0, gap, rate };
                        prop_assert!(lowest <= other.loss(&all) + 1e-9, "{law:?} against {other:?}");
                    }
                }
            }
        }
    }
}
