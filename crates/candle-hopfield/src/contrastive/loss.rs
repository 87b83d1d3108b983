//! `InfoLOOB` and `InfoNCE`.

use candle_core::{D, Result, Tensor, bail};

use super::retrieval::{dots, lengths, matrix};
use super::{ContrastiveConfig, Form, Objective, Retrieved};
use crate::association::mask;

/// A contrastive loss and what it was computed from.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The loss, a single number `()`.
    pub value: Tensor,
    /// What every pair adds to side x, `l_i` of the [module](super), `(n)` in nats, whatever the form.
    pub side_x: Tensor,
    /// The same of side y.
    pub side_y: Tensor,
    /// The retrieved states, if the configuration asks for retrieval.
    pub retrieved: Option<Retrieved>,
}

/// The loss of a batch of pairs; formulas in the [module](super).
///
/// The embeddings are taken as they are. The paper's have unit length: see
/// [`unit_length`](super::unit_length). Gradients are exact, through softmax, retrieval (as stored and as
/// asking patterns) and lengths. With retrieval, the memory is the batch itself: a loss of the same pairs in
/// other batches is another.
///
/// The loss does not change with the order of pairs, nor if both sides are rotated together.
///
/// # Shapes
///
/// `x`, `y` `(n, d)` of `f32` or `f64`, with n at least 2.
///
/// # Errors
///
/// When the shapes or types differ, there are less than two pairs, a row has no direction (length 0 or not
/// finite), or an inverse temperature is not positive.
///
/// # References
///
/// <https://arxiv.org/abs/2110.11316>; `InfoNCE`: <https://arxiv.org/abs/1807.03748>; `InfoLOOB` as a bound:
/// <https://arxiv.org/abs/1905.06922>.
pub fn loss(x: &Tensor, y: &Tensor, config: &ContrastiveConfig) -> Result<Loss> {
    check(x, y)?;
    let (dtype, device) = (x.dtype(), x.device());
    let t = config.inverse_temperature.tensor("inverse_temperature", dtype, device)?; // (1, 1)
    let retrieved = match &config.retrieval {
        None => None,
        Some(beta) => Some(Retrieved::of(x, y, &beta.tensor("retrieval", dtype, device)?)?),
    };
    let ((x, x_candidates), (y, y_candidates)) = match &retrieved {
        None => ((x, y), (y, x)),
        Some(r) => ((&r.u_x, &r.u_y), (&r.v_y, &r.v_x)),
    };
    let side_x = side(x, x_candidates, &t, config.objective)?;
    let side_y = side(y, y_candidates, &t, config.objective)?;
    let sum = (side_x.mean_all()? + side_y.mean_all()?)?;
    let value = match (config.form, config.objective) {
        (Form::Paper, _) => sum,
        (Form::Release, Objective::InfoLoob) => sum.div(&t.reshape(())?)?,
        (Form::Release, Objective::InfoNce) => (sum / 2.0)?,
    };
    Ok(Loss { value, side_x, side_y, retrieved })
}

fn check(x: &Tensor, y: &Tensor) -> Result<()> {
    let (pairs, _) = matrix("x", x)?;
    matrix("y", y)?;
    if x.dims() != y.dims() || x.dtype() != y.dtype() {
        bail!(
            "`x` is {:?} of {:?} and `y` {:?} of {:?}: expected the same, row i of both a pair",
            x.dims(),
            x.dtype(),
            y.dims(),
            y.dtype()
        );
    }
    if pairs < 2 {
        bail!("{pairs} pair has no other to be compared with: expected at least 2");
    }
    lengths(x, "`x`")?;
    lengths(y, "`y`")?;
    Ok(())
}

/// `l_i` of one side, (n).
fn side(anchors: &Tensor, candidates: &Tensor, t: &Tensor, objective: Objective) -> Result<Tensor> {
    let scores = dots(anchors, candidates)?.broadcast_mul(t)?; // (n, n)
    let own = Tensor::eye(scores.dim(0)?, candle_core::DType::U8, scores.device())?;
    let positive = own.where_cond(&scores, &scores.zeros_like()?)?.sum(D::Minus1)?; // (n)
    let compared = match objective {
        Objective::InfoNce => scores,
        Objective::InfoLoob => mask(&scores, &own)?,
    };
    log_sum_exp(&compared)? - positive
}

/// Over the last axis. Scores may be minus infinity, but not all of a row: their gradient is 0.
fn log_sum_exp(scores: &Tensor) -> Result<Tensor> {
    // Any constant gives the same result: without its gradient, ties cannot count twice.
    let highest = scores.detach().max_keepdim(D::Minus1)?; // (n, 1)
    let sum = scores.broadcast_sub(&highest)?.exp()?.sum_keepdim(D::Minus1)?;
    (sum.log()? + highest)?.squeeze(D::Minus1)
}
