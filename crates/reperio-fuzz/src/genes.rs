//! Names of genes.

use reperio_data::gene::{Locus, Species, family, is_family_only, normalise};

/// Whatever is written, the name is known or nothing, and stays as it is when it is read again.
pub(crate) fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for species in [Species::Human, Species::Mouse] {
        let call = normalise(&text, species);
        assert!(call.gene.is_ascii() && call.gene.len() <= 32, "{call:?}");
        let again = normalise(&call.gene, species);
        // IMGT/HighV-QUEST names its species; what it names is not asked for again.
        if !text.contains("Musmus") && !begins_with_species(&text) {
            assert_eq!(again.gene, call.gene, "{text:?} as {species}");
            assert_eq!(again.family_only, call.family_only, "{text:?} as {species}");
            assert!(!again.tie, "{call:?}");
            let own = family(&call.gene);
            assert!(call.gene.starts_with(own), "{own} is the family of {call:?}");
            assert_eq!(call.family_only, is_family_only(&call.gene, species), "{call:?}");
        }
        assert!(!(call.gene.is_empty() && call.family_only), "nothing has no family");
    }
    let _ = text.parse::<Locus>();
    let _ = text.parse::<Species>();
}

/// Whether some word has a species before its gene, as iRepertoire's `hTRBV28` and `mTRBV28`.
fn begins_with_species(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || ",;|".contains(c));
    let mut words = words.map(str::to_ascii_uppercase);
    words.any(|word| word.starts_with('H') || word.starts_with('M'))
}
