//! Hopular: a network for small tables that asks all training rows at every layer, after *Hopular: Modern Hopfield
//! Networks for Tabular Data* (Schäfl et al., <https://arxiv.org/abs/2206.00664>).
//!
//! A table has numbers and classes, cells may be missing, and some columns are targets. [`fit`] trains on a [`Table`],
//! [`HopularModel::predict`] predicts the targets of other rows, and [`HopularModel::associations`] says on which
//! stored rows a prediction rests. The parts can be had alone: [`Hopular`] is the network, [`loss`] its loss, [`Lamb`]
//! its optimiser.
//!
//! # Formulas
//!
//! d columns, `s_j` numbers a cell of column j (1, or one a class), S their sum, e the width of an embedding, M heads,
//! L blocks, B asked rows, n stored ones. A cell is its numbers and a flag that is 1 where the network is told nothing
//! but that it is to predict the cell. The network's input is (B, S + d), its output (B, S).
//!
//! ```text
//! y_j = embedding of column j                          Y = (B, d, e), and of the stored rows X = (n, d e)
//! xi  = Y as (B, d e), then in every block
//!     s  = LN(xi);      xi' = s + A(s, LN(X))          stored rows, the same LN
//!     Xi = LN(xi');     xi  = Xi + A(Xi, LN(Y))        columns of the row itself, (d, e) of them
//! o   = output of xi
//!
//! A(a, c) = [softmax(beta Q_m K_m^T) V_m], m = 1 .. M, joined, W_o        Q = a W_q, K = c W_k, V = c W_v
//! beta    = factor / sqrt(h)
//! ```
//!
//! In training a row is hidden from itself. The loss is `gamma L_features + (1 - gamma) L_targets`, where gamma falls
//! from its start to 0, see [`Losses`] and [`Cosine`]; what is to be predicted of features says [`Noise`]. Targets of
//! asked rows are always masked, those of stored rows are not. GELU is exact, normalisations add 1e-12 to the variance.
//!
//! # The paper's form and the release's
//!
//! The released code (<https://github.com/ml-jku/hopular>) is another network than the paper's formulas.
//! [`HopularConfig::form`] chooses:
//!
//! | | [`Form::Release`] | [`Form::Paper`], the default |
//! |---|---|---|
//! | embedding | `P_j LN(GELU(W_j x_j + b_j + type + position_j)) + c_j` | `W_j x_j + type + position_j` |
//! | residual | of the normalised input: `LN(xi) + A(LN(xi), ..)` | `xi + A(xi, ..)`, no normalisation |
//! | values V | own matrix `W_v` | `W_v = W_k` |
//! | biases | everywhere | none |
//! | output | `W LN(GELU(xi)) + b` over the whole row | `W_j xi_j`, a column at a time |
//! | h of the columns' memory | `e / M` | `d e / M` |
//!
//! The paper's is the default, because it predicted better in a small comparison (`HopularConfig::small()` in single
//! precision, learning rate .05, validation share .2; one seed; rows that neither trained nor validated, inside of the
//! training parts of five folds). Such rows are test rows in other folds of the example `hopular_tables`, so its figures are
//! not wholly independent of the choice:
//!
//! | table | epochs | loss, release | loss, paper | accuracy or relative error, release | paper |
//! |---|---|---|---|---|---|
//! | iris | 100 | .165 | .296 | .947 | .887 |
//! | iris | 300 | .173 | .095 | .953 | .953 |
//! | wine | 100 | .143 | .054 | .950 | .989 |
//! | diabetes | 100 | .570 | .506 | .755 | .711 |
//!
//! It is also faster, having fewer parts. The release's form is for its weights, which [`rename`] takes.
//!
//! Other departures are options of training: [`Noise::BERT`] (the paper) or [`Noise::RELEASE`] (its command line),
//! [`Gaps::LeftOut`] or [`Gaps::AsZero`] (the release) for missing cells in means and deviations, and a schedule as
//! long as the training (the release's ends with gamma at one half by default). [`Training::release`] has the command
//! line's numbers at its full schedule. [`Training::default`] is ours, for tables that shall be learned in seconds.
//!
//! # Limits
//!
//! All training rows are asked at once: memory grows with `M n^2`. A copy of a row is not hidden from it. With a
//! large factor gradients need the double arithmetic that is the default ([`Arithmetic`]).
//!
//! # Example
//!
//! See [`fit`].

mod block;
mod columns;
mod config;
mod embedding;
mod encode;
mod fit;
mod lamb;
mod loss;
mod model;
mod network;
mod noise;
mod parts;
mod released;
mod schedule;
mod schema;
mod standardise;
mod start;
mod table;

pub use block::Step;
pub use config::{Arithmetic, Form, HopularConfig};
pub use encode::{Cell, Rows};
pub use fit::{Fitted, Training, fit};
pub use lamb::{Lamb, LambConfig, clip};
pub use loss::{Counted, Losses, loss};
pub use model::{HopularModel, Prediction};
pub use network::{Hopular, Pass, Trace};
pub use noise::Noise;
pub use released::rename;
pub use schedule::Cosine;
pub use schema::{Attribute, Schema};
pub use standardise::{Gaps, Standardiser};
pub use table::{Column, Table};
