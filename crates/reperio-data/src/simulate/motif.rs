//! Motifs and their notation.
//!
//! ```text
//! LDR        these residues
//! GL-N       `-`, `X` or `Z`: any residue; what the background has there stays
//! [ST]FEN    one of several residues
//! SF(d)EN    the residue before `(d)` is missing half of the time: SFEN or SEN
//! SZ(d)ZN    the same with any residue: SZZN or SZN
//! ```

use std::str::FromStr;

use rand::Rng;

use crate::alphabet;

/// All 20 residues.
const ANY: u32 = (1 << 20) - 1;

/// Why a motif cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMotif {
    /// A character that is not part of the notation, or not there.
    #[error(
        "motif {motif:?}: {found:?} at character {at}, expected an amino acid, `-`, `X`, `Z`, `[..]` or `(d)`"
    )]
    Character {
        /// The motif.
        motif: String,
        /// Character found.
        found: char,
        /// Its 1-based place.
        at: usize,
    },
    /// Nothing but wildcards, or nothing at all.
    #[error("motif {motif:?} has no fixed residue, expected at least one")]
    Empty {
        /// The motif.
        motif: String,
    },
    /// Longer than any junction that could hold it.
    #[error(
        "motif {motif:?} has {found} positions of which {deletable} may be missing, expected at most 30 and 8"
    )]
    Long {
        /// The motif.
        motif: String,
        /// Positions.
        found: usize,
        /// Positions that may be missing.
        deletable: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Allowed residues, one bit a code.
    allowed: u32,
    /// Missing half of the time.
    deletable: bool,
}

/// A motif. Its variants leave out different sets of the positions that may be missing.
///
/// # Examples
///
/// ```
/// use reperio_data::simulate::{InvalidMotif, Motif};
///
/// # fn main() -> Result<(), InvalidMotif> {
/// let motif: Motif = "SF(d)EN".parse()?;
/// assert_eq!(motif.text(), "SF(d)EN");
/// assert!("--".parse::<Motif>().is_err(), "nothing but wildcards");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Motif {
    text: String,
    places: Vec<Place>,
    /// Allowed residues at each position, a variant each, without repetition.
    variants: Vec<Vec<u32>>,
}

impl FromStr for Motif {
    type Err = InvalidMotif;

    fn from_str(text: &str) -> Result<Self, InvalidMotif> {
        let motif = || text.to_owned();
        let characters: Vec<char> = text.chars().collect();
        let mut places: Vec<Place> = Vec::new();
        let mut at = 0;
        while at < characters.len() {
            let rest = &characters[at..];
            let refuse = || InvalidMotif::Character { motif: motif(), found: rest[0], at: at + 1 };
            match rest {
                ['(', 'd', ')', ..] => {
                    let last = places.last_mut().filter(|place| !place.deletable);
                    last.ok_or_else(refuse)?.deletable = true;
                    at += 3;
                }
                ['[', ..] => {
                    let end = rest.iter().position(|&c| c == ']').ok_or_else(refuse)?;
                    let allowed = rest[1..end].iter().try_fold(0, |set, &c| Some(set | bit(c)?));
                    let allowed = allowed.filter(|&set| set != 0).ok_or_else(refuse)?;
                    places.push(Place { allowed, deletable: false });
                    at += end + 1;
                }
                ['-' | 'X' | 'Z', ..] => {
                    places.push(Place { allowed: ANY, deletable: false });
                    at += 1;
                }
                _ => {
                    let allowed = bit(rest[0]).ok_or_else(refuse)?;
                    places.push(Place { allowed, deletable: false });
                    at += 1;
                }
            }
        }
        let deletable = places.iter().filter(|place| place.deletable).count();
        if places.len() > 30 || deletable > 8 {
            return Err(InvalidMotif::Long { motif: motif(), found: places.len(), deletable });
        }
        if !places.iter().any(|place| place.allowed != ANY && !place.deletable) {
            return Err(InvalidMotif::Empty { motif: motif() });
        }
        Ok(Self { text: motif(), variants: variants(&places), places })
    }
}

/// The bit of a residue letter.
fn bit(letter: char) -> Option<u32> {
    let code = u8::try_from(letter).ok().and_then(alphabet::code)?;
    Some(1 << code)
}

/// Every way to leave out places that may be missing.
fn variants(places: &[Place]) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = vec![Vec::new()];
    for place in places {
        let shorter = if place.deletable { all.clone() } else { Vec::new() };
        for variant in &mut all {
            variant.push(place.allowed);
        }
        all.extend(shorter);
    }
    all.sort_unstable();
    all.dedup();
    all
}

impl Motif {
    /// The motif as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One way to write it: for each position the residue code, or `None` to keep what is there.
    pub(super) fn realise(&self, rng: &mut impl Rng) -> Vec<Option<u8>> {
        let mut residues = Vec::with_capacity(self.places.len());
        for place in &self.places {
            if place.deletable && rng.random() {
                continue;
            }
            residues.push((place.allowed != ANY).then(|| {
                let codes: Vec<u8> =
                    (0..20).filter(|code| place.allowed >> code & 1 == 1).collect();
                codes[rng.random_range(0..codes.len())]
            }));
        }
        residues
    }

    /// Whether some variant stands in `junction` (residue codes) at a start that `allowed` gives
    /// for its number of positions.
    pub(super) fn occurs(
        &self,
        junction: &[u8],
        allowed: impl Fn(usize) -> std::ops::Range<usize>,
    ) -> bool {
        self.variants.iter().any(|variant| {
            let fits = |start: usize| {
                let window = &junction[start..start + variant.len()];
                // What is no residue code is no residue of the motif.
                let is =
                    |(&code, allowed): (&u8, &u32)| allowed.unbounded_shr(code.into()) & 1 == 1;
                window.iter().zip(variant).all(is)
            };
            allowed(variant.len()).any(fits)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn check(text: &str) -> String {
        match text.parse::<Motif>() {
            Ok(motif) => {
                let lengths: Vec<usize> = motif.variants.iter().map(Vec::len).collect();
                format!("variants of {lengths:?}")
            }
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn the_notation_is_read() {
        assert_snapshot!(check("LDR"), @"variants of [3]");
        assert_snapshot!(check("GL-N"), @"variants of [4]");
        assert_snapshot!(check("[ST]X(d)ZN"), @"variants of [3, 4]");
    }

    #[test]
    fn what_is_no_motif_is_refused() {
        assert_snapshot!(check(""), @r#"motif "" has no fixed residue, expected at least one"#);
        assert_snapshot!(check("-X"), @r#"motif "-X" has no fixed residue, expected at least one"#);
        assert_snapshot!(check("(d)A"), @r#"motif "(d)A": '(' at character 1, expected an amino acid, `-`, `X`, `Z`, `[..]` or `(d)`"#);
        assert_snapshot!(check("A[C"), @r#"motif "A[C": '[' at character 2, expected an amino acid, `-`, `X`, `Z`, `[..]` or `(d)`"#);
    }

    #[test]
    fn a_residue_that_may_be_missing_is_missing_half_of_the_time() {
        let motif: Motif = "SF(d)EN".parse().unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let short = (0..1_000).filter(|_| motif.realise(&mut rng).len() == 3).count();
        assert!(short.abs_diff(500) < 60, "{short} of 1000");
    }

    #[test]
    fn occurrences_respect_the_allowed_starts() {
        let motif: Motif = "L-R".parse().unwrap();
        let junction: Vec<u8> = b"CALDRFLERF".iter().map(|&c| alphabet::code(c).unwrap()).collect();
        assert!(motif.occurs(&junction, |_| 2..3));
        assert!(!motif.occurs(&junction, |_| 3..6));
        assert!(motif.occurs(&junction, |_| 3..7));
    }
}
