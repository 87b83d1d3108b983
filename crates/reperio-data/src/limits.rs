//! All limits that keep a small file from taking all memory or time.
//!
//! The user can raise a limit that is an option of [`crate::format::ReadOptions`]. An error names the limit.

/// Longest line of a table, in bytes. Aligned sequences with their qualities take some 10^5.
pub const MAX_LINE: usize = 1 << 24;

/// Lines before the header of a table: comments and blank lines.
pub(crate) const MAX_LINES_BEFORE_HEADER: u64 = 10_000;

/// Decompressed bytes for each compressed one, if nothing else is asked for. Tables that say the same in every row
/// reach some hundreds.
pub const MAX_RATIO: u64 = 1_000;

/// Decompressed bytes that any file may have, whatever its own size.
pub const FREE_BYTES: u64 = 1 << 28;

/// Bytes of an id as a file name; file systems take 255, and the store adds an ending.
pub(crate) const MAX_ID: usize = 230;

/// Copies of a clonotype, and of all clonotypes of a repertoire: half of the type's maximum, so that two sums can be
/// added.
pub const MAX_COPIES: u64 = u64::MAX / 2;
