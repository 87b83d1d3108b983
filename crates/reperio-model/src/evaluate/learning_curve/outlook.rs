//! What more repertoires would give: a power law through the points, with its uncertainty.

use reperio_stats::moments::mean_and_sd;
use reperio_stats::power_law::{Measured, PowerLaw};

use super::points::interval;
use super::{Expected, Outlook};

/// How many times as many repertoires, at most: no law is drawn on any further.
const TIMES: f64 = 4.0;

/// Steps to there.
const STEPS: u8 = 4;

/// AUC and R2 are at most this.
const HIGHEST: f64 = 1.0;

/// Standard deviation that is added to that of every point: no law is exact.
const MISFIT: f64 = 0.01;

/// A point with its values in all resampled cohorts.
pub(super) struct Drawn<'a> {
    /// Training repertoires.
    pub(super) size: f64,
    pub(super) value: f64,
    /// Its 95 % interval.
    pub(super) interval: Option<[f64; 2]>,
    pub(super) draws: &'a [Option<f64>],
}

/// The law through `points`, increasing in size, and where it leads. Weights are one over the variance of a point over the
/// draws and [`MISFIT`]. The intervals are percentiles of the laws that are fitted to each draw. They hold the
/// value itself, and neither side is narrower than that of the last point, unless it ends at [`HIGHEST`]: what is expected is no
/// surer than what was measured. None with fewer than three points.
pub(super) fn outlook(points: &[Drawn<'_>]) -> Option<Outlook> {
    let weight = |own: &Drawn<'_>| {
        let known: Vec<f64> = own.draws.iter().copied().flatten().collect();
        1.0 / (mean_and_sd(&known).1.powi(2) + MISFIT.powi(2))
    };
    let weights: Vec<f64> = points.iter().map(weight).collect();
    let fit = |values: &[f64]| {
        let measured = points
            .iter()
            .zip(&weights)
            .zip(values)
            .map(|((own, &weight), &value)| Measured { size: own.size, value, weight });
        PowerLaw::fit(&measured.collect::<Vec<_>>(), HIGHEST)
    };
    let law = fit(&points.iter().map(|own| own.value).collect::<Vec<_>>())?;
    let n_draws = points.first()?.draws.len();
    let drawn =
        |d: usize| fit(&points.iter().map(|own| own.draws[d]).collect::<Option<Vec<_>>>()?);
    let laws: Vec<Option<PowerLaw>> = (0..n_draws).map(drawn).collect();
    let around = |of: &dyn Fn(&PowerLaw) -> f64| -> Option<(f64, [f64; 2])> {
        let value = of(&law);
        let all: Vec<Option<f64>> = laws.iter().map(|law| law.as_ref().map(of)).collect();
        interval(&all).map(|[low, high]| (value, [low.min(value), high.max(value)]))
    };
    let last = points.last()?;
    let now = last.size;
    let [below, above] =
        last.interval.map_or([0.0; 2], |[low, high]| [last.value - low, high - last.value]);
    let at = |step: u8| {
        let times = TIMES.powf(f64::from(step) / f64::from(STEPS));
        let (value, [low, high]) = around(&|law| law.at(now * times))?;
        let interval = [low.min(value - below), high.max(value + above).min(HIGHEST)];
        Some(Expected { times, training: now * times, value, interval })
    };
    let expected = (0..=STEPS).map(at).collect::<Option<Vec<_>>>()?;
    let (gain, gain_interval) = around(&|law| law.at(now * TIMES) - law.at(now))?;
    Some(Outlook { law, expected, gain, gain_interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points on a law, and draws that move them all up and down by so much.
    fn of(law: PowerLaw, spread: f64) -> Outlook {
        let sizes = [40.0, 80.0, 160.0, 320.0];
        let around = |size: f64| -> Vec<Option<f64>> {
            (0..1000).map(|d| Some(law.at(size) + spread * f64::from(d % 21 - 10) / 10.0)).collect()
        };
        let draws = sizes.map(around);
        let mut points = Vec::new();
        for (&size, draws) in sizes.iter().zip(&draws) {
            let value = law.at(size);
            points.push(Drawn { size, value, interval: Some([value - 0.005, 1.0]), draws });
        }
        outlook(&points).expect("four points")
    }

    #[test]
    fn a_law_is_drawn_on_to_four_times_as_many() {
        let law = PowerLaw { limit: 0.95, gap: 2.0, rate: 0.5 };
        let found = of(law, 0.02);
        let last = found.expected.last().unwrap();
        assert!((last.times - 4.0).abs() < 1e-12 && (last.training - 1280.0).abs() < 1e-9);
        assert!((last.value - law.at(1280.0)).abs() < 1e-9);
        assert!((last.interval[0] - last.value + 0.02).abs() < 0.005, "{last:?}");
        assert!((last.interval[1] - 1.0).abs() < 1e-12, "as wide as the last point's: {last:?}");
        assert!((found.gain - (law.at(1280.0) - law.at(320.0))).abs() < 1e-9);
        assert_eq!(found.expected.len(), 5);
    }

    #[test]
    fn a_flat_curve_gains_nothing() {
        let found = of(PowerLaw { limit: 0.9, gap: 0.0, rate: 1.0 }, 0.02);
        assert!(found.gain.abs() < 1e-9 && found.gain_interval[1] < 1e-6, "{found:?}");
    }
}
