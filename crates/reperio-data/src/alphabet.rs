//! The 20 standard amino acids and their codes.

/// Residues in the order of their codes: alphabetical one-letter codes, no ambiguity codes.
pub const AMINO_ACIDS: [u8; 20] = *b"ACDEFGHIKLMNPQRSTVWY";

/// Code of a position outside a sequence. Tables over residue codes have a zero row for it.
pub const PAD: u8 = 20;

/// Code by ASCII byte, or 255 for everything that is not one of [`AMINO_ACIDS`].
pub(crate) const CODES: [u8; 256] = {
    let mut codes = [u8::MAX; 256];
    let mut i = 0;
    while i < AMINO_ACIDS.len() {
        codes[AMINO_ACIDS[i] as usize] = i as u8;
        i += 1;
    }
    codes
};

/// Code of a residue letter (upper case), in 0..20.
pub fn code(residue: u8) -> Option<u8> {
    let code = CODES[usize::from(residue)];
    (code != u8::MAX).then_some(code)
}

/// Letters of residue `codes`, `X` for what is not a code.
///
/// ```
/// use reperio_data::alphabet::{PAD, code, decode};
///
/// assert_eq!(code(b'C'), Some(1));
/// assert_eq!(decode(&[1, 0, 4]), "CAF");
/// assert_eq!(decode(&[PAD]), "X");
/// ```
pub fn decode(codes: &[u8]) -> String {
    let letter = |&code: &u8| AMINO_ACIDS.get(usize::from(code)).copied().unwrap_or(b'X');
    codes.iter().map(|code| char::from(letter(code))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amino_acid_has_its_own_code_and_nothing_else_has_one() {
        for byte in 0..=u8::MAX {
            let position = AMINO_ACIDS.iter().position(|&residue| residue == byte);
            assert_eq!(code(byte).map(usize::from), position, "byte {byte}");
        }
    }

    /// Whatever stands in for a residue code, nothing public panics.
    #[test]
    fn what_is_no_code_is_no_fault() {
        use crate::kmer::{atchley, pattern::Pattern};
        use crate::simulate::{Oracle, SimulationConfig, Target};
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(decode(&all), format!("ACDEFGHIKLMNPQRSTVWY{}", "X".repeat(236)));
        assert!(atchley::embed(&all)[100..].iter().all(|factor| factor.to_bits() == 0));
        let codes: Vec<u32> = Pattern::contiguous(7).codes(&all).collect();
        assert_eq!(codes.len(), 250);
        assert_eq!(Pattern::contiguous(2).text(Pattern::contiguous(2).code(&[1, 0])), "CA");
        let text = "[[signals]]\nname = 's'\nmotifs = ['LDR']\nwitness_number = 1";
        let config: SimulationConfig = toml::from_str(text).unwrap();
        assert!(!Oracle::new(&config).unwrap().carries(Target::Label, &all, "", ""));
    }

    /// The alphabet agrees with that of the `bio` crate, less its ambiguity codes.
    #[test]
    fn every_amino_acid_is_in_the_protein_alphabet() {
        assert!(bio::alphabets::protein::alphabet().is_word(AMINO_ACIDS));
    }
}
