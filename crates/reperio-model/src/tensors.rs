//! Named tensors as safetensors bytes, in the order given, with text metadata.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

/// Tensors by name.
pub(crate) type Named = Vec<(String, Tensor)>;

/// Why bytes are not tensors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorsError {
    /// Not safetensors, or cut short.
    #[error("not a whole safetensors file")]
    Format(#[from] safetensors::SafeTensorError),
    /// Another element type than f32 and i64.
    #[error("tensor {name} has elements {found}, expected F32 or I64")]
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

/// Serialises `tensors` and `metadata`: whole numbers (i64) as such, everything else as f32.
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
        data.push((name, bytes(&tensor.flatten_all()?)?, tensor.dims().to_vec()));
    }
    let mut views = Vec::new();
    for (name, (dtype, bytes), shape) in &data {
        views.push((*name, TensorView::new(*dtype, shape.clone(), bytes)?));
    }
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// SHA-256 of `text` and of the names, shapes and values of `tensors`, which are sorted by name, in hexadecimal digits.
///
/// # Errors
///
/// If a tensor cannot be read.
pub(crate) fn sha256(tensors: &[(String, Tensor)], text: &str) -> Result<String, TensorsError> {
    let mut hash = Sha256::new();
    hash.update(text);
    for (name, tensor) in tensors {
        let (dtype, bytes) = bytes(&tensor.flatten_all()?)?;
        hash.update(format!("\0{name}\0{dtype:?}{:?}\0", tensor.dims()));
        hash.update(bytes);
    }
    Ok(format!("{:x}", hash.finalize()))
}

/// What a text with a checksum begins with, and what ends the checksum.
const SEAL: (&str, &str) = ("{\"sha256\":\"", "\",");

/// A JSON object with the checksum of itself and of `tensors`, which are sorted by name, as its first key.
///
/// # Errors
///
/// If a tensor cannot be read.
pub(crate) fn sealed(text: &str, tensors: &[(String, Tensor)]) -> Result<String, TensorsError> {
    Ok(format!("{}{}{}{}", SEAL.0, sha256(tensors, text)?, SEAL.1, &text[1..]))
}

/// What [`sealed`] made one text of; no checksum in files of earlier versions.
pub(crate) fn unsealed(text: &str) -> (String, Option<String>) {
    let parts = text.strip_prefix(SEAL.0).and_then(|rest| rest.split_once(SEAL.1));
    match parts {
        Some((sha256, rest)) => (format!("{{{rest}"), Some(sha256.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// Element type and little-endian bytes of a flat tensor.
fn bytes(flat: &Tensor) -> Result<(Dtype, Vec<u8>), TensorsError> {
    if flat.dtype() == DType::I64 {
        let values = flat.to_vec1::<i64>()?;
        return Ok((Dtype::I64, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }
    let values = flat.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    Ok((Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// The numbers of N bytes each in `data`.
fn numbers<T, const N: usize>(data: &[u8], of: fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks::<N>().0.iter().map(|&bytes| of(bytes)).collect()
}

/// Reads what [`to_bytes`] wrote: tensors sorted by name, and the metadata.
///
/// # Errors
///
/// If the bytes are damaged, or a value is not finite.
pub(crate) fn from_bytes(
    bytes: &[u8],
    device: &Device,
) -> Result<(Named, HashMap<String, String>), TensorsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let tensor = match view.dtype() {
            Dtype::F32 => {
                let values = numbers(view.data(), f32::from_le_bytes);
                if values.iter().any(|value| !value.is_finite()) {
                    return Err(TensorsError::NotFinite { name });
                }
                Tensor::from_vec(values, view.shape(), device)?
            }
            Dtype::I64 => {
                Tensor::from_vec(numbers(view.data(), i64::from_le_bytes), view.shape(), device)?
            }
            other => return Err(TensorsError::Dtype { name, found: format!("{other:?}") }),
        };
        tensors.push((name, tensor));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((tensors, header.metadata().clone().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f32 would round this number of steps.
    #[test]
    fn whole_numbers_stay_whole() {
        let step = Tensor::new(16_777_217_i64, &Device::Cpu).unwrap();
        let weights = Tensor::new(&[[0.1_f32, -2.0]], &Device::Cpu).unwrap();
        let all = [("step".to_owned(), step), ("weights".to_owned(), weights)];
        let bytes = to_bytes(&all, &[("key", "value".to_owned())]).unwrap();
        let (read, metadata) = from_bytes(&bytes, &Device::Cpu).unwrap();
        assert_eq!(read[0].1.to_scalar::<i64>().unwrap(), 16_777_217);
        assert_eq!(read[1].1.to_vec2::<f32>().unwrap(), [[0.1, -2.0]]);
        assert_eq!(metadata["key"], "value");
    }
}
