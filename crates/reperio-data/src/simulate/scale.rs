//! The same simulation with fewer repertoires.

use super::config::{InvalidSimulation, SimulationConfig, check};
use super::signal::Target;

/// Repertoires below which no simulation is scaled.
const LEAST: usize = 20;
/// Most subjects tried for a number that divides evenly.
const LARGEST_STEP: usize = 200;

impl SimulationConfig {
    /// This simulation with `scale` times the repertoires: rounded so that positives, and classes
    /// among them, keep their shares exactly where these allow it, and at least 20.
    ///
    /// Clonotypes a repertoire and `witness_number` stay, so that one repertoire is as hard as before.
    /// Pools shrink with the repertoires, down to `witness_number`: the number of carriers that share
    /// a given clonotype, on which its discovery rests, then stays, where a pool of full size would
    /// leave next to none. In return fewer of its clonotypes occur by chance.
    ///
    /// # Errors
    ///
    /// If `scale` is not above 0 and at most 1.
    pub fn scaled(&self, scale: f64) -> Result<Self, InvalidSimulation> {
        check(0.0 < scale && scale <= 1.0, "scale", scale, "above 0, at most 1")?;
        let step = self.step();
        let nearest = (scale * self.repertoires as f64 / step as f64).round() as usize * step;
        let least = LEAST.div_ceil(step) * step;
        let repertoires = nearest.max(least).min(self.repertoires);
        let share = repertoires as f64 / self.repertoires as f64;
        let mut scaled = Self { repertoires, ..self.clone() };
        for signal in &self.signals {
            if let Some(size) = scaled.pools.get_mut(&signal.name) {
                let least = signal.witness_number.unwrap_or(1);
                *size = ((*size as f64 * share).round() as usize).max(least);
                if let Some(clonotypes) = scaled.pool_clonotypes.get_mut(&signal.name) {
                    clonotypes.truncate(*size);
                }
            }
        }
        Ok(scaled)
    }

    /// The least number of repertoires whose positives are a whole number of subjects, and divide
    /// evenly between classes; 1 where there is none of a reasonable size.
    fn step(&self) -> usize {
        let classes = self.signals.iter().filter(|signal| signal.target == Target::Label).count();
        let classes = if self.classes { classes.max(1) } else { 1 };
        let even = |subjects: &usize| {
            let positives = self.positive_share * *subjects as f64;
            let whole = positives.round();
            (positives - whole).abs() < 1e-9 && (whole as usize).is_multiple_of(classes)
        };
        (1..=LARGEST_STEP).find(even).unwrap_or(1) * self.repertoires_per_subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repertoires, and the size of the first signal's pool.
    fn check(text: &str, scale: f64) -> (usize, Option<usize>) {
        let config: SimulationConfig = toml::from_str(text).unwrap();
        let scaled = config.scaled(scale).unwrap();
        scaled.validate().unwrap();
        (
            scaled.repertoires,
            scaled.signals.first().and_then(|s| scaled.pools.get(&s.name).copied()),
        )
    }

    #[test]
    fn classes_stay_even_and_twenty_repertoires_remain() {
        assert_eq!(check("repertoires = 300", 0.1).0, 30);
        assert_eq!(check("repertoires = 300", 0.111).0, 34);
        assert_eq!(check("repertoires = 300", 0.001).0, 20);
        assert_eq!(check("repertoires = 785", 1.0).0, 785);
        assert_eq!(check("repertoires = 12", 0.5).0, 12);
        let thirds = "repertoires = 800\nclasses = true\npositive_share = 0.75\n\
            signals = [{ name = 'a', motifs = ['A'], witness_number = 1 },\n\
            { name = 'b', motifs = ['F'], witness_number = 1 }]";
        assert_eq!(check(thirds, 0.0325).0, 24, "26 has no 75 % that two classes could share");
        assert_eq!(check("repertoires = 300\nrepertoires_per_subject = 3", 0.1).0, 30);
    }

    #[test]
    fn pools_shrink_with_the_repertoires_down_to_what_a_carrier_needs() {
        let text = "repertoires = 800\npools = { a = 1000 }\n[[signals]]\nname = 'a'\n";
        assert_eq!(check(&format!("{text}witness_number = 5"), 0.1), (80, Some(100)));
        assert_eq!(check(&format!("{text}witness_number = 100"), 0.05), (40, Some(100)));
        assert_eq!(check(&format!("{text}witness_number = 100"), 1.0), (800, Some(1_000)));
    }

    #[test]
    fn a_scale_outside_its_range_is_an_error() {
        for scale in [0.0, -1.0, 1.5, f64::NAN] {
            let error = SimulationConfig::default().scaled(scale).unwrap_err().to_string();
            assert!(error.starts_with("`scale` is "), "{error}");
        }
    }
}
