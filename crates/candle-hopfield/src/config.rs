//! Options of a Hopfield layer.

use candle_core::{Result, Tensor, bail};

use crate::{Association, Beta};

/// Layer normalisation of a set of patterns, over the last axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm {
    /// Patterns are taken as they are.
    None,
    /// Mean 0, variance 1.
    Plain,
    /// The same, then a learned weight and bias.
    #[default]
    Affine,
}

/// How state or stored patterns come into the association space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// A learned matrix to every head's `hidden_size`.
    #[default]
    Learned,
    /// Not at all: every head sees the pattern itself.
    Static,
}

/// How the patterns that a head returns are computed from the third input, P.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueProjection {
    /// `P W_v`.
    #[default]
    Learned,
    /// P itself, for every head.
    Static,
    /// `P W_k W_v`: through the matrix of the stored patterns first, as in the paper.
    Connected,
    /// `P W_k`: the head returns what it compares.
    Stored,
}

/// A function of each feature by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// x times the normal distribution function of x.
    Gelu,
    /// x times the sigmoid of x.
    Silu,
}

impl Activation {
    /// The same shape.
    ///
    /// # Errors
    /// A type that candle cannot compute with.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Relu => x.relu(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => candle_nn::ops::sigmoid(x),
            Self::Gelu => x.gelu_erf(),
            Self::Silu => x.silu(),
        }
    }
}

/// How often the state patterns are updated before the result is read out.
///
/// The first association always happens; these are further ones, `Q <- A K`.
#[derive(Clone, Debug, PartialEq)]
pub struct Updates {
    /// Largest number of further updates; `None`: until every head has converged, but at most [`Updates::LIMIT`].
    pub max: Option<usize>,
    /// A head has converged when the Frobenius norm of the change of its association is no larger than
    /// this in any item of the batch. One number, or one per head.
    pub eps: Vec<f64>,
}

impl Updates {
    /// Largest number of updates if there is no other limit. The update of the paper converges
    /// (Theorem 1); a top-k association may go in circles.
    pub const LIMIT: usize = 1000;

    /// A number of further updates, with the threshold 1e-4.
    pub fn steps(max: usize) -> Self {
        Self { max: Some(max), eps: vec![1e-4] }
    }

    /// Updates until the association changes by no more than `eps`.
    pub fn until(eps: f64) -> Self {
        Self { max: None, eps: vec![eps] }
    }

    /// Threshold of a head.
    pub(crate) fn eps_of(&self, head: usize) -> f64 {
        if self.eps.len() == 1 { self.eps[0] } else { self.eps[head] }
    }
}

impl Default for Updates {
    fn default() -> Self {
        Self::steps(0)
    }
}

/// Options of [`Hopfield`](crate::Hopfield) and of the layers built on it.
///
/// Sizes are numbers of features. The defaults are those of the PyTorch layer; start from
/// [`Config::new`].
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that have nothing to do with each other"
)]
pub struct Config {
    /// Width of state patterns, and of the others unless stated otherwise.
    pub input_size: usize,
    /// Width of stored patterns, if it differs.
    pub stored_size: Option<usize>,
    /// Width of the patterns P that are projected and returned, if it differs.
    pub projection_size: Option<usize>,
    /// Width of the association space of one head; `input_size / heads` by default.
    pub hidden_size: Option<usize>,
    /// Width of what one head returns; `hidden_size` by default.
    pub pattern_size: Option<usize>,
    /// Width of the output; `input_size` by default.
    pub output_size: Option<usize>,
    /// Parallel heads.
    pub heads: usize,
    /// Inverse temperature.
    pub beta: Beta,
    /// Further updates of the state patterns.
    pub updates: Updates,
    /// Softmax or one of its sparse relatives.
    pub association: Association,
    /// Normalisation of stored patterns, (.., `stored_size`).
    pub norm_stored: Norm,
    /// Normalisation of state patterns, (.., `input_size`).
    pub norm_state: Norm,
    /// Normalisation of P, (.., `projection_size`).
    pub norm_projection: Norm,
    /// Normalisation of both in the association space, a head at a time, (.., `hidden_size`).
    pub norm_hopfield: Norm,
    /// Added to the variance by all four.
    pub norm_eps: f64,
    /// Projection of stored patterns.
    pub stored: Projection,
    /// Projection of state patterns.
    pub state: Projection,
    /// Projection of P.
    pub values: ValueProjection,
    /// Whether the three projections, and that of the output, have a bias.
    pub bias: bool,
    /// Adds one learned pair of stored and projected pattern. (The PyTorch layer creates the pair but
    /// never uses it.)
    pub bias_pattern: bool,
    /// Adds a stored pattern of zeros that returns zeros: a head may associate with nothing.
    pub zero_association: bool,
    /// Whether the heads' results go through a learned matrix to `output_size`; otherwise they stand
    /// side by side, `heads * pattern_size` wide.
    pub output_projection: bool,
    /// Applied to the output.
    pub activation: Option<Activation>,
    /// Share of associations set to 0 where a call brings a seed.
    pub dropout: f64,
}

impl Config {
    /// One head over patterns of this width, everything else as in the PyTorch layer.
    pub fn new(input_size: usize) -> Self {
        Self {
            input_size,
            stored_size: None,
            projection_size: None,
            hidden_size: None,
            pattern_size: None,
            output_size: None,
            heads: 1,
            beta: Beta::default(),
            updates: Updates::default(),
            association: Association::Softmax,
            norm_stored: Norm::Affine,
            norm_state: Norm::Affine,
            norm_projection: Norm::Affine,
            norm_hopfield: Norm::None,
            norm_eps: 1e-5,
            stored: Projection::Learned,
            state: Projection::Learned,
            values: ValueProjection::Learned,
            bias: true,
            bias_pattern: false,
            zero_association: false,
            output_projection: true,
            activation: None,
            dropout: 0.0,
        }
    }

    /// The bare association of the paper's equation (3): nothing normalised, nothing projected, one
    /// head, so that `forward(stored, state, stored)` is `softmax(beta R Y^T) Y`.
    pub fn bare(input_size: usize, beta: f64) -> Self {
        Self {
            beta: Beta::Number(beta),
            norm_stored: Norm::None,
            norm_state: Norm::None,
            norm_projection: Norm::None,
            stored: Projection::Static,
            state: Projection::Static,
            values: ValueProjection::Static,
            bias: false,
            output_projection: false,
            ..Self::new(input_size)
        }
    }

    /// Width of stored patterns.
    pub fn stored_width(&self) -> usize {
        self.stored_size.unwrap_or(self.input_size)
    }

    /// Width of P.
    pub fn projection_width(&self) -> usize {
        self.projection_size.unwrap_or(self.input_size)
    }

    /// Width of a head's association space: of the stored patterns themselves where they are static.
    pub fn hidden_width(&self) -> usize {
        match self.stored {
            Projection::Static => self.stored_width(),
            Projection::Learned => self.hidden_size(),
        }
    }

    /// `hidden_size` or its default.
    pub(crate) fn hidden_size(&self) -> usize {
        self.hidden_size.unwrap_or(self.input_size / self.heads.max(1))
    }

    /// Width of state patterns as given.
    pub fn state_width(&self) -> usize {
        match self.state {
            Projection::Learned => self.input_size,
            Projection::Static => self.hidden_width(),
        }
    }

    /// Width of what one head returns.
    pub fn pattern_width(&self) -> usize {
        match self.values {
            ValueProjection::Static => self.projection_width(),
            ValueProjection::Stored => self.hidden_width(),
            _ => self.pattern_size.unwrap_or_else(|| self.hidden_size()),
        }
    }

    /// Width of the output.
    pub fn output_width(&self) -> usize {
        if self.output_projection {
            self.output_size.unwrap_or(self.input_size)
        } else {
            self.heads * self.pattern_width()
        }
    }

    /// Whether the layer has nothing to learn.
    pub(crate) fn is_static(&self) -> bool {
        self.stored == Projection::Static
            && self.state == Projection::Static
            && self.values == ValueProjection::Static
            && self.norm_hopfield == Norm::None
            && !self.output_projection
    }

    /// Refuses options that contradict each other.
    ///
    /// # Errors
    /// A size of 0, a wrong number of betas or thresholds, a probability outside [0, 1), or values through
    /// the matrix of stored patterns that have none.
    pub fn check(&self) -> Result<()> {
        self.check_sizes()?;
        let through_stored =
            matches!(self.values, ValueProjection::Connected | ValueProjection::Stored);
        if through_stored
            && (self.stored == Projection::Static || self.stored_width() != self.projection_width())
        {
            bail!(
                "`values` go through the matrix of the stored patterns: these need one, and the same width"
            );
        }
        if !(0.0..1.0).contains(&self.dropout) {
            bail!("`dropout` is {}: expected at least 0 and below 1", self.dropout);
        }
        let thresholds = self.updates.eps.len();
        if (thresholds != 1 && thresholds != self.heads)
            || self.updates.eps.iter().any(|eps| eps.is_nan() || *eps <= 0.0)
        {
            bail!(
                "`updates.eps` is {:?}: expected one positive number, or one per head",
                self.updates.eps
            );
        }
        self.association.check()?;
        self.beta.check(self.heads)
    }

    fn check_sizes(&self) -> Result<()> {
        let sizes = [
            ("input_size", self.input_size),
            ("stored_size", self.stored_width()),
            ("projection_size", self.projection_width()),
            ("heads", self.heads),
            ("hidden_size", self.hidden_width()),
            ("pattern_size", self.pattern_width()),
            ("output_size", self.output_width()),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            bail!("`{name}` is 0: expected at least 1");
        }
        if self.hidden_size.is_none()
            && !self.is_static()
            && !self.input_size.is_multiple_of(self.heads)
        {
            bail!(
                "`input_size` {} is not a multiple of {} heads: state `hidden_size`",
                self.input_size,
                self.heads
            );
        }
        Ok(())
    }
}
