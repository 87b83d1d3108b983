//! How the learning rate changes over a run.

use serde::{Deserialize, Serialize};

/// Learning rate over the steps of a run, as a share of its base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The base rate throughout.
    #[default]
    Constant,
    /// Rises linearly to the base rate, then falls along half a cosine.
    WarmupCosine {
        /// Share of the steps that rise, in [0, 1].
        warmup: f64,
        /// Share of the base rate that is left at the last step, in [0, 1].
        floor: f64,
    },
}

impl Schedule {
    /// Factor of the base rate at `step` of `total`, steps counted from 0; in (0, 1] unless the floor
    /// is 0.
    ///
    /// ```text
    /// rising:  (step + 1) / warm                         warm = ceil(warmup · total)
    /// falling: floor + (1 - floor) (1 + cos(π t)) / 2    t = (step - warm) / (total - 1 - warm)
    /// ```
    ///
    /// A step at or beyond `total` has the last factor.
    pub fn factor(&self, step: u64, total: u64) -> f64 {
        let Self::WarmupCosine { warmup, floor } = *self else {
            return 1.0;
        };
        let warm = (warmup * total as f64).ceil() as u64;
        if step < warm {
            return (step + 1) as f64 / warm as f64;
        }
        let falling = total.saturating_sub(1 + warm).max(1);
        let t = ((step - warm) as f64 / falling as f64).min(1.0);
        floor + (1.0 - floor) * f64::midpoint(1.0, (std::f64::consts::PI * t).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule, total: u64) -> Vec<f64> {
        (0..total).map(|step| schedule.factor(step, total)).collect()
    }

    #[test]
    fn a_constant_rate_stays() {
        assert_eq!(factors(Schedule::Constant, 3), [1.0; 3]);
    }

    #[test]
    fn it_rises_to_the_base_and_falls_to_the_floor() {
        let schedule = Schedule::WarmupCosine { warmup: 0.2, floor: 0.1 };
        let factors = factors(schedule, 11);
        let want = [1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0];
        assert!(
            factors.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12),
            "{factors:?}"
        );
        assert!(factors[3..].windows(2).all(|pair| pair[1] < pair[0]), "{factors:?}");
        assert!((factors[10] - 0.1).abs() < 1e-12, "{factors:?}");
        assert!((schedule.factor(500, 11) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn the_shortest_runs_are_defined() {
        for total in 0..4 {
            let schedule = Schedule::WarmupCosine { warmup: 1.0, floor: 0.0 };
            assert!((0..5).all(|step| schedule.factor(step, total).is_finite()), "{total} steps");
        }
    }
}
