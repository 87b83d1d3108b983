//! Options of the network.

use candle_core::{Result, bail};

use super::Schema;
use crate::{Beta, Config, Norm, ValueProjection};

/// Where the paper and the released code differ, which of the two is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The released network.
    Release,
    /// The network of the paper's formulas. The default: it predicted better in our runs, see the module's page.
    #[default]
    Paper,
}

/// In which type a network computes. Its variables may be of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// `f64`, whatever the rows and the variables are. The default: at a factor of 1000, `f32` loses the fourth
    /// digit of gradients.
    #[default]
    Double,
    /// That of the rows.
    OfRows,
}

/// Options of a [`Hopular`](super::Hopular) network.
#[derive(Clone, Debug, PartialEq)]
pub struct HopularConfig {
    /// The paper's or the release's network.
    pub form: Form,
    /// Type of the arithmetic.
    pub arithmetic: Arithmetic,
    /// Width e of the embedding of one column.
    pub embedding: usize,
    /// Hopfield networks M side by side.
    pub heads: usize,
    /// Blocks L, one after the other.
    pub blocks: usize,
    /// Width h of one head's association space in both memories; `None`: by rule, see
    /// [`HopularConfig::hidden`].
    pub hidden_size: Option<usize>,
    /// Multiplies h.
    pub hidden_factor: f64,
    /// Numerator of beta: `factor / sqrt(h)`. Large ones let a row ask single stored rows.
    pub factor: f64,
    /// Share of embedded inputs set to 0 in training.
    pub dropout_input: f64,
    /// Share of associations set to 0 in training.
    pub dropout_association: f64,
    /// Share of what the output reads set to 0 in training.
    pub dropout_output: f64,
}

impl Default for HopularConfig {
    /// The sizes of the released command line, in the paper's form.
    fn default() -> Self {
        Self {
            form: Form::default(),
            arithmetic: Arithmetic::Double,
            embedding: 32,
            heads: 8,
            blocks: 8,
            hidden_size: None,
            hidden_factor: 1.0,
            factor: 1.0,
            dropout_input: 0.1,
            dropout_association: 0.1,
            dropout_output: 0.01,
        }
    }
}

impl HopularConfig {
    /// A network for a handful of columns and up to a few hundred rows, which trains in seconds.
    pub fn small() -> Self {
        Self { embedding: 8, heads: 4, blocks: 2, ..Self::default() }
    }

    /// Widths h of the sample memory and of the feature memory for a table of d columns:
    ///
    /// ```text
    /// sample   floor(d e / M)
    /// feature  floor(e / M) in the release, floor(d e / M) in the paper
    /// ```
    ///
    /// or `hidden_size` for both; times `hidden_factor`, without the fraction; at least 1, before and after.
    pub fn hidden(&self, columns: usize) -> (usize, usize) {
        let sample = columns * self.embedding / self.heads.max(1);
        let feature = match self.form {
            Form::Release => self.embedding / self.heads.max(1),
            Form::Paper => sample,
        };
        let scaled = |rule: usize| {
            let size = self.hidden_size.unwrap_or(rule).max(1);
            ((size as f64 * self.hidden_factor) as usize).max(1)
        };
        (scaled(sample), scaled(feature))
    }

    /// Refuses sizes of 0 and shares that are none.
    ///
    /// # Errors
    /// Names the first option out of range.
    pub fn check(&self) -> Result<()> {
        let sizes = [("embedding", self.embedding), ("heads", self.heads), ("blocks", self.blocks)];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            bail!("`{name}` is 0: expected at least 1");
        }
        let shares = [
            ("dropout_input", self.dropout_input),
            ("dropout_association", self.dropout_association),
            ("dropout_output", self.dropout_output),
        ];
        for (name, share) in shares {
            if !(0.0..1.0).contains(&share) {
                bail!("`{name}` is {share}: expected at least 0 and below 1");
            }
        }
        for (name, factor) in [("hidden_factor", self.hidden_factor), ("factor", self.factor)] {
            if !(factor.is_finite() && factor > 0.0) {
                bail!("`{name}` is {factor}: expected a positive number");
            }
        }
        Ok(())
    }

    /// Options of the sample memory's layer.
    pub(crate) fn sample(&self, schema: &Schema) -> Config {
        let columns = schema.attributes().len();
        self.memory(columns * self.embedding, self.hidden(columns).0)
    }

    /// Options of the feature memory's layer.
    pub(crate) fn feature(&self, schema: &Schema) -> Config {
        self.memory(self.embedding, self.hidden(schema.attributes().len()).1)
    }

    fn memory(&self, width: usize, hidden: usize) -> Config {
        let paper = self.form == Form::Paper;
        Config {
            hidden_size: Some(hidden),
            heads: self.heads,
            beta: Beta::Number(self.factor / (hidden as f64).sqrt()),
            norm_stored: Norm::None,
            norm_state: Norm::None,
            norm_projection: Norm::None,
            values: if paper { ValueProjection::Stored } else { ValueProjection::Learned },
            bias: !paper,
            dropout: self.dropout_association,
            ..Config::new(width)
        }
    }
}
