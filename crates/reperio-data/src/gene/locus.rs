//! Loci and species.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A chain of the T- or B-cell receptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Locus {
    /// T-cell receptor alpha.
    Tra,
    /// T-cell receptor beta.
    Trb,
    /// T-cell receptor gamma.
    Trg,
    /// T-cell receptor delta.
    Trd,
    /// Immunoglobulin heavy chain.
    Igh,
    /// Immunoglobulin kappa light chain.
    Igk,
    /// Immunoglobulin lambda light chain.
    Igl,
}

impl Locus {
    /// All loci.
    pub const ALL: [Self; 7] =
        [Self::Tra, Self::Trb, Self::Trg, Self::Trd, Self::Igh, Self::Igk, Self::Igl];

    /// The locus of an IMGT gene, by its first three letters.
    pub fn of_gene(gene: &str) -> Option<Self> {
        gene.get(..3)?.parse().ok()
    }

    /// IMGT's name, upper case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tra => "TRA",
            Self::Trb => "TRB",
            Self::Trg => "TRG",
            Self::Trd => "TRD",
            Self::Igh => "IGH",
            Self::Igk => "IGK",
            Self::Igl => "IGL",
        }
    }

    /// The locus that a column names in any of the usual ways: `TRB`, `TCRB`, `beta`, `IGH`, `H`.
    pub(crate) fn of_column(text: &[u8]) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        match text.as_slice() {
            b"TRA" | b"TCRA" | b"ALPHA" => Some(Self::Tra),
            b"TRB" | b"TCRB" | b"BETA" => Some(Self::Trb),
            b"TRG" | b"TCRG" | b"GAMMA" => Some(Self::Trg),
            b"TRD" | b"TCRD" | b"DELTA" => Some(Self::Trd),
            b"IGH" | b"HEAVY" | b"H" => Some(Self::Igh),
            b"IGK" | b"KAPPA" | b"K" => Some(Self::Igk),
            b"IGL" | b"LAMBDA" | b"L" => Some(Self::Igl),
            _ => None,
        }
    }
}

impl fmt::Display for Locus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names nothing known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?}, expected one of {expected}")]
pub struct UnknownName {
    /// The word found.
    pub found: String,
    /// The words that are known.
    pub expected: &'static str,
}

impl FromStr for Locus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|locus| text.eq_ignore_ascii_case(locus.name()));
        let expected = "TRA, TRB, TRG, TRD, IGH, IGK, IGL";
        found.ok_or_else(|| UnknownName { found: text.to_owned(), expected })
    }
}

/// Whose genes a file names where its own names leave that open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Species {
    /// *Homo sapiens*.
    #[default]
    Human,
    /// *Mus musculus*.
    Mouse,
}

impl fmt::Display for Species {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Human { "human" } else { "mouse" })
    }
}

impl FromStr for Species {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text.to_ascii_lowercase().as_str() {
            "human" => Ok(Self::Human),
            "mouse" => Ok(Self::Mouse),
            _ => Err(UnknownName { found: text.to_owned(), expected: "human, mouse" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for locus in Locus::ALL {
            assert_eq!(locus.to_string().parse(), Ok(locus));
        }
        for species in [Species::Human, Species::Mouse] {
            assert_eq!(species.to_string().parse(), Ok(species));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let err = "TRX".parse::<Locus>().unwrap_err();
        insta::assert_snapshot!(err, @r#""TRX", expected one of TRA, TRB, TRG, TRD, IGH, IGK, IGL"#);
        let err = "rat".parse::<Species>().unwrap_err();
        insta::assert_snapshot!(err, @r#""rat", expected one of human, mouse"#);
    }

    #[test]
    fn columns_name_loci_in_many_ways() {
        for word in ["TRB", "TCRB", "beta", "trb"] {
            assert_eq!(Locus::of_column(word.as_bytes()), Some(Locus::Trb), "{word}");
        }
        assert_eq!(Locus::of_column(b"Multi"), None);
    }
}
