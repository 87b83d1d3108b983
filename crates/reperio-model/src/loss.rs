//! Training losses, stable for every finite prediction.
//!
//! Each is a mean over the rows that have a label. Rows without a label are skipped and get no gradient.
//! The mean divides by the *number* of labelled rows, never by the sum of their weights, so that
//! repertoires passed one at a time add up to the same gradient. Without any label the loss is 0.

use candle_core::{D, Device, Result, Tensor, bail};

/// Mean binary cross-entropy of raw `logits`, in nats.
///
/// ```text
/// loss = mean( w_y · (max(z, 0) - z·y + ln(1 + exp(-|z|))) )
/// ```
///
/// This form never takes the logarithm of 0. `candle_nn::loss::binary_cross_entropy_with_logit`
/// does, once the logistic function saturates, and returns NaN:
/// <https://github.com/huggingface/candle/issues/2561>. `class_weights` are those of the negative and
/// of the positive class; `[1.0, w]` is PyTorch's `pos_weight = w`.
///
/// # Shapes
///
/// - `logits`: `(b,)`, with one label or `None` a row
/// - returns: `()`
///
/// # Errors
///
/// If the shapes disagree.
pub fn binary_cross_entropy(
    logits: &Tensor,
    labels: &[Option<bool>],
    class_weights: [f64; 2],
) -> Result<Tensor> {
    expect_shape("loss::binary_cross_entropy", logits, &[labels.len()])?;
    let weight =
        |label: &Option<bool>| label.map_or(0.0, |label| class_weights[usize::from(label)]);
    let weights = column(labels.iter().map(weight), logits)?; // (b,)
    let label = |label: &Option<bool>| f64::from(u8::from(*label == Some(true)));
    let labels_as_numbers = column(labels.iter().map(label), logits)?; // (b,)
    let log_term = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?; // (b,)
    let losses = ((logits.relu()? - (logits * labels_as_numbers)?)? + log_term)?; // (b,)
    mean_of_labelled(&losses, &weights, labels.iter().flatten().count())
}

/// Mean cross-entropy of the softmax of `logits`, in nats.
///
/// ```text
/// loss = mean( w_y · (ln Σ_k exp(z_k) - z_y) )
/// ```
///
/// Unlike PyTorch's `cross_entropy`, the mean is not divided by the weights of the rows.
///
/// # Shapes
///
/// - `logits`: `(b, k)`, with one label in 0..k or `None` a row; `class_weights`: k values
/// - returns: `()`
///
/// # Errors
///
/// If the shapes disagree or a label is out of range.
pub fn softmax_cross_entropy(
    logits: &Tensor,
    labels: &[Option<usize>],
    class_weights: &[f64],
) -> Result<Tensor> {
    let n_classes = class_weights.len();
    expect_shape("loss::softmax_cross_entropy", logits, &[labels.len(), n_classes])?;
    if let Some(label) = labels.iter().flatten().find(|label| **label >= n_classes) {
        bail!("loss::softmax_cross_entropy: label {label}, expected below {n_classes}");
    }
    let weight = |label: &Option<usize>| label.map_or(0.0, |label| class_weights[label]);
    let weights = column(labels.iter().map(weight), logits)?; // (b,)
    let index: Vec<u32> = labels.iter().map(|label| label.unwrap_or(0) as u32).collect();
    let index = Tensor::from_vec(index, (labels.len(), 1), logits.device())?; // (b, 1)
    // The shift cancels, so it carries no gradient; that of candle's `max` is wrong at ties.
    let shift = logits.max_keepdim(D::Minus1)?.detach(); // (b, 1)
    let shifted = logits.broadcast_sub(&shift)?; // (b, k)
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?; // (b, 1)
    let losses = (log_sum - shifted.gather(&index, D::Minus1)?)?.squeeze(D::Minus1)?; // (b,)
    mean_of_labelled(&losses, &weights, labels.iter().flatten().count())
}

/// Mean squared error, in squared units of the target.
///
/// # Shapes
///
/// - `predictions`: `(b,)`, with one target or `None` a row
/// - returns: `()`
///
/// # Errors
///
/// If the shapes disagree.
pub fn mean_squared_error(predictions: &Tensor, targets: &[Option<f64>]) -> Result<Tensor> {
    let (errors, weights) = errors("loss::mean_squared_error", predictions, targets)?;
    mean_of_labelled(&errors.sqr()?, &weights, targets.iter().flatten().count())
}

/// Mean Huber loss: squared up to an error of `delta`, linear beyond, so that outliers do not dominate.
///
/// ```text
/// loss = mean( c·(e - c/2) ),  e = prediction - target,  c = clamp(e, -delta, delta)
/// ```
///
/// # Shapes
///
/// - `predictions`: `(b,)`, with one target or `None` a row
/// - returns: `()`
///
/// # Errors
///
/// If the shapes disagree.
pub fn huber(predictions: &Tensor, targets: &[Option<f64>], delta: f64) -> Result<Tensor> {
    let (errors, weights) = errors("loss::huber", predictions, targets)?;
    let clamped = errors.clamp(-delta, delta)?;
    let losses = (&clamped * (&errors - (&clamped * 0.5)?)?)?;
    mean_of_labelled(&losses, &weights, targets.iter().flatten().count())
}

/// Weights that give every class the same influence: `n / (K · n_k)`, and 1 for a class without a label.
/// Their mean over the labelled rows is 1, so the learning rate keeps its meaning.
pub fn balanced_weights(class_counts: &[usize]) -> Vec<f64> {
    let n: usize = class_counts.iter().sum();
    let present = class_counts.iter().filter(|count| **count > 0).count();
    let weight = |&count: &usize| match count {
        0 => 1.0,
        _ => n as f64 / (present * count) as f64,
    };
    class_counts.iter().map(weight).collect()
}

/// Differences to the targets and the 0 or 1 of each row; a missing target differs by nothing.
fn errors(what: &str, predictions: &Tensor, targets: &[Option<f64>]) -> Result<(Tensor, Tensor)> {
    expect_shape(what, predictions, &[targets.len()])?;
    let weights = column(targets.iter().map(|y| f64::from(u8::from(y.is_some()))), predictions)?;
    let targets = column(targets.iter().map(|y| y.unwrap_or(0.0)), predictions)?;
    Ok(((predictions - targets)?, weights))
}

/// `Σ losses · weights / n_labelled`, 0 without labels.
fn mean_of_labelled(losses: &Tensor, weights: &Tensor, n_labelled: usize) -> Result<Tensor> {
    (losses * weights)?.sum_all()? / n_labelled.max(1) as f64
}

/// `values` with the dtype and device of `like`.
fn column(values: impl Iterator<Item = f64>, like: &Tensor) -> Result<Tensor> {
    let values: Vec<f64> = values.collect();
    let rows = values.len();
    // Cast on the host: not every device has f64.
    Tensor::from_vec(values, rows, &Device::Cpu)?.to_dtype(like.dtype())?.to_device(like.device())
}

fn expect_shape(what: &str, found: &Tensor, expected: &[usize]) -> Result<()> {
    if found.dims() != expected {
        bail!("{what}: predictions {:?}, expected {expected:?}", found.shape());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    fn vector(values: &[f32]) -> Var {
        Var::new(values, &Device::Cpu).unwrap()
    }

    /// Value of a loss and its gradient with respect to `var`.
    fn run(var: &Var, loss: &Tensor) -> (f32, Vec<f32>) {
        let grads = loss.backward().unwrap();
        let grad = grads.get(var).unwrap().flatten_all().unwrap();
        (loss.to_scalar().unwrap(), grad.to_vec1().unwrap())
    }

    #[track_caller]
    fn near(got: &[f32], want: &[f32]) {
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{got} != {want}");
        }
    }

    /// `torch.nn.functional.binary_cross_entropy_with_logits(z, y, pos_weight=3)`, torch 2.15.0,
    /// float32, CPU. Logits beyond 16.7 and -88.8 are where candle's own loss breaks.
    #[test]
    fn binary_matches_pytorch() {
        let z = vector(&[0.5, -3.0, 2.0, 16.7, -88.8, 0.0]);
        let y = [true, true, false, false, true, true].map(Some);
        let (loss, grad) = run(&z, &binary_cross_entropy(&z, &y, [1.0, 3.0]).unwrap());
        near(&[loss], &[49.645_733]);
        near(&grad, &[-0.188_770_34, -0.476_287_04, 0.146_799_5, 0.166_666_67, -0.5, -0.25]);
    }

    /// d loss / d z = probability - label, also at the kink of `relu` and `abs` and where the
    /// logistic function saturates.
    #[test]
    fn binary_gradient_is_probability_minus_label() {
        for (logit, label) in
            [(-100.0, true), (-3.0, false), (0.0, true), (0.5, false), (100.0, false)]
        {
            let z = vector(&[logit]);
            let loss = binary_cross_entropy(&z, &[Some(label)], [1.0; 2]).unwrap();
            let want = 1.0 / (1.0 + (-logit).exp()) - f32::from(u8::from(label));
            near(&run(&z, &loss).1, &[want]);
        }
    }

    /// `torch.nn.functional.cross_entropy(z, y, weight=w, reduction="sum") / 3`, torch 2.15.0.
    #[test]
    fn softmax_matches_pytorch() {
        let z =
            Var::new(&[[1.0_f32, 2.0, 3.0], [0.5, -1.0, 100.0], [-2.0, 0.0, 0.0]], &Device::Cpu);
        let z = z.unwrap();
        let y = [Some(0), Some(1), Some(2)];
        let (loss, grad) = run(&z, &softmax_cross_entropy(&z, &y, &[1.0, 2.0, 0.5]).unwrap());
        near(&[loss], &[68.262_31]);
        near(
            &grad,
            &[
                -0.303_323_15,
                0.081_576_17,
                0.221_747_01,
                0.0,
                -0.666_666_7,
                0.666_666_7,
                0.010_563_16,
                0.078_051_75,
                -0.088_614_926,
            ],
        );
    }

    /// `torch.nn.functional.mse_loss(p, t)` and `huber_loss(p, t, delta=1)`, torch 2.15.0.
    #[test]
    fn regression_matches_pytorch() {
        let p = vector(&[0.5, -2.0, 3.0, 1.0]);
        let t = [0.0, 1.0, 2.5, 1.0].map(Some);
        let (loss, grad) = run(&p, &mean_squared_error(&p, &t).unwrap());
        near(&[loss], &[2.375]);
        near(&grad, &[0.25, -1.5, 0.25, 0.0]);
        let (loss, grad) = run(&p, &huber(&p, &t, 1.0).unwrap());
        near(&[loss], &[0.6875]);
        near(&grad, &[0.125, -0.25, 0.125, 0.0]);
    }

    #[test]
    fn a_missing_label_is_as_no_row() {
        let (short, long) = (vector(&[0.4, -1.0]), vector(&[0.4, 50.0, -1.0]));
        let ends = |grad: &[f32]| [grad[0], grad[2]];
        let (want, want_grad) = run(
            &short,
            &binary_cross_entropy(&short, &[Some(true), Some(true)], [1.0, 2.0]).unwrap(),
        );
        let labels = [Some(true), None, Some(true)];
        let (got, grad) = run(&long, &binary_cross_entropy(&long, &labels, [1.0, 2.0]).unwrap());
        near(&[got, grad[1]], &[want, 0.0]);
        near(&ends(&grad), &want_grad);

        let targets = [Some(1.0), None, Some(0.0)];
        let (want, want_grad) =
            run(&short, &huber(&short, &[targets[0], targets[2]], 0.5).unwrap());
        let (got, grad) = run(&long, &huber(&long, &targets, 0.5).unwrap());
        near(&[got, grad[1]], &[want, 0.0]);
        near(&ends(&grad), &want_grad);
    }

    #[test]
    fn missing_classes_get_no_gradient_and_no_label_costs_nothing() {
        let z = Var::new(&[[1.0_f32, 2.0], [3.0, -1.0]], &Device::Cpu).unwrap();
        let one = run(&z, &softmax_cross_entropy(&z, &[None, Some(1)], &[1.0; 2]).unwrap());
        near(&one.1[..2], &[0.0, 0.0]);
        near(&[one.0], &[4.0 + (-4.0_f32).exp().ln_1p()]);
        let none = run(&z, &softmax_cross_entropy(&z, &[None, None], &[1.0; 2]).unwrap());
        near(&[none.0], &[0.0]);
        near(&none.1, &[0.0; 4]);
        let z = vector(&[3.0]);
        near(&[run(&z, &binary_cross_entropy(&z, &[None], [1.0; 2]).unwrap()).0], &[0.0]);
        near(&[run(&z, &mean_squared_error(&z, &[None]).unwrap()).0], &[0.0]);
    }

    #[test]
    fn repertoires_one_at_a_time_add_up() {
        let (logits, labels) = ([0.3, -2.0, 1.5], [Some(true), Some(false), Some(true)]);
        let all = vector(&logits);
        let (_, together) = run(&all, &binary_cross_entropy(&all, &labels, [0.7, 1.9]).unwrap());
        for i in 0..3 {
            let z = vector(&logits[i..=i]);
            let loss = binary_cross_entropy(&z, &labels[i..=i], [0.7, 1.9]).unwrap();
            near(&[run(&z, &loss).1[0] / 3.0], &together[i..=i]);
        }
    }

    #[test]
    fn balanced_weights_give_every_class_the_same_say() {
        assert_eq!(balanced_weights(&[30, 10, 0]), [2.0 / 3.0, 2.0, 1.0]);
        assert!(balanced_weights(&[]).is_empty());
    }

    #[test]
    fn wrong_shapes_and_labels_are_errors() {
        let z = vector(&[1.0, 2.0]);
        let err = binary_cross_entropy(&z, &[Some(true)], [1.0; 2]).unwrap_err().to_string();
        assert!(err.contains("predictions [2], expected [1]"), "{err}");
        let z = Var::new(&[[1.0_f32, 2.0]], &Device::Cpu).unwrap();
        let err = softmax_cross_entropy(&z, &[Some(2)], &[1.0; 2]).unwrap_err().to_string();
        assert!(err.contains("label 2, expected below 2"), "{err}");
    }

    /// The reminder: when this fails, upstream is fixed.
    #[test]
    fn the_upstream_loss_still_breaks() {
        let logits = Tensor::new(&[100.0_f32], &Device::Cpu).unwrap();
        let labels = Tensor::new(&[1.0_f32], &Device::Cpu).unwrap();
        let upstream = candle_nn::loss::binary_cross_entropy_with_logit(&logits, &labels).unwrap();
        assert!(upstream.to_scalar::<f32>().unwrap().is_nan(), "upstream is fixed: use it");
    }
}
