//! Families: the part of a gene's name that many exports write alone.

use super::call::normalise;
use super::families::Families;
use super::locus::Species;

/// Letters of a segment, as `TRBV`.
const SEGMENT: usize = 4;

/// The family of an IMGT gene, IMGT's subgroup; a family is its own.
///
/// It is the segment and its first number. The letters of duplicated genes, marks of delta genes and of
/// orphons are not part of it. A gene without a number is its own family.
///
/// ```
/// use reperio_data::gene::family;
///
/// assert_eq!(family("TRBV6-2"), "TRBV6");
/// assert_eq!(family("TRBV6"), "TRBV6");
/// assert_eq!(family("TRBV28"), "TRBV28");
/// assert_eq!(family("TRAV14/DV4"), "TRAV14");
/// ```
pub fn family(name: &str) -> &str {
    let Some(number) = name.get(SEGMENT..) else { return name };
    match number.find(|c: char| !c.is_ascii_digit()) {
        None => name,
        Some(0) => name.split(['-', '/']).next().unwrap_or(name),
        Some(digits) => &name[..SEGMENT + digits],
    }
}

/// Whether an IMGT name is a family of several genes and no gene.
///
/// The species matters: `TRBV6` is a family in man and a gene in the mouse. Where only names are known,
/// [`Species::of_genes`] tells it.
///
/// ```
/// use reperio_data::gene::{Species, is_family_only};
///
/// assert!(is_family_only("TRBV6", Species::Human));
/// assert!(!is_family_only("TRBV6", Species::Mouse));
/// assert!(!is_family_only("TRBV24-1", Species::Human));
/// ```
pub fn is_family_only(name: &str, species: Species) -> bool {
    name.split_at_checked(SEGMENT)
        .is_some_and(|(segment, number)| Families::of(species).has_several(segment, number))
}

/// The family of a gene whose name has a member, as `TRBV6-2`; nothing for a family, nor for a gene
/// written without one, as `TRBV28`.
pub(crate) fn family_of_member(name: &str) -> Option<&str> {
    let family = family(name);
    name[family.len()..].contains('-').then_some(family)
}

/// What gene names as a file writes them say of its species.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpeciesEvidence {
    /// Names that only a human gene can have.
    pub(crate) human_only: usize,
    /// Names that only a gene of the mouse can have.
    pub(crate) mouse_only: usize,
    /// Names that can be genes of either.
    pub(crate) either: usize,
}

impl SpeciesEvidence {
    /// Takes one name, which should not be given twice.
    pub(crate) fn add(&mut self, written: &str) {
        let fits = |species| {
            let gene = normalise(written, species).gene;
            let parts = gene.split_at_checked(SEGMENT);
            parts.is_some_and(|(segment, number)| Families::of(species).allow(segment, number))
        };
        match (fits(Species::Human), fits(Species::Mouse)) {
            (true, false) => self.human_only += 1,
            (false, true) => self.mouse_only += 1,
            (true, true) => self.either += 1,
            (false, false) => {}
        }
    }

    /// The species whose genes the names are throughout.
    pub(crate) fn species(self) -> Option<Species> {
        let Self { human_only, mouse_only, either } = self;
        let all = human_only + mouse_only + either;
        // Most names of the mouse are possible for man too; a slip of a tool in ten is no other species.
        let throughout = |own: usize, other: usize| 20 * own >= all.max(1) && own >= 10 * other;
        match (throughout(human_only, mouse_only), throughout(mouse_only, human_only)) {
            (true, false) => Some(Species::Human),
            (false, true) => Some(Species::Mouse),
            _ => None,
        }
    }
}

impl Species {
    /// The species whose IMGT names, of genes or families, most of `names` can be; human if they fit
    /// both equally well.
    ///
    /// ```
    /// use reperio_data::gene::Species;
    ///
    /// assert_eq!(Species::of_genes(["TRBV6", "TRBV20-1"]), Species::Human);
    /// assert_eq!(Species::of_genes(["TRBV6", "TRBV20"]), Species::Mouse);
    /// ```
    pub fn of_genes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut human, mut mouse) = (0, 0);
        for name in names {
            let Some((segment, number)) = name.split_at_checked(SEGMENT) else { continue };
            human += usize::from(Families::of(Self::Human).allow(segment, number));
            mouse += usize::from(Families::of(Self::Mouse).allow(segment, number));
        }
        if mouse > human { Self::Mouse } else { Self::Human }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_segment_and_its_first_number() {
        let cases = [
            ("TRBV6-2", "TRBV6"),
            ("TRBV6", "TRBV6"),
            ("TRBV28", "TRBV28"),
            ("TRBV24-1", "TRBV24"),
            ("TRBJ2-7", "TRBJ2"),
            ("TRBJ2-2P", "TRBJ2"),
            ("TRBV20/OR9-2", "TRBV20"),
            ("TRAV14/DV4", "TRAV14"),
            ("TRAV38-2/DV8", "TRAV38"),
            ("TRAJ33", "TRAJ33"),
            ("IGHV1-69-2", "IGHV1"),
            ("IGHV1-69D", "IGHV1"),
            ("IGHV3-NL1", "IGHV3"),
            ("IGHV1/OR15-1", "IGHV1"),
            ("IGHV(III)-2-1", "IGHV(III)"),
            ("IGKV1D-39", "IGKV1"),
            ("IGHJ4", "IGHJ4"),
            ("TRBVA", "TRBVA"),
            ("TRGJP1", "TRGJP1"),
            ("TRAV14D-3/DV8", "TRAV14"), // Mouse, as the rest.
            ("TRAV15-1/DV6-1", "TRAV15"),
            ("TRAV16D/DV11", "TRAV16"),
            ("TRAV9N-3", "TRAV9"),
            ("TRDV2-2", "TRDV2"),
            ("TRBV13-2", "TRBV13"),
            ("", ""),
            ("V1", "V1"), // No IMGT name.
            ("TRB\u{e9}-1", "TRB\u{e9}-1"),
        ];
        for (name, expected) in cases {
            assert_eq!(family(name), expected, "{name}");
            assert_eq!(family(expected), expected, "{expected}");
        }
    }

    #[test]
    fn a_family_only_name_has_several_genes() {
        let of = |name| [Species::Human, Species::Mouse].map(|s| is_family_only(name, s));
        for name in ["TRBV12", "TRAV8", "TRBJ1", "TRBJ2"] {
            assert_eq!(of(name), [true, true], "{name}");
        }
        for name in ["TRBV6", "TRAV1", "IGHV1", "IGKV3", "IGLV2"] {
            assert_eq!(of(name), [true, false], "{name}");
        }
        for name in ["TRBV13", "TRAV14", "TRDV2"] {
            assert_eq!(of(name), [false, true], "{name}");
        }
        for name in ["", "V1", "TRBV", "TRBV28", "TRBV24-1", "TRBV6-2", "TRBJ2-7", "TRAJ33"] {
            assert_eq!(of(name), [false, false], "{name}");
        }
    }

    /// Every name that `normalise` calls a family is one, and no other name is.
    #[test]
    fn reading_and_asking_agree() {
        for line in include_str!("cases.tsv").lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t').skip(1);
            let species: Species = fields.next().unwrap().parse().unwrap();
            let gene = fields.next().unwrap();
            assert!(!is_family_only(gene, species), "{gene}");
            let call = normalise(family(gene), species);
            assert_eq!(call.family_only, is_family_only(&call.gene, species), "{gene}");
            // A family of several genes keeps its name; any other completes to a gene.
            assert!(!call.family_only || call.gene == family(gene), "{gene}: {}", call.gene);
        }
    }

    #[test]
    fn genes_and_families_tell_their_species() {
        let of = |species, family_only: bool| {
            let lines = include_str!("cases.tsv").lines().filter(|line| !line.starts_with('#'));
            let names: Vec<String> = lines
                .filter_map(|line| line.split_once('\t')?.1.split_once('\t'))
                .filter(|(of, _)| of.parse() == Ok(species))
                .map(|(_, gene)| if family_only { family(gene) } else { gene })
                .map(|name| normalise(name, species).gene)
                .collect();
            Species::of_genes(names.iter().map(String::as_str))
        };
        for species in [Species::Human, Species::Mouse] {
            assert_eq!(of(species, false), species);
            assert_eq!(of(species, true), species, "families");
        }
        for names in [&["TRBV13"][..], &["TRBV12-1", "TRBJ2"], &["", "V1"], &[]] {
            assert_eq!(Species::of_genes(names.iter().copied()), Species::Human, "{names:?}");
        }
        assert_eq!(Species::of_genes(["TRBV13-2", "TRBV19"]), Species::Mouse);
    }

    #[test]
    fn names_as_written_tell_their_species() {
        let of = |names: &[&str]| {
            let mut evidence = SpeciesEvidence::default();
            for name in names {
                evidence.add(name);
            }
            evidence.species()
        };
        assert_eq!(of(&["TRBV13-2*01", "TRBV1*01", "TRBJ2-7*01"]), Some(Species::Mouse));
        assert_eq!(of(&["TCRBV13-02", "TCRBV31-01"]), Some(Species::Mouse));
        assert_eq!(of(&["TRBV6-2", "TRBV20-1", "TRBJ2-7"]), Some(Species::Human));
        assert_eq!(of(&["TRBV13-2", "TRBV6-2"]), None);
        assert_eq!(of(&["TRBV9", "TCRBV24-01", "", "x"]), None);
    }

    #[test]
    fn only_a_gene_with_a_member_has_a_family_beside_it() {
        let cases = [
            ("TRBV6-2", Some("TRBV6")),
            ("IGKV1D-39", Some("IGKV1")),
            ("TRAV38-2/DV8", Some("TRAV38")),
            ("TRBV6", None),
            ("TRBV28", None),
            ("TRAV10D", None),
            ("TRAV14/DV4", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(family_of_member(name), expected, "{name}");
        }
    }
}
