//! Inputs that have no loss, and extreme ones that have.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::contrastive::{
    ContrastiveConfig, Form, Objective, loss, retrieve, unit_length,
};

fn rows<const N: usize>(values: &[[f64; 2]; N]) -> Tensor {
    Tensor::new(values, &Device::Cpu).unwrap()
}

fn refusal(x: &Tensor, y: &Tensor, config: &ContrastiveConfig) -> String {
    loss(x, y, config).unwrap_err().to_string().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn inputs_without_a_loss_are_named() {
    let (two, three) = (rows(&[[1., 0.], [0., 1.]]), rows(&[[1., 0.], [0., 1.], [1., 1.]]));
    let cloob = ContrastiveConfig::cloob(8.0, 14.3);
    let found = [
        refusal(&rows(&[[1., 0.]]), &rows(&[[1., 0.]]), &cloob),
        refusal(&two, &three, &cloob),
        refusal(&two, &two.to_dtype(DType::F32).unwrap(), &cloob),
        refusal(&two.to_dtype(DType::F16).unwrap(), &two, &cloob),
        refusal(&two.flatten_all().unwrap(), &two, &cloob),
        refusal(&two, &rows(&[[1., 0.], [0., 0.]]), &ContrastiveConfig::clip(1.0)),
        refusal(&rows(&[[f64::NAN, 0.], [0., 1.]]), &two, &cloob),
        refusal(&two, &two, &ContrastiveConfig::cloob(8.0, 0.0)),
        refusal(&two, &two, &ContrastiveConfig::cloob(f64::INFINITY, 1.0)),
        refusal(&two, &two, &ContrastiveConfig::cloob(8.0, two.clone())),
        refusal(&rows(&[[1., 0.], [-1., 0.]]), &two, &cloob),
        unit_length(&rows(&[[1., 0.], [0., 0.]])).unwrap_err().to_string(),
        retrieve(&two, &Tensor::ones((2, 3), DType::F64, &Device::Cpu).unwrap(), &8.0.into())
            .unwrap_err()
            .to_string(),
    ];
    let expected = [
        "1 pair has no other to be compared with: expected at least 2",
        "`x` is [2, 2] of F64 and `y` [3, 2] of F64: expected the same, row i of both a pair",
        "`x` is [2, 2] of F64 and `y` [2, 2] of F32: expected the same, row i of both a pair",
        "`x` is of F16: expected F32 or F64",
        "`x` has shape [4]: expected (n, d), neither of them 0",
        "row 1 of `y` has the length 0: expected a positive number, for a direction",
        "row 0 of `x` has the length NaN: expected a positive number, for a direction",
        "`inverse_temperature` is 0: expected a positive number",
        "`retrieval` is inf: expected a positive number",
        "`inverse_temperature` has shape [2, 2]: expected one number",
        "row 1 of what `y` retrieves from `x` has the length 0: expected a positive number, for a direction",
        "row 1 of x has the length 0: expected a positive number, for a direction",
        "`asking` is [2, 3] of F64 and `stored` [2, 2] of F64: expected the same width and type",
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.lines().next(), Some(expected));
    }
}

/// Where the pair itself is left out, its score of minus infinity leaves no trace in the gradient.
#[test]
fn extreme_temperatures_leave_finite_gradients() -> Result<()> {
    let x = Var::new(&[[1f32, 0.0], [0.0, 1.0], [0.6, 0.8]], &Device::Cpu)?;
    let y = Var::new(&[[1f32, 0.0], [0.0, -1.0], [0.6, 0.8]], &Device::Cpu)?;
    for objective in [Objective::InfoLoob, Objective::InfoNce] {
        for (beta, t) in [(None, 1e4), (Some(1e4), 1e4), (Some(1e-4), 1e-4)] {
            let config = ContrastiveConfig {
                objective,
                retrieval: beta.map(Into::into),
                inverse_temperature: f64::into(t),
                form: Form::Paper,
            };
            let grads = loss(&x, &y, &config)?.value.backward()?;
            for var in [&x, &y] {
                let grad = grads.get(var).map(|g| g.flatten_all()?.to_vec1::<f32>()).transpose()?;
                assert!(grad.is_some_and(|g| g.iter().all(|g| g.is_finite())), "{objective:?} {t}");
            }
        }
    }
    Ok(())
}

/// One pattern stored among others, asked for sharply, is found; asked for loosely, the mean is.
#[test]
fn retrieval_goes_from_the_mean_to_the_nearest() -> Result<()> {
    let stored = rows(&[[1., 0.], [0., 1.]]);
    let asking = rows(&[[0.9, 0.1]]);
    let sharp = retrieve(&stored, &asking, &100.0.into())?.flatten_all()?.to_vec1::<f64>()?;
    let loose = retrieve(&stored, &asking, &1e-6.into())?.flatten_all()?.to_vec1::<f64>()?;
    assert!((sharp[0] - 1.0).abs() < 1e-9 && sharp[1].abs() < 1e-9, "{sharp:?}");
    assert!(loose.iter().all(|value| (value - 0.5_f64.sqrt()).abs() < 1e-5), "{loose:?}");
    Ok(())
}
