//! `[model] embedding`: what turns the residues of a sequence into a vector.

use serde::{Deserialize, Serialize};

use super::{Config, InvalidConfig, ModelConfig, check};
use crate::bag::{MAX_UNITS, Windows};

/// Units of an LSTM where none are stated, those of the published one.
pub(super) const UNITS: usize = 32;

// The text of the error names it.
const _: () = assert!(MAX_UNITS == 256);

/// What embeds a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Embedding {
    /// The maxima of filters over windows.
    #[default]
    Convolution,
    /// The last state of an LSTM over the residues (`reperio_bag` has its formula): the other embedding of `DeepRC`.
    ///
    /// It has no filters. So nothing is planted into it, and it has no motifs; residues have shares of its evidence as
    /// under filters. It runs on the CPU.
    Lstm,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over so")]
impl Embedding {
    /// Whether a config file need not state it: files of models with filters stay readable by programs before it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The same for the units of an LSTM.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over so")]
pub(super) fn are_default(units: &usize) -> bool {
    *units == UNITS
}

impl ModelConfig {
    /// Units of the LSTM, 0 without one.
    pub(crate) fn embedding_units(&self) -> usize {
        match self.embedding {
            Embedding::Convolution => 0,
            Embedding::Lstm => self.lstm_units,
        }
    }

    /// Checks what an embedding needs and what it knows nothing of.
    pub(super) fn validate_embedding(&self) -> Result<(), InvalidConfig> {
        let units = self.lstm_units;
        if self.embedding == Embedding::Convolution {
            let only = "32, the default: an LSTM needs embedding = \"lstm\"";
            return check(units == UNITS, "model.lstm_units", &units, only);
        }
        check((1..=MAX_UNITS).contains(&units), "model.lstm_units", &units, "1 to 256")?;
        let none = "0 groups of filters, written filters = [], with embedding = \"lstm\"";
        let groups = self.filters.len();
        check(groups == 0, "model.filters", &groups, none)?;
        let full = "Full, the default, with embedding = \"lstm\", which has no windows";
        check(self.windows == Windows::Full, "model.windows", &self.windows, full)
    }
}

impl Config {
    /// [`Self::deeprc`] with the LSTM of the published program in the place of its convolution.
    pub fn deeprc_lstm() -> Self {
        let mut config = Self::deeprc();
        config.model.embedding = Embedding::Lstm;
        config.model.filters = vec![];
        config.model.windows = Windows::Full;
        config
    }

    /// Checks that discovery has filters to plant its motifs into.
    pub(super) fn validate_planting(&self) -> Result<(), InvalidConfig> {
        let motifs = self.discovery.motifs;
        let planted = self.model.embedding == Embedding::Convolution;
        let expected = "false with embedding = \"lstm\": motifs are planted into filters";
        check(planted || !motifs, "discovery.motifs", &motifs, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a config file, nothing if it is valid.
    fn said(text: &str) -> String {
        let config: Config = toml::from_str(text).unwrap();
        config.validate().err().map_or_else(String::new, |err| err.to_string())
    }

    const LSTM: &str = "[model]\nembedding = \"lstm\"\nfilters = []\n";
    const UNPLANTED: &str = "[discovery]\nmotifs = false\n";

    #[test]
    fn an_lstm_has_units_and_nothing_of_filters() {
        assert_eq!(said(&format!("{LSTM}{UNPLANTED}")), "");
        assert_eq!(said(&format!("{LSTM}lstm_units = 256\n{UNPLANTED}")), "");
        for (text, expected) in [
            (
                format!("[model]\nembedding = \"lstm\"\n{UNPLANTED}"),
                "`model.filters` is 2, expected 0 groups of filters, written filters = [], with embedding = \"lstm\"",
            ),
            (
                format!("{LSTM}lstm_units = 0\n{UNPLANTED}"),
                "`model.lstm_units` is 0, expected 1 to 256",
            ),
            (
                format!("{LSTM}windows = \"padded\"\n{UNPLANTED}"),
                "`model.windows` is Padded, expected Full, the default, with embedding = \"lstm\", which has no windows",
            ),
            (
                LSTM.to_owned(),
                "`discovery.motifs` is true, expected false with embedding = \"lstm\": motifs are planted into filters",
            ),
            (
                "[model]\nlstm_units = 64\n".to_owned(),
                "`model.lstm_units` is 64, expected 32, the default: an LSTM needs embedding = \"lstm\"",
            ),
            (
                "[model]\nfilters = []\n".to_owned(),
                "`model.filters` is 0, expected 1 to 16 groups of filters",
            ),
        ] {
            assert_eq!(said(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_config_without_an_lstm_is_written_as_before_it() {
        let text = toml::to_string(&Config::default()).unwrap();
        assert!(!text.contains("embedding =") && !text.contains("lstm"), "{text}");
        for config in [Config::deeprc(), Config::deeprc_lstm()] {
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<Config>(&text).unwrap(), config, "{text}");
        }
    }
}
