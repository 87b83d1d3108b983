//! The configuration of a simulated cohort.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::motif::{InvalidMotif, Motif};

/// A simulated cohort. A file states only what differs from the defaults; unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulationConfig {
    /// Repertoires in all.
    pub repertoires: usize,
    /// Clonotypes a repertoire before equal ones collapse.
    pub clonotypes: Clonotypes,
    /// Seed of everything random.
    pub seed: u64,
    /// Share of subjects whose `label` is 1; rounded to whole subjects. In 0 to 1.
    pub positive_share: f64,
    /// Share of repertoires whose `label` is left empty. In 0 to 1.
    pub missing_labels: f64,
    /// Repertoires of one subject: they share labels, carriers and gene usage. At least 1.
    pub repertoires_per_subject: usize,
    /// Whether the number of witnesses of a repertoire is fixed or varies.
    pub witnesses: WitnessNumber,
    /// Whether a repertoire's rows come from one real repertoire or from all of them.
    pub background_mix: BackgroundMix,
    /// Whether generated subjects differ in gene usage as real donors do.
    pub gene_variation: bool,
    /// Adds the column `class`: each positive carries one signal only, which is its class.
    pub classes: bool,
    /// Adds the column `load`: the witness rate differs between carriers.
    pub load: Option<Load>,
    /// Adds the column `second`: a label of its own, independent of `label`.
    pub second: Option<Second>,
    /// What is implanted.
    pub signals: Vec<Signal>,
}

/// Clonotypes a repertoire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Clonotypes {
    /// The same number for all.
    Fixed(usize),
    /// Log-normal: `{ median = 5000, sd_ln = 0.5 }`.
    LogNormal {
        /// Median number.
        median: f64,
        /// Standard deviation of the natural logarithm.
        sd_ln: f64,
    },
}

/// How the number of witnesses follows from the witness rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WitnessNumber {
    /// Rate times clonotypes, rounded, at least 1.
    #[default]
    Fixed,
    /// Each clonotype is a witness with the rate's probability; 0 can happen.
    Binomial,
}

/// Which rows of real repertoires make up the background of one simulated repertoire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackgroundMix {
    /// Rows of one real repertoire, chosen at random, without replacement; when it has too few, of
    /// further ones. Repertoires then differ as real ones do.
    #[default]
    Run,
    /// Rows of all real repertoires, with replacement. Repertoires then differ by chance alone.
    Pool,
}

/// Witness rates that differ between carriers: log-uniform between two rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Smallest share of sequences. Above 0.
    pub min: f64,
    /// Largest share of sequences. At most 1.
    pub max: f64,
}

/// A second binary label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Share of subjects where it is 1; rounded to whole subjects. In 0 to 1.
    pub positive_share: f64,
    /// Share of repertoires where it is left empty. In 0 to 1.
    #[serde(default)]
    pub missing: f64,
}

/// One implanted signal: a set of motifs; each witness gets one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name in the truth table and the `class` column.
    pub name: String,
    /// Motifs in the notation of [`Motif`].
    pub motifs: Vec<String>,
    /// Share of a carrier's sequences that are witnesses. In 0 to 1.
    #[serde(default)]
    pub witness_rate: f64,
    /// Witnesses a carrier, in place of a rate.
    #[serde(default)]
    pub witness_number: Option<usize>,
    /// Where the motif may stand.
    #[serde(default)]
    pub position: Position,
    /// Factor on the counts of witnesses. At least 1.
    #[serde(default = "one")]
    pub count_boost: f64,
    /// Share of positives that carry it. In 0 to 1.
    #[serde(default = "one")]
    pub share_of_positives: f64,
    /// Share of negatives that carry it. In 0 to 1.
    #[serde(default)]
    pub share_of_negatives: f64,
    /// The label that it makes positive.
    #[serde(default)]
    pub target: Target,
}

/// The label that a signal belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Column `label`.
    #[default]
    Label,
    /// Column `second`.
    Second,
}

/// Allowed places of a motif in a junction. The anchors are never replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Position {
    /// Smallest 0-based junction position of the motif's first residue; 0 acts as 1.
    pub min: usize,
    /// Largest 0-based junction position of the motif's first residue.
    pub max: usize,
    /// Residues that must follow the motif; 0 acts as 1.
    pub from_end: usize,
}

impl Position {
    /// Allowed starts of a motif of `span` residues in a junction of `length` residues.
    pub(super) fn starts(self, length: usize, span: usize) -> Range<usize> {
        let after_last = (length + 1).saturating_sub(span + self.from_end.max(1));
        self.min.max(1)..after_last.min(self.max.saturating_add(1))
    }
}

impl Default for Position {
    fn default() -> Self {
        Self { min: 1, max: 255, from_end: 1 }
    }
}

fn one() -> f64 {
    1.0
}

impl Default for SimulationConfig {
    fn default() -> Self {
        Self {
            repertoires: 100,
            clonotypes: Clonotypes::Fixed(5_000),
            seed: 1,
            positive_share: 0.5,
            missing_labels: 0.0,
            repertoires_per_subject: 1,
            witnesses: WitnessNumber::Fixed,
            background_mix: BackgroundMix::Run,
            gene_variation: true,
            classes: false,
            load: None,
            second: None,
            signals: Vec::new(),
        }
    }
}

/// A value outside its range, or a motif that cannot be read.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSimulation {
    /// A number outside its range.
    #[error("`{key}` is {value}, expected {expected}")]
    Number {
        /// Key as written in the file.
        key: String,
        /// Value found.
        value: f64,
        /// Range in words.
        expected: &'static str,
    },
    /// A motif that cannot be read.
    #[error("`{key}`")]
    Motif {
        /// Key as written in the file.
        key: String,
        /// What is wrong with it.
        source: InvalidMotif,
    },
    /// Two signals of the same name, or a name that cannot stand in a table.
    #[error("`signals.name` is {name:?}, expected a name of its own without tabs and line breaks")]
    Name {
        /// The name.
        name: String,
    },
}

fn check(ok: bool, key: &str, value: f64, expected: &'static str) -> Result<(), InvalidSimulation> {
    if ok {
        Ok(())
    } else {
        Err(InvalidSimulation::Number { key: key.to_owned(), value, expected })
    }
}

fn check_share(key: &str, value: f64) -> Result<(), InvalidSimulation> {
    check((0.0..=1.0).contains(&value), key, value, "0 to 1")
}

impl SimulationConfig {
    /// Checks the ranges; called once, before anything is simulated.
    ///
    /// # Errors
    ///
    /// Names the first key whose value is out of range.
    pub fn validate(&self) -> Result<(), InvalidSimulation> {
        let least = |key, value: usize| check(value >= 1, key, value as f64, "at least 1");
        least("repertoires", self.repertoires)?;
        least("repertoires_per_subject", self.repertoires_per_subject)?;
        match self.clonotypes {
            Clonotypes::Fixed(n) => least("clonotypes", n)?,
            Clonotypes::LogNormal { median, sd_ln } => {
                check((1.0..=1e7).contains(&median), "clonotypes.median", median, "1 to 10^7")?;
                check((0.0..=3.0).contains(&sd_ln), "clonotypes.sd_ln", sd_ln, "0 to 3")?;
            }
        }
        check_share("positive_share", self.positive_share)?;
        check_share("missing_labels", self.missing_labels)?;
        if let Some(load) = self.load {
            check(0.0 < load.min && load.min <= 1.0, "load.min", load.min, "above 0, at most 1")?;
            check((load.min..=1.0).contains(&load.max), "load.max", load.max, "`load.min` to 1")?;
        }
        if let Some(second) = self.second {
            check_share("second.positive_share", second.positive_share)?;
            check_share("second.missing", second.missing)?;
        }
        for (at, signal) in self.signals.iter().enumerate() {
            let repeated = self.signals[..at].iter().any(|other| other.name == signal.name);
            if repeated || signal.name.is_empty() || signal.name.contains(char::is_control) {
                return Err(InvalidSimulation::Name { name: signal.name.clone() });
            }
            signal.validate(self)?;
        }
        Ok(())
    }
}

impl Signal {
    fn validate(&self, config: &SimulationConfig) -> Result<(), InvalidSimulation> {
        let key = |field: &str| format!("signals.{}.{field}", self.name);
        check(!self.motifs.is_empty(), &key("motifs"), 0.0, "at least one motif")?;
        self.compile()?;
        check_share(&key("witness_rate"), self.witness_rate)?;
        check_share(&key("share_of_positives"), self.share_of_positives)?;
        check_share(&key("share_of_negatives"), self.share_of_negatives)?;
        let boost = self.count_boost;
        check((1.0..=1e6).contains(&boost), &key("count_boost"), boost, "1 to 10^6")?;
        let Position { min, max, .. } = self.position;
        check(min <= max, &key("position.min"), min as f64, "at most `position.max`")?;
        let has_rate = self.witness_rate > 0.0 || config.load.is_some();
        let number = self.witness_number.unwrap_or(usize::from(has_rate));
        check(number > 0, &key("witness_number"), 0.0, "at least 1, or a `witness_rate` above 0")?;
        let known = self.target == Target::Label || config.second.is_some();
        check(known, &key("target"), 2.0, "label, or a section `second`")
    }

    /// The motifs, ready for use.
    ///
    /// # Errors
    ///
    /// Names the motif that cannot be read.
    pub fn compile(&self) -> Result<Vec<Motif>, InvalidSimulation> {
        let key = || format!("signals.{}.motifs", self.name);
        let motif = |text: &String| {
            text.parse().map_err(|source| InvalidSimulation::Motif { key: key(), source })
        };
        self.motifs.iter().map(motif).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    /// Reads and validates a file.
    fn check(text: &str) -> String {
        match toml::from_str::<SimulationConfig>(text) {
            Ok(config) => match config.validate() {
                Ok(()) => "valid".to_owned(),
                Err(err @ InvalidSimulation::Motif { .. }) => {
                    format!("{err}: {}", std::error::Error::source(&err).unwrap())
                }
                Err(err) => err.to_string(),
            },
            Err(err) => err.message().to_owned(),
        }
    }

    #[test]
    fn an_empty_file_is_the_default_cohort() {
        assert_eq!(toml::from_str::<SimulationConfig>("").unwrap(), SimulationConfig::default());
        assert_snapshot!(check(""), @"valid");
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let message = check("repertoirs = 5");
        assert!(message.starts_with("unknown field `repertoirs`"), "{message}");
        let message = check("[[signals]]\nname = 'a'\nmotifs = ['LDR']\nrate = 1");
        assert!(message.starts_with("unknown field `rate`"), "{message}");
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        assert_snapshot!(check("positive_share = 1.5"), @"`positive_share` is 1.5, expected 0 to 1");
        assert_snapshot!(check("repertoires = 0"), @"`repertoires` is 0, expected at least 1");
        let signal = "[[signals]]\nname = 'a'\nmotifs = ['LDR']\n";
        assert_snapshot!(check(signal), @"`signals.a.witness_number` is 0, expected at least 1, or a `witness_rate` above 0");
        let signal = "[[signals]]\nname = 'a'\nmotifs = ['LBR']\nwitness_rate = 0.1";
        assert_snapshot!(check(signal), @r#"`signals.a.motifs`: motif "LBR": 'B' at character 2, expected an amino acid, `-`, `X`, `Z`, `[..]` or `(d)`"#);
    }

    #[test]
    fn motifs_never_touch_the_anchors() {
        assert_eq!(Position::default().starts(5, 3), 1..2);
        assert!(Position::default().starts(4, 3).is_empty());
        assert!(Position::default().starts(0, 3).is_empty());
        assert_eq!(Position { min: 6, ..Position::default() }.starts(14, 3), 6..11);
        assert_eq!(Position { min: 0, max: 2, from_end: 0 }.starts(14, 3), 1..3);
    }

    /// Every file in `configs/simulate` reads and is valid.
    #[test]
    fn every_shipped_file_is_valid() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/simulate");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(check(&text), "valid", "{}", path.display());
            files += 1;
        }
        assert!(files >= 8, "{files} files");
    }
}
