//! Weights of the PyTorch layers (<https://github.com/ml-jku/hopfield-layers>) under the names used here.

use std::collections::HashMap;

use candle_core::{Result, Tensor, bail};

use crate::{Config, Projection, ValueProjection};

/// Names that only change.
const RENAMED: [(&str, &str); 16] = [
    ("association_core.q_proj_weight", "state_projection.weight"),
    ("association_core.k_proj_weight", "stored_projection.weight"),
    ("association_core.v_proj_weight", "pattern_projection.weight"),
    ("association_core.out_proj.weight", "output_projection.weight"),
    ("association_core.out_proj.bias", "output_projection.bias"),
    ("association_core.p_norm_weight", "norm_hopfield.weight"),
    ("association_core.p_norm_bias", "norm_hopfield.bias"),
    ("association_core.bias_k", "bias_stored"),
    ("association_core.bias_v", "bias_projected"),
    ("norm_stored_pattern.weight", "norm_stored.weight"),
    ("norm_stored_pattern.bias", "norm_stored.bias"),
    ("norm_state_pattern.weight", "norm_state.weight"),
    ("norm_state_pattern.bias", "norm_state.bias"),
    ("norm_pattern_projection.weight", "norm_projection.weight"),
    ("norm_pattern_projection.bias", "norm_projection.bias"),
    ("pooling_weights", "state"),
];

/// Renames, and where several projections share a tensor splits, the state dict of a PyTorch
/// `Hopfield`, `HopfieldPooling` or `HopfieldLayer` with the options that `config` states.
///
/// `VarBuilder::from_tensors(pytorch::rename(&tensors, &config)?, dtype, &device)` then builds a layer to use;
/// [`SeededVars::assign`](crate::SeededVars::assign) gives the values to a layer that trains on, and
/// refuses a dict that does not fit it.
///
/// Differences that no renaming can bridge: the PyTorch layer creates a bias pattern but never uses it;
/// a scaling *tensor* is spread over features there, over heads here; with several heads and a batch,
/// its static patterns mix items of the batch.
///
/// ```
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Tensor};
/// use candle_hopfield::{Config, pytorch};
///
/// # fn main() -> candle_core::Result<()> {
/// let state = Tensor::zeros((1, 1, 16), DType::F32, &Device::Cpu)?; // of a `HopfieldPooling`
/// let dict = HashMap::from([("pooling_weights".to_owned(), state)]);
/// let renamed = pytorch::rename(&dict, &Config::new(16))?;
/// assert_eq!(renamed["state"].dims(), [1, 16]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A tensor of an unknown name, or a shared one whose rows do not fit the config.
#[expect(clippy::implicit_hasher, reason = "what candle loads and takes")]
pub fn rename(
    tensors: &HashMap<String, Tensor>,
    config: &Config,
) -> Result<HashMap<String, Tensor>> {
    let mut renamed = HashMap::new();
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort_unstable();
    for name in names {
        let tensor = &tensors[name];
        let short = name.strip_prefix("hopfield.").unwrap_or(name);
        match short {
            "association_core.in_proj_weight" => split(tensor, config, "weight", &mut renamed)?,
            "association_core.in_proj_bias" => split(tensor, config, "bias", &mut renamed)?,
            "lookup_weights" => drop(renamed.insert("stored".to_owned(), tensor.squeeze(0)?)),
            "target_weights" => drop(renamed.insert("projected".to_owned(), tensor.squeeze(0)?)),
            _ => {
                let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == short) else {
                    bail!("`{name}` is not a tensor of a PyTorch Hopfield layer")
                };
                renamed.insert((*new).to_owned(), unwrapped(tensor, new)?);
            }
        }
    }
    Ok(renamed)
}

/// Without the axes of size 1 that PyTorch keeps for broadcasting.
fn unwrapped(tensor: &Tensor, name: &str) -> Result<Tensor> {
    match name {
        "state" => tensor.squeeze(0),
        "bias_stored" | "bias_projected" => tensor.flatten_all(),
        _ => Ok(tensor.clone()),
    }
}

/// The rows of state, stored and pattern projections are below each other; static patterns have none.
fn split(
    tensor: &Tensor,
    config: &Config,
    kind: &str,
    renamed: &mut HashMap<String, Tensor>,
) -> Result<()> {
    let (hidden, pattern) =
        (config.heads * config.hidden_width(), config.heads * config.pattern_width());
    let parts = [
        ("state_projection", hidden, config.state == Projection::Learned),
        ("stored_projection", hidden, config.stored == Projection::Learned),
        (
            "pattern_projection",
            pattern,
            matches!(config.values, ValueProjection::Learned | ValueProjection::Connected),
        ),
    ];
    let mut start = 0;
    for (name, rows, learned) in parts {
        if learned {
            renamed.insert(format!("{name}.{kind}"), tensor.narrow(0, start, rows)?.contiguous()?);
            start += rows;
        }
    }
    // The bias keeps rows for static patterns to be projected, and does not use them.
    if kind == "weight" && start != tensor.dim(0)? {
        bail!("`in_proj_weight` has {} rows: expected {start}", tensor.dim(0)?);
    }
    Ok(())
}
