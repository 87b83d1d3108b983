//! Named tensors as safetensors bytes, in the order given, with text metadata.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// Why bytes are no tensors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorsError {
    /// Not safetensors, or cut short.
    #[error("not a whole safetensors file")]
    Format(#[from] safetensors::SafeTensorError),
    /// Another element type than f32.
    #[error("tensor {name} has elements {found}, expected F32")]
    Dtype {
        /// Tensor.
        name: String,
        /// Element type found.
        found: String,
    },
    /// A value that is not finite.
    #[error("tensor {name} holds a value that is not finite")]
    NotFinite {
        /// Tensor.
        name: String,
    },
    /// candle failed.
    #[error("tensor operation failed")]
    Tensor(#[from] candle_core::Error),
}

/// Serialises `tensors` (as f32) and `metadata`.
///
/// # Errors
///
/// If a tensor cannot be read.
pub(crate) fn to_bytes(
    tensors: &[(String, Tensor)],
    metadata: &[(&str, String)],
) -> Result<Vec<u8>, TensorsError> {
    let mut data = Vec::new();
    for (name, tensor) in tensors {
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        data.push((name, tensor.dims().to_vec(), bytes));
    }
    let mut views = Vec::new();
    for (name, shape, bytes) in &data {
        views.push((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?));
    }
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// Reads what [`to_bytes`] wrote: tensors sorted by name, and the metadata.
///
/// # Errors
///
/// If the bytes are damaged, or a value is not a finite f32.
pub(crate) fn from_bytes(
    bytes: &[u8],
    device: &Device,
) -> Result<(Vec<(String, Tensor)>, HashMap<String, String>), TensorsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            let found = format!("{:?}", view.dtype());
            return Err(TensorsError::Dtype { name, found });
        }
        let values: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(TensorsError::NotFinite { name });
        }
        let tensor = Tensor::from_vec(values, view.shape(), device)?;
        tensors.push((name, tensor));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((tensors, header.metadata().clone().unwrap_or_default()))
}
