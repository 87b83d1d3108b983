//! Samples that differ in the barcodes of their cells.

use std::collections::BTreeSet;

/// Nucleotides that a barcode has at least.
const NUCLEOTIDES: usize = 4;

/// Samples that are told apart by what stands around the nucleotides of the barcodes: `aggr` numbers
/// those that it joins behind a `-` (`AAAC-2`), others write them in front (`P1_AAAC-1`). 0 if there is
/// one.
pub(super) fn samples<'a>(barcodes: impl Iterator<Item = &'a [u8]>) -> u64 {
    let marks: BTreeSet<Vec<u8>> = barcodes.filter_map(mark).collect();
    if marks.len() > 1 { marks.len() as u64 } else { 0 }
}

/// A barcode without its longest stretch of nucleotides; without one that is long enough, what stands
/// behind the last `-`.
fn mark(barcode: &[u8]) -> Option<Vec<u8>> {
    let stretches = barcode.split(|byte| !b"ACGTN".contains(byte));
    let longest = stretches.max_by_key(|stretch| stretch.len())?.len();
    if longest < NUCLEOTIDES {
        let dash = barcode.iter().rposition(|&byte| byte == b'-')?;
        return Some(barcode[dash..].to_vec());
    }
    let is_barcode = |window: &[u8]| window.iter().all(|byte| b"ACGTN".contains(byte));
    let at = barcode.windows(longest).position(is_barcode)?;
    Some([&barcode[..at], &barcode[at + longest..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_are_samples() {
        let count = |barcodes: &[&str]| samples(barcodes.iter().map(|own| own.as_bytes()));
        assert_eq!(count(&["AAAC-1", "CCCC-1"]), 0);
        assert_eq!(count(&["AAAC-1", "CCCC-2", "AAAG-2"]), 2);
        assert_eq!(count(&["P1_AAAC-1", "P2_AAAC-1", "P3_AAAC-1", "P3_AAAG-1"]), 3);
        assert_eq!(count(&["AAAC-1_1", "AAAC-1_2"]), 2);
        assert_eq!(count(&["A-1", "B-2"]), 2);
        assert_eq!(count(&["01_02_03", "01_02_04", "cell5"]), 0);
    }
}
