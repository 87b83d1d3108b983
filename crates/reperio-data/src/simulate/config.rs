//! The configuration of a simulated cohort.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::motif::InvalidMotif;
use super::pool::Pool;
use super::signal::Signal;

/// Clonotypes of one repertoire, at most.
pub(super) const MOST_CLONOTYPES: usize = 10_000_000;

/// A simulated cohort. A file states only the settings that differ from the defaults. Unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulationConfig {
    /// Total number of repertoires.
    pub repertoires: usize,
    /// Clonotypes per repertoire before equal ones collapse.
    pub clonotypes: Clonotypes,
    /// Seed of all random numbers.
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
    /// Factor on the number of clonotypes of repertoires whose `label` is 1. In 0.01 to 100.
    #[serde(skip_serializing_if = "is_one")]
    pub positive_depth: f64,
    /// Adds the column `batch`: repertoires come from two batches that differ in gene usage.
    pub batch: Option<Batch>,
    /// Adds the column `age`, in years: positives may be older. A signal whose target is `age` has a rate that grows with it.
    pub age: Option<Age>,
    /// Signals that are a pool of whole public clonotypes instead of motifs, with the sizes of the pools:
    /// `{ public = 1000 }`. Each carrier gets `witness_number` different clonotypes of the pool.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pools: BTreeMap<String, usize>,
    /// The clonotypes of pools, as `CASSLGTDTQYF TRBV9 TRBJ2-3`. If they are not given, they are drawn from the
    /// background once per simulation. The configuration that a simulation writes lists them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pool_clonotypes: BTreeMap<String, Vec<String>>,
    /// What is implanted.
    pub signals: Vec<Signal>,
}

/// Takes a reference because serde hands one over.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
#[expect(clippy::float_cmp, reason = "the default is exactly 1")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

/// Clonotypes per repertoire.
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
            positive_depth: 1.0,
            batch: None,
            age: None,
            pools: BTreeMap::new(),
            pool_clonotypes: BTreeMap::new(),
            signals: Vec::new(),
        }
    }
}

/// Two batches, `A` and `B`, as two laboratories that amplify genes differently: in each one a share
/// of the clonotypes follows the batch's own gene usage and length tilt, drawn once a batch as a
/// donor's is, and the rest the donor's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Share of positive subjects in batch `B`, and of negative ones in batch `A`; 0.5 is unrelated
    /// to the label. In 0 to 1.
    pub agreement: f64,
    /// Share of clonotypes that follow the batch's usage in place of the donor's. In 0 to 1.
    pub effect: f64,
}

/// Ages of subjects: normal in both classes, so that the log-odds of the label are linear in the age, and cut off at 20 and 80.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// Years that positive subjects are older than negative ones, on average. In -40 to 40.
    pub difference: f64,
}

impl Age {
    /// Mean age of all.
    const MEAN: f64 = 50.0;
    /// Standard deviation inside a class.
    const SD: f64 = 12.0;
    /// Youngest and oldest.
    const RANGE: [f64; 2] = [20.0, 80.0];

    /// The age of a subject of a class, `standard` standard deviations from its mean.
    pub(super) fn of(self, positive: bool, standard: f64) -> f64 {
        let half = if positive { 0.5 } else { -0.5 } * self.difference;
        let [youngest, oldest] = Self::RANGE;
        (Self::MEAN + half + Self::SD * standard).clamp(youngest, oldest)
    }

    /// Share of its witness rate that a signal of the age has: 0 for the youngest, 1 for the oldest.
    pub(super) fn share(age: f64) -> f64 {
        let [youngest, oldest] = Self::RANGE;
        (age - youngest) / (oldest - youngest)
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
    /// A clonotype that cannot be read.
    #[error("`{key}` has {found:?}, expected a clonotype as \"CASSLGTDTQYF TRBV9 TRBJ2-3\"")]
    Clonotype {
        /// Key as written in the file.
        key: String,
        /// The clonotype.
        found: String,
    },
    /// A pool whose clonotypes are not known.
    #[error(
        "`pool_clonotypes.{name}` is missing, expected the configuration that a simulation wrote"
    )]
    NotDrawn {
        /// Name of the signal.
        name: String,
    },
    /// Two signals of the same name, or a name that cannot be in a table.
    #[error("`signals.name` is {name:?}, expected a unique name without tabs and line breaks")]
    Name {
        /// The name.
        name: String,
    },
}

pub(super) fn check(
    ok: bool,
    key: &str,
    value: f64,
    expected: &'static str,
) -> Result<(), InvalidSimulation> {
    if ok {
        Ok(())
    } else {
        Err(InvalidSimulation::Number { key: key.to_owned(), value, expected })
    }
}

pub(super) fn check_share(key: &str, value: f64) -> Result<(), InvalidSimulation> {
    check((0.0..=1.0).contains(&value), key, value, "0 to 1")
}

impl SimulationConfig {
    /// Checks the ranges; called once, before anything is simulated.
    ///
    /// # Errors
    ///
    /// Names the first key whose value is out of range.
    pub fn validate(&self) -> Result<(), InvalidSimulation> {
        let million =
            |key, n: usize| check((1..=1_000_000).contains(&n), key, n as f64, "1 to 10^6");
        million("repertoires", self.repertoires)?;
        million("repertoires_per_subject", self.repertoires_per_subject)?;
        match self.clonotypes {
            Clonotypes::Fixed(n) => {
                check((1..=MOST_CLONOTYPES).contains(&n), "clonotypes", n as f64, "1 to 10^7")?;
            }
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
        let depth = self.positive_depth;
        check((0.01..=100.0).contains(&depth), "positive_depth", depth, "0.01 to 100")?;
        if let Some(batch) = self.batch {
            check_share("batch.agreement", batch.agreement)?;
            check_share("batch.effect", batch.effect)?;
        }
        if let Some(age) = self.age {
            let years = age.difference;
            check((-40.0..=40.0).contains(&years), "age.difference", years, "-40 to 40 years")?;
        }
        self.validate_pools()?;
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

impl SimulationConfig {
    /// Sizes, names and clonotypes of pools.
    fn validate_pools(&self) -> Result<(), InvalidSimulation> {
        for (name, &size) in &self.pools {
            let key = format!("pools.{name}");
            let known = self.signals.iter().any(|signal| signal.name == *name);
            check(known, &key, size as f64, "the name of a signal")?;
            check((1..=100_000).contains(&size), &key, size as f64, "1 to 100,000")?;
        }
        for (name, clonotypes) in &self.pool_clonotypes {
            let whole = self.pools.get(name) == Some(&clonotypes.len());
            let (key, found) = (format!("pool_clonotypes.{name}"), clonotypes.len() as f64);
            check(whole, &key, found, "as many as `pools` says")?;
            Pool::new(name, clonotypes)?;
        }
        Ok(())
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
        assert_snapshot!(check("repertoires = 0"), @"`repertoires` is 0, expected 1 to 10^6");
        assert_snapshot!(check("repertoires = 9223372036854775807"), @"`repertoires` is 9223372036854776000, expected 1 to 10^6");
        assert_snapshot!(check("clonotypes = 10000001"), @"`clonotypes` is 10000001, expected 1 to 10^7");
        let signal = "[[signals]]\nname = 'a'\nmotifs = ['LDR']\n";
        assert_snapshot!(check(signal), @"`signals.a.witness_number` is 0, expected at least 1, or a `witness_rate` above 0");
        let signal = "pools = { a = 5 }\n[[signals]]\nname = 'a'\nwitness_number = 6";
        assert_snapshot!(check(signal), @"`signals.a.witness_number` is 6, expected 1 to its size in `pools`");
        let signal =
            "pools = { a = 5 }\n[[signals]]\nname = 'a'\nmotifs = ['LDR']\nwitness_number = 2";
        assert_snapshot!(check(signal), @"`signals.a.motifs` is 1, expected none beside its size in `pools`");
        assert_snapshot!(check("pools = { a = 5 }"), @"`pools.a` is 5, expected the name of a signal");
        let signal = "pools = { a = 1 }\npool_clonotypes = { a = ['CASSF TRBV9'] }\n[[signals]]\nname = 'a'\nwitness_number = 1";
        assert_snapshot!(check(signal), @r#"`pool_clonotypes.a` has "CASSF TRBV9", expected a clonotype as "CASSLGTDTQYF TRBV9 TRBJ2-3""#);
        assert_snapshot!(check("batch = { agreement = 2, effect = 0.1 }"), @"`batch.agreement` is 2, expected 0 to 1");
        assert_snapshot!(check("age = { difference = 70 }"), @"`age.difference` is 70, expected -40 to 40 years");
        let signal =
            "[[signals]]\nname = 'a'\nmotifs = ['LDR']\nwitness_rate = 0.1\ntarget = 'age'";
        assert_snapshot!(check(signal), @"`signals.a.target` is 2, expected label, or one with a section of its name");
        assert_snapshot!(check("positive_depth = 0"), @"`positive_depth` is 0, expected 0.01 to 100");
        let signal = "[[signals]]\nname = 'a'\nmotifs = ['LBR']\nwitness_rate = 0.1";
        assert_snapshot!(check(signal), @r#"`signals.a.motifs`: motif "LBR": 'B' at character 2, expected an amino acid, `-`, `X`, `Z`, `[..]` or `(d)`"#);
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
        assert!(files >= 30, "{files} files");
    }
}
