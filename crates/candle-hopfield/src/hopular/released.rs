//! Weights of the released network (<https://github.com/ml-jku/hopular>) under the names used here.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Result, Tensor, bail};

use super::{HopularConfig, Schema};
use crate::pytorch;

/// Tensors by where they go.
#[derive(Default)]
struct Sorted {
    renamed: HashMap<String, Tensor>,
    /// To be stacked, by new name and column.
    columns: BTreeMap<&'static str, BTreeMap<usize, Tensor>>,
    /// Of Hopfield layers, by block and whether it is the sample memory.
    layers: BTreeMap<(usize, bool), HashMap<String, Tensor>>,
}

/// Renames the state dict of a released `Hopular`, and stacks what is one tensor a column there.
///
/// `VarBuilder::from_tensors(hopular::rename(&tensors, &schema, &config)?, dtype, &device)` then builds a
/// [`Hopular`](super::Hopular) of [`Form::Release`](super::Form::Release).
///
/// # Errors
/// A tensor of an unknown name, or fewer than one a column.
#[expect(clippy::implicit_hasher, reason = "what candle loads and takes")]
pub fn rename(
    tensors: &HashMap<String, Tensor>,
    schema: &Schema,
    config: &HopularConfig,
) -> Result<HashMap<String, Tensor>> {
    let mut sorted = Sorted::default();
    let by_name: BTreeMap<&String, &Tensor> = tensors.iter().collect();
    for (name, tensor) in by_name {
        sorted.place(name, tensor)?;
    }
    let Sorted { mut renamed, columns, layers } = sorted;
    for ((block, is_sample), layer) in layers {
        let options = if is_sample { config.sample(schema) } else { config.feature(schema) };
        let memory = if is_sample { "sample" } else { "feature" };
        let layer = pytorch::rename(&layer, &options)?.into_iter();
        renamed.extend(
            layer.map(|(name, tensor)| (format!("blocks.{block}.{memory}.{name}"), tensor)),
        );
    }
    for (name, tensors) in columns {
        let expected = schema.attributes().len();
        if tensors.len() != expected {
            bail!("`{name}` has {} columns: expected {expected}", tensors.len());
        }
        let tensors: Vec<Tensor> = tensors.into_values().collect();
        renamed.insert(name.to_owned(), Tensor::stack(&tensors, 0)?);
    }
    Ok(renamed)
}

impl Sorted {
    fn place(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        let parts: Vec<&str> = name.split('.').collect();
        let new = match parts[..] {
            ["embeddings", "feature_embeddings", column, "0", "weight"] => {
                format!("embedding.weight.{}", number(column, name)?)
            }
            ["embeddings", "feature_type_embeddings", "weight"] => "embedding.type".to_owned(),
            ["embeddings", "feature_position_embeddings", "weight"] => {
                "embedding.position".to_owned()
            }
            ["embeddings", group, column, part, kind] => {
                let Some(new) = stacked(group, part, kind) else { bail!("{}", unknown(name)) };
                self.columns.entry(new).or_default().insert(number(column, name)?, tensor.clone());
                return Ok(());
            }
            ["hopular_blocks", block, norm @ ("sample_norm" | "feature_norm"), kind] => {
                let new = if norm == "sample_norm" { "norm_sample" } else { "norm_feature" };
                format!("blocks.{}.{new}.{kind}", number(block, name)?)
            }
            ["hopular_blocks", block, memory, "hopfield_lookup", ref rest @ ..] => {
                let is_sample = memory == "sample_sample_associations";
                let layer = self.layers.entry((number(block, name)?, is_sample)).or_default();
                layer.insert(rest.join("."), tensor.clone());
                return Ok(());
            }
            ["summarizations", "feature_summarizations", "2", kind] => {
                format!("output.norm.{kind}")
            }
            ["summarizations", "feature_summarizations", "3", kind] => format!("output.{kind}"),
            _ => bail!("{}", unknown(name)),
        };
        self.renamed.insert(new, tensor.clone());
        Ok(())
    }
}

/// The stacked tensor that a column's tensor goes into.
fn stacked(group: &str, part: &str, kind: &str) -> Option<&'static str> {
    match (group, part, kind) {
        ("feature_embeddings", "0", "bias") => Some("embedding.bias"),
        ("feature_projections", "2", "weight") => Some("embedding.projection.norm.weight"),
        ("feature_projections", "2", "bias") => Some("embedding.projection.norm.bias"),
        ("feature_projections", "3", "weight") => Some("embedding.projection.weight"),
        ("feature_projections", "3", "bias") => Some("embedding.projection.bias"),
        _ => None,
    }
}

fn number(text: &str, name: &str) -> Result<usize> {
    text.parse().map_err(|_| candle_core::Error::Msg(unknown(name)))
}

fn unknown(name: &str) -> String {
    format!("`{name}` is not a tensor of a released Hopular network")
}
