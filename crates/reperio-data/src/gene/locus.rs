//! Loci and species.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A chain of the T- or B-cell receptor.
///
/// # Examples
///
/// ```
/// use reperio_data::gene::Locus;
///
/// assert_eq!(Locus::of_gene("TRBV9"), Some(Locus::Trb));
/// assert_eq!("igh".parse(), Ok(Locus::Igh));
/// ```
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
        const NAMES: [(Locus, &[&str]); 7] = [
            (Locus::Tra, &["TRA", "TCRA", "ALPHA"]),
            (Locus::Trb, &["TRB", "TCRB", "BETA"]),
            (Locus::Trg, &["TRG", "TCRG", "GAMMA"]),
            (Locus::Trd, &["TRD", "TCRD", "DELTA"]),
            (Locus::Igh, &["IGH", "HEAVY", "H"]),
            (Locus::Igk, &["IGK", "KAPPA", "K"]),
            (Locus::Igl, &["IGL", "LAMBDA", "L"]),
        ];
        let is =
            |names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name.as_bytes()));
        NAMES.iter().find(|(_, names)| is(names)).map(|&(locus, _)| locus)
    }
}

impl Locus {
    /// The locus of a constant gene: `TRBC2`, `IGHG1*01`, `IGKC`.
    pub(crate) fn of_constant(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text.get(..4)?).ok()?;
        let locus = text.get(..3)?.to_ascii_uppercase().parse().ok()?;
        let class = text.as_bytes()[3].to_ascii_uppercase();
        let fits = match locus {
            Self::Igh => b"ADEGMC".contains(&class),
            _ => class == b'C',
        };
        fits.then_some(locus)
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
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Species {
    /// *Homo sapiens*.
    #[default]
    Human,
    /// *Mus musculus*.
    Mouse,
}

impl Species {
    /// The species that a column names in any of the usual ways: `Mouse`, `Mus musculus`, `HomoSapiens`, `9606`,
    /// `NCBITaxon:10090`, `Mouse (C57BL/6)`, `GRCh38`. With a word that is not known among them (`non-human primate`,
    /// `humanized mouse`) it is none.
    pub(crate) fn of_column(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
        let mut found = None;
        for word in words.filter(|word| !word.is_empty() && !NO_SPECIES.contains(word)) {
            let own = Self::of_word(word)?;
            if found.is_some_and(|before| before != own) {
                return None;
            }
            found = Some(own);
        }
        found
    }

    fn of_word(word: &str) -> Option<Self> {
        if HUMAN.contains(&word) {
            Some(Self::Human)
        } else if MOUSE.contains(&word) || word.starts_with("c57bl") {
            Some(Self::Mouse)
        } else {
            None
        }
    }
}

/// Words for man, his taxon and his genome.
const HUMAN: [&str; 13] = [
    "human",
    "humans",
    "homo",
    "sapiens",
    "homosapiens",
    "homsap",
    "hsapiens",
    "hs",
    "9606",
    "grch37",
    "grch38",
    "hg19",
    "hg38",
];

/// Words for the mouse, its taxon, its genome and its strains.
const MOUSE: [&str; 17] = [
    "mouse",
    "mice",
    "murine",
    "mus",
    "musculus",
    "musmusculus",
    "musmus",
    "mmusculus",
    "mm",
    "10090",
    "grcm38",
    "grcm39",
    "mm9",
    "mm10",
    "mm39",
    "balb",
    "balbc",
];

/// Words beside a species, and what is left of the names of strains (`C57BL/6J`, `BALB/c`).
const NO_SPECIES: [&str; 15] = [
    "house",
    "laboratory",
    "lab",
    "ncbi",
    "ncbitaxon",
    "taxon",
    "taxid",
    "txid",
    "id",
    "6",
    "6j",
    "6n",
    "c",
    "h",
    "m",
];

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
        for (gene, locus) in [("TRBC2", Some(Locus::Trb)), ("IGHG1*01", Some(Locus::Igh))] {
            assert_eq!(Locus::of_constant(gene.as_bytes()), locus, "{gene}");
        }
        assert_eq!(Locus::of_constant(b"TRBV9"), None);
        assert_eq!(Locus::of_constant("TR\u{e9}".as_bytes()), None);
    }

    #[test]
    fn columns_name_species_in_many_ways() {
        for word in ["Mouse", "Mus musculus", "MusMusculus", "mus_musculus", "10090"] {
            assert_eq!(Species::of_column(word), Some(Species::Mouse), "{word}");
        }
        for word in [
            "NCBITAXON:10090",
            "Mus musculus (house mouse)",
            "Mouse (C57BL/6)",
            "C57BL/6J",
            "BALB/c",
            "house mouse",
            "murine",
            "mus",
            "M. musculus",
            "GRCm38",
        ] {
            assert_eq!(Species::of_column(word), Some(Species::Mouse), "{word}");
        }
        for word in ["Homo sapiens", "H. sapiens (human)", "NCBITaxon_9606", "GRCh38", "hs"] {
            assert_eq!(Species::of_column(word), Some(Species::Human), "{word}");
        }
        for word in
            ["Rat", "non-human primate", "humanized mouse", "Homo sapiens; Mus musculus", "6", ""]
        {
            assert_eq!(Species::of_column(word), None, "{word}");
        }
    }
}
