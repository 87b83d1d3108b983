//! A hash that does not depend on the toolchain. Saved hashes and hashes that decide a simulation must not change, but
//! the hash of the standard library may.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// SipHash-1-3 with keys of zero, of numbers and bytes one after another.
///
/// ```
/// use reperio_data::stable_hash::StableHasher;
/// let mut hasher = StableHasher::default();
/// hasher.number(7);
/// hasher.bytes(b"CASSF");
/// assert_eq!(hasher.finish(), 15_522_574_037_467_298_299);
/// ```
#[derive(Debug, Default)]
pub struct StableHasher(SipHasher13);

impl StableHasher {
    /// Hashes a number.
    pub fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    /// Hashes bytes, after their number.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.write(bytes);
    }

    /// The hash of everything so far.
    pub fn finish(&self) -> u64 {
        self.0.finish()
    }
}
