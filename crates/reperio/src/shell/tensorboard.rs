//! TensorBoard event files: scalars only.
//!
//! A file is a sequence of `TFRecord`s (length, checksum, bytes, checksum), each an `Event` message
//! in protobuf's wire format.
//!
//! # References
//!
//! - `tensorflow/core/util/event.proto` and `tensorflow/core/framework/summary.proto`
//! - `TFRecord`: <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

/// Appends scalars to one event file.
pub(crate) struct EventWriter {
    file: File,
}

impl EventWriter {
    /// Starts a new event file in `folder`; those of earlier runs stay beside it.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("events.out.tfevents.{:020}.reperio", (seconds() * 1e6) as u64);
        let mut file = File::create(folder.join(name))?;
        file.write_all(&record(&event(0, 3, b"brain.Event:2")))?;
        Ok(Self { file })
    }

    /// Adds a point to the curve `name`.
    pub(crate) fn scalar(&mut self, name: &str, step: u64, value: f64) -> io::Result<()> {
        self.file.write_all(&record(&event(step, 5, &summary(name, value as f32))))
    }
}

fn seconds() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// `Event { wall_time = 1, step = 2, file_version = 3 | summary = 5 }`
fn event(step: u64, field: u64, content: &[u8]) -> Vec<u8> {
    let mut out = vec![1 << 3 | 1];
    out.extend(seconds().to_le_bytes());
    varint(&mut out, 2 << 3);
    varint(&mut out, step);
    bytes(&mut out, field, content);
    out
}

/// `Summary { value = 1: Value { tag = 1, simple_value = 2 } }`
fn summary(tag: &str, value: f32) -> Vec<u8> {
    let mut inner = Vec::new();
    bytes(&mut inner, 1, tag.as_bytes());
    inner.push(2 << 3 | 5);
    inner.extend(value.to_le_bytes());
    let mut out = Vec::new();
    bytes(&mut out, 1, &inner);
    out
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked_crc32c(&length).to_le_bytes());
    out.extend_from_slice(content);
    out.extend(masked_crc32c(content).to_le_bytes());
    out
}

/// CRC-32C (Castagnoli), rotated and offset as a `TFRecord` wants it.
fn masked_crc32c(content: &[u8]) -> u32 {
    crc32c(content).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn crc32c(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    #[test]
    fn crc32c_matches_published_values() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn written_records_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(dir.path()).unwrap();
        writer.scalar("loss/training", 300, 0.25).unwrap();
        drop(writer);
        let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let content = fs::read(file).unwrap();
        let mut rest = &content[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked_crc32c(&rest[..8]).to_le_bytes());
            let event = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked_crc32c(event).to_le_bytes());
            events.push(event);
            rest = &rest[16 + length..];
        }
        assert_eq!(events[0][9..], *b"\x10\x00\x1a\x0dbrain.Event:2");
        // step 300, then Summary { Value { "loss/training", 0.25 } }
        assert_eq!(
            events[1][9..],
            *b"\x10\xac\x02\x2a\x16\x0a\x14\x0a\x0dloss/training\x15\0\0\x80\x3e"
        );
        assert_eq!(events.len(), 2);
    }
}
