//! Safetensors files taken apart and put together again, so that damage goes behind lengths and checksums.

use std::fmt::Write;

use safetensors::SafeTensors;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of the length that a file begins with.
const LENGTH: usize = 8;

/// The header of a file and what is behind it; nothing if there is no such header.
fn split(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let length = u64::from_le_bytes(bytes.get(..LENGTH)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(LENGTH)?;
    let header = serde_json::from_slice(bytes.get(LENGTH..end)?).ok()?;
    Some((header, &bytes[end..]))
}

/// The text under `key` in the metadata of a file.
pub(crate) fn text(bytes: &[u8], key: &str) -> Option<String> {
    let (header, _) = split(bytes)?;
    header.get("__metadata__")?.get(key)?.as_str().map(str::to_owned)
}

/// The file with another text under `key`; nothing if it has none.
pub(crate) fn with_text(bytes: &[u8], key: &str, text: &str) -> Option<Vec<u8>> {
    let (mut header, tensors) = split(bytes)?;
    *header.get_mut("__metadata__")?.get_mut(key)? = Value::from(text);
    let mut header = header.to_string();
    while !header.len().is_multiple_of(LENGTH) {
        header.push(' ');
    }
    Some([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), tensors].concat())
}

/// The file with the checksum that fits its text and its tensors; nothing if it is no such file.
pub(crate) fn sealed(bytes: &[u8], key: &str) -> Option<Vec<u8>> {
    let text = unsealed(&text(bytes, key)?);
    let file = SafeTensors::deserialize(bytes).ok()?;
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hash = Sha256::new();
    hash.update(&text);
    for (name, view) in tensors {
        hash.update(format!("\0{name}\0{:?}{:?}\0", view.dtype(), view.shape()));
        hash.update(view.data());
    }
    let mut seal = String::from("{\"sha256\":\"");
    write!(seal, "{:x}\",", hash.finalize()).expect("text grows as it must");
    let rest = text.strip_prefix('{')?;
    with_text(bytes, key, &format!("{seal}{rest}"))
}

/// A text without its checksum.
pub(crate) fn unsealed(text: &str) -> String {
    let rest = text.strip_prefix("{\"sha256\":\"").and_then(|rest| rest.split_once("\","));
    rest.map_or_else(|| text.to_owned(), |(_, rest)| format!("{{{rest}"))
}
