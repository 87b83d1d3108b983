//! The amino-acid junction: the stretch from the conserved cysteine (IMGT position 104) to the
//! conserved phenylalanine or tryptophan (118), *both included*.
//!
//! AIRR calls this field `junction_aa`. It is two residues longer than the CDR3 (`cdr3_aa`), which
//! excludes the two anchors; mixing them shifts every position feature by one. If a file has
//! only the CDR3, readers add the anchors (`C` in front, [`closing_anchor`] behind) and count
//! such rows, so that the added residues are always reported.

use std::fmt;

use crate::alphabet;
use crate::gene::Locus;
use crate::import_counts::DropReason;

/// Longest junction that a repertoire holds, in residues.
pub const MAX_LENGTH: usize = 255;

/// A junction: 1 to [`MAX_LENGTH`] upper-case letters of the 20 standard amino acids, anchors included.
///
/// Text is checked here, once; nothing that takes a `JunctionAa` fails on a residue.
///
/// # Examples
///
/// ```
/// use reperio_data::junction::JunctionAa;
///
/// # fn main() -> Result<(), reperio_data::junction::InvalidJunction> {
/// let junction = JunctionAa::new("CASSLGTDTQYF")?;
/// assert_eq!(junction.letters(), b"CASSLGTDTQYF");
/// assert!(JunctionAa::new("CASS*F").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JunctionAa<'a>(&'a [u8]);

/// Why a text is not a junction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJunction {
    /// Empty, or too long.
    #[error("a junction of {length} residues, expected 1 to {MAX_LENGTH}")]
    Length {
        /// Letters found.
        length: usize,
    },
    /// Something else than the letter of an amino acid.
    #[error(
        "{found:?} at position {position} of a junction, expected an upper-case letter of one of the 20 amino acids"
    )]
    Residue {
        /// What is there.
        found: char,
        /// 0-based position, in bytes.
        position: usize,
    },
}

impl<'a> JunctionAa<'a> {
    /// Checks the letters of `text`.
    ///
    /// # Errors
    ///
    /// If there are none or too many, or one is no standard amino acid in upper case.
    pub fn new(text: &'a str) -> Result<Self, InvalidJunction> {
        let is_strange = |&(_, found): &(usize, char)| {
            u8::try_from(found).ok().and_then(alphabet::code).is_none()
        };
        if let Some((position, found)) = text.char_indices().find(is_strange) {
            return Err(InvalidJunction::Residue { found, position });
        }
        if !(1..=MAX_LENGTH).contains(&text.len()) {
            return Err(InvalidJunction::Length { length: text.len() });
        }
        Ok(Self(text.as_bytes()))
    }

    /// The junction of letters that a reader has looked at one by one.
    pub(crate) fn of_read(letters: &'a [u8]) -> Self {
        debug_assert!((1..=MAX_LENGTH).contains(&letters.len()), "a length that is kept");
        debug_assert!(letters.iter().all(|&letter| alphabet::code(letter).is_some()), "residues");
        Self(letters)
    }

    /// Its letters, in ASCII.
    pub fn letters(self) -> &'a [u8] {
        self.0
    }

    /// Residue codes, each below 20.
    pub fn codes(self) -> impl Iterator<Item = u8> + 'a {
        self.0.iter().map(|&letter| alphabet::CODES[usize::from(letter)])
    }
}

impl<'a> TryFrom<&'a str> for JunctionAa<'a> {
    type Error = InvalidJunction;

    fn try_from(text: &'a str) -> Result<Self, InvalidJunction> {
        Self::new(text)
    }
}

impl fmt::Display for JunctionAa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| fmt::Write::write_char(f, char::from(letter)))
    }
}

/// Words of nothing but letters of amino acids that tools write where there is no junction: TRUST4's
/// `partial`, and those of statistics programs.
const WORDS: [&str; 17] = [
    "PARTIAL", "MISSING", "FALSE", "FAIL", "FAILED", "FILTERED", "EMPTY", "NIL", "ABSENT",
    "INVALID", "DELETED", "PENDING", "MASKED", "REDACTED", "WITHHELD", "NA", "NAN",
];

/// Writes the junction `raw` in upper case to `out`.
///
/// # Errors
///
/// Why the row must be dropped: no junction, a stop (`*`), or anything but the 20 amino acids.
pub(crate) fn read(raw: &[u8], out: &mut Vec<u8>) -> Result<(), DropReason> {
    out.clear();
    out.extend(raw.iter().map(u8::to_ascii_uppercase));
    let strange = out.iter().any(|&residue| alphabet::code(residue).is_none());
    if out.is_empty() {
        return Err(DropReason::MissingJunction);
    }
    if !strange {
        // No word that says that there is no junction begins as one does.
        let is_word = out[0] != b'C' && WORDS.iter().any(|word| word.as_bytes() == out.as_slice());
        return if is_word { Err(DropReason::MissingJunction) } else { Ok(()) };
    }
    Err(match out.as_slice() {
        b"OUT_OF_FRAME" => DropReason::OutOfFrame, // TRUST4.
        b"REGION_NOT_COVERED" => DropReason::MissingJunction, // MiXCR.
        junction if junction.contains(&b'*') => DropReason::StopCodon,
        _ => DropReason::Ambiguous,
    })
}

/// Translates the nucleotides `raw` (standard genetic code) to `out`.
///
/// # Errors
///
/// Why the row must be dropped: no nucleotides, a length that is not a multiple of three, a stop
/// codon, or a codon with anything but A, C, G, T or U.
pub(crate) fn translate(raw: &[u8], out: &mut Vec<u8>) -> Result<(), DropReason> {
    out.clear();
    if raw.is_empty() {
        return Err(DropReason::MissingJunction);
    }
    if !raw.len().is_multiple_of(3) {
        return Err(DropReason::OutOfFrame);
    }
    let mut worst = Ok(());
    for codon in raw.chunks_exact(3) {
        match amino_acid(codon) {
            Some(b'*') => worst = Err(DropReason::StopCodon),
            Some(residue) => out.push(residue),
            None if worst.is_ok() => worst = Err(DropReason::Ambiguous),
            None => {}
        }
    }
    worst
}

/// Whether a sequence is one of amino acids, with some that are no letters for nucleotides either (IUPAC's
/// ambiguity codes are most of the alphabet).
pub(crate) fn is_no_nucleotides(raw: &[u8]) -> bool {
    let mut residues = Vec::new();
    read(raw, &mut residues).is_ok() && residues.iter().any(|residue| b"EFILPQ".contains(residue))
}

/// Residue of a codon, `*` for a stop, in the order T, C, A, G of NCBI's translation table 1.
fn amino_acid(codon: &[u8]) -> Option<u8> {
    const TABLE: &[u8; 64] = b"FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG";
    let mut index = 0;
    for base in codon {
        let digit = match base.to_ascii_uppercase() {
            b'T' | b'U' => 0,
            b'C' => 1,
            b'A' => 2,
            b'G' => 3,
            _ => return None,
        };
        index = 4 * index + digit;
    }
    Some(TABLE[index])
}

/// The conserved residue that ends a junction, given its J gene and locus: W for the heavy chain
/// and for TRAJ33, TRAJ38 and TRAJ55, otherwise F.
///
/// ```
/// use reperio_data::gene::Locus;
/// use reperio_data::junction::closing_anchor;
///
/// assert_eq!(closing_anchor("TRBJ2-7", Some(Locus::Trb)), b'F');
/// assert_eq!(closing_anchor("TRAJ33", Some(Locus::Tra)), b'W');
/// assert_eq!(closing_anchor("", Some(Locus::Igh)), b'W');
/// ```
pub fn closing_anchor(j_call: &str, locus: Option<Locus>) -> u8 {
    let heavy = j_call.starts_with("IGHJ") || (j_call.is_empty() && locus == Some(Locus::Igh));
    if heavy || matches!(j_call, "TRAJ33" | "TRAJ38" | "TRAJ55") { b'W' } else { b'F' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: fn(&[u8], &mut Vec<u8>) -> Result<(), DropReason>, raw: &str) -> String {
        let mut out = Vec::new();
        match read(raw.as_bytes(), &mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(reason) => reason.to_string(),
        }
    }

    #[test]
    fn a_junction_is_of_amino_acids_alone() {
        let check = |text: &str| match JunctionAa::new(text) {
            Ok(junction) => junction.to_string(),
            Err(err) => err.to_string(),
        };
        assert_eq!(check("CASSF"), "CASSF");
        assert_eq!(check(""), "a junction of 0 residues, expected 1 to 255");
        assert_eq!(check(&"A".repeat(256)), "a junction of 256 residues, expected 1 to 255");
        let place = "of a junction, expected an upper-case letter of one of the 20 amino acids";
        for (text, found) in [("CAxF", "'x' at position 2"), ("C\u{e9}F", "'\u{e9}' at position 1")]
        {
            assert_eq!(check(text), format!("{found} {place}"));
        }
        let codes: Vec<u8> = JunctionAa::new("ACY").unwrap().codes().collect();
        assert_eq!(codes, [0, 1, 19]);
    }

    #[test]
    fn unusable_junctions_name_their_reason() {
        let cases = [
            ("CASSLGTDTQYF", "CASSLGTDTQYF"),
            ("CASSlgTDTQYF", "CASSLGTDTQYF"), // MiXCR writes imputed residues in lower case.
            ("", "missing junction"),
            ("CASS*GTDTQYF", "stop codon"),
            ("CASS*_TDTQYF", "stop codon"),
            ("CASS_GTDTQYF", "ambiguous residue"),
            ("CASS~GTDTQYF", "ambiguous residue"),
            ("CASSXGTDTQYF", "ambiguous residue"),
            ("out_of_frame", "out of frame"),
            ("region_not_covered", "missing junction"),
            ("partial", "missing junction"), // TRUST4.
            ("MISSING", "missing junction"),
            ("False", "missing junction"),
        ];
        for (raw, expected) in cases {
            assert_eq!(check(super::read, raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn nucleotides_are_translated_by_the_standard_code() {
        let cases = [
            ("TGTGCCAGCAGCTTCTTT", "CASSFF"),
            ("tgugccuuu", "CAF"),
            ("TGTGCCTT", "out of frame"),
            ("TGTTAGTTT", "stop codon"),
            ("TGTNNNTAATTT", "stop codon"),
            ("TGTGCNTTT", "ambiguous residue"),
            ("", "missing junction"),
        ];
        for (raw, expected) in cases {
            assert_eq!(check(translate, raw), expected, "{raw:?}");
        }
    }

    /// All 64 codons against a second spelling of the code: residue, then its codons.
    #[test]
    fn every_codon_has_the_residue_of_the_textbook() {
        let textbook = "F TTT TTC|L TTA TTG CTT CTC CTA CTG|I ATT ATC ATA|M ATG|V GTT GTC GTA GTG|\
            S TCT TCC TCA TCG AGT AGC|P CCT CCC CCA CCG|T ACT ACC ACA ACG|A GCT GCC GCA GCG|\
            Y TAT TAC|* TAA TAG TGA|H CAT CAC|Q CAA CAG|N AAT AAC|K AAA AAG|D GAT GAC|E GAA GAG|\
            C TGT TGC|W TGG|R CGT CGC CGA CGG AGA AGG|G GGT GGC GGA GGG";
        let mut seen = 0;
        for entry in textbook.split('|') {
            let mut words = entry.split_whitespace();
            let residue = words.next().unwrap().as_bytes()[0];
            for codon in words {
                assert_eq!(amino_acid(codon.as_bytes()), Some(residue), "{codon}");
                seen += 1;
            }
        }
        assert_eq!(seen, 64);
    }
}
