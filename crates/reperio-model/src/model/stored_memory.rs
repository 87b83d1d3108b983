//! A memory of covariates as stored in a model's file: its network and stored rows as tensors, the rest as text.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};
use candle_hopfield::hopular::{Attribute, HopularConfig, HopularModel};
use serde::{Deserialize, Serialize};

use crate::covariates::CovariateKind;
use crate::parts::{MemoryTable, memory};
use crate::tensors::Named;

/// Between the prefix of a table and the names of its network's tensors.
const INFIX: &str = "memory.";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredMemory {
    /// Classes of each covariate; 0 for a number.
    classes: Vec<usize>,
    /// Whether classes are predicted.
    of_classes: bool,
    slope: f64,
    bias: f64,
    /// Units of all columns, the answer last.
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl StoredMemory {
    /// The text of `table`; its tensors are added to `tensors`.
    pub(super) fn pack(table: &MemoryTable, prefix: &str, tensors: &mut Named) -> Result<Self> {
        let model = table.model();
        let (columns, standardiser) = (model.schema().attributes(), model.standardiser());
        for (name, tensor) in model.tensors()? {
            if name != "means" && name != "deviations" {
                tensors.push((format!("{prefix}{INFIX}{name}"), tensor));
            }
        }
        let classes = columns[..columns.len() - 1].iter().map(|own| match own {
            Attribute::Continuous => 0,
            Attribute::Categorical { classes } => *classes,
        });
        Ok(Self {
            classes: classes.collect(),
            of_classes: matches!(columns.last(), Some(Attribute::Categorical { .. })),
            slope: table.slope,
            bias: table.bias,
            means: standardiser.means().to_vec(),
            deviations: standardiser.deviations().to_vec(),
        })
    }

    /// The table, whose tensors are taken out of `tensors`.
    pub(super) fn unpack(
        self,
        prefix: &str,
        tensors: &mut BTreeMap<String, Tensor>,
    ) -> Result<MemoryTable> {
        // The names of classes are the model's, their number is enough here.
        let kinds: Vec<CovariateKind> =
            self.classes.iter().map(|&n| kind(n)).collect::<Result<_>>()?;
        let schema = memory::schema(kinds.iter(), self.of_classes)?;
        let prefix = format!("{prefix}{INFIX}");
        let names: Vec<String> =
            tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        let mut own = BTreeMap::new();
        for name in names {
            if let Some(tensor) = tensors.remove(&name) {
                own.insert(name[prefix.len()..].to_owned(), tensor);
            }
        }
        own.insert("means".to_owned(), Tensor::new(&self.means[..], &Device::Cpu)?);
        own.insert("deviations".to_owned(), Tensor::new(&self.deviations[..], &Device::Cpu)?);
        let model = HopularModel::from_tensors(&schema, &HopularConfig::small(), &own)?;
        MemoryTable::new(model, self.slope, self.bias)
    }
}

/// A covariate of so many classes.
fn kind(classes: usize) -> Result<CovariateKind> {
    match classes {
        0 => Ok(CovariateKind::Number),
        2..=memory::MOST_WIDTH => {
            Ok(CovariateKind::Classes { classes: vec![String::new(); classes] })
        }
        _ => candle_core::bail!("a covariate of {classes} classes, expected 2 or more"),
    }
}
