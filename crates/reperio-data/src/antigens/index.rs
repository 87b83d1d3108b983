//! The receptors that a clonotype resembles.

use std::ops::Range;

use super::entry::Entry;
use super::keys::{Directory, Numbers};
use crate::alphabet::{self, PAD};
use crate::gene::{Species, family, is_family_only};
use crate::junction::MAX_LENGTH;

/// A receptor that a clonotype matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// 0-based position of the residue that differs; `None` if the junctions are equal.
    pub substituted: Option<usize>,
    /// Its place in [`AntigenIndex::entries`].
    pub entry: usize,
}

/// Receptors with the same junction whose V genes are of one family.
#[derive(Debug)]
struct Group {
    codes: Vec<u8>,
    entries: Range<usize>,
}

/// Distinct receptors of databases, found by junction and V gene.
///
/// A look-up takes a few steps for each residue of the junction, however many receptors there are.
#[derive(Debug)]
pub struct AntigenIndex {
    entries: Vec<Entry>,
    groups: Vec<Group>,
    numbers: Numbers,
    /// Groups by the keys of their junctions.
    directory: Directory,
}

impl AntigenIndex {
    /// The index of these receptors, each kept once.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.retain(|own| !codes(own).is_empty() && codes(own).len() <= MAX_LENGTH);
        entries.sort_by(|a, b| {
            (&a.junction_aa, a.v_family()).cmp(&(&b.junction_aa, b.v_family())).then(a.cmp(b))
        });
        entries.dedup();
        let mut groups: Vec<Group> = Vec::new();
        let mut from = 0;
        let alike =
            |a: &Entry, b: &Entry| a.junction_aa == b.junction_aa && a.v_family() == b.v_family();
        for own in entries.chunk_by(alike) {
            groups.push(Group { codes: codes(&own[0]), entries: from..from + own.len() });
            from += own.len();
        }
        let numbers = Numbers::new();
        let mut pairs = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let whole = numbers.whole(&group.codes, entries[group.entries.start].v_family());
            let all = numbers.open(whole, &group.codes).chain([whole]);
            pairs.extend(all.map(|key| (key, at as u32)));
        }
        Self { entries, groups, numbers, directory: Directory::new(pairs) }
    }

    /// All receptors, sorted by junction.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The receptors that match a clonotype of `species` with these residue codes and this V gene or family: equal
    /// junctions first, then by the position that differs.
    ///
    /// An unknown V gene ("") matches nothing.
    pub fn find(&self, codes: &[u8], v_call: &str, species: Species) -> Vec<Match> {
        let mut found = Vec::new();
        if v_call.is_empty() || codes.len() > MAX_LENGTH || codes.iter().any(|code| *code >= PAD) {
            return found;
        }
        let whole = self.numbers.whole(codes, family(v_call));
        let open = self.numbers.open(whole, codes).enumerate().map(|(at, key)| (Some(at), key));
        for (substituted, key) in std::iter::once((None, whole)).chain(open) {
            for at in self.directory.of(key) {
                let group = &self.groups[at];
                if differs_at(&group.codes, codes, substituted) {
                    let agree = group
                        .entries
                        .clone()
                        .filter(|entry| agrees(&self.entries[*entry], v_call, species));
                    found.extend(agree.map(|entry| Match { substituted, entry }));
                }
            }
        }
        found.sort_unstable();
        found
    }
}

/// Residue codes of a receptor's junction; none if it has another letter.
fn codes(entry: &Entry) -> Vec<u8> {
    entry.junction_aa.bytes().map(alphabet::code).collect::<Option<_>>().unwrap_or_default()
}

/// Whether two junctions differ at this position alone, or not at all.
fn differs_at(own: &[u8], other: &[u8], at: Option<usize>) -> bool {
    let Some(at) = at else { return own == other };
    own.len() == other.len()
        && own[at] != other[at]
        && own[..at] == other[..at]
        && own[at + 1..] == other[at + 1..]
}

/// Whether species and V genes agree.
fn agrees(entry: &Entry, v_call: &str, species: Species) -> bool {
    let own = &*entry.v_call;
    let one_is_family = || is_family_only(own, species) || is_family_only(v_call, species);
    entry.species.is_none_or(|host| host == species)
        && (own == v_call || entry.v_family() == family(v_call) && one_is_family())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::antigens::Database;

    fn entry(junction_aa: &str, v_call: &str, species: Option<Species>) -> Entry {
        let none: Arc<str> = "".into();
        Entry {
            junction_aa: junction_aa.into(),
            v_call: v_call.into(),
            j_call: none.clone(),
            epitope: "AAA".into(),
            antigen: none.clone(),
            antigen_species: none.clone(),
            mhc: none,
            species,
            database: Database::Vdjdb,
            score: None,
        }
    }

    fn codes_of(junction: &str) -> Vec<u8> {
        junction.bytes().filter_map(alphabet::code).collect()
    }

    /// The definition, one receptor after the other.
    fn scanned(index: &AntigenIndex, junction: &str, v: &str, species: Species) -> Vec<Match> {
        let mut found = Vec::new();
        for (at, own) in index.entries().iter().enumerate() {
            let pairs = own.junction_aa.bytes().zip(junction.bytes()).enumerate();
            let differ: Vec<usize> =
                pairs.filter(|(_, (a, b))| a != b).map(|(position, _)| position).collect();
            let of_family =
                |name: &str, other: &str| is_family_only(name, species) && family(other) == name;
            let v_agree = !v.is_empty()
                && (*own.v_call == *v || of_family(&own.v_call, v) || of_family(v, &own.v_call));
            let hosts_agree = own.species.is_none() || own.species == Some(species);
            let near = own.junction_aa.len() == junction.len() && differ.len() < 2;
            if near && v_agree && hosts_agree {
                found.push(Match { substituted: differ.first().copied(), entry: at });
            }
        }
        found.sort_unstable();
        found
    }

    fn genes() -> impl Strategy<Value = &'static str> {
        let names =
            ["TRBV6", "TRBV6-2", "TRBV6-3", "TRBV28", "TRBV9", "TRBV13", "TRBV13-2", "TRAV6"];
        prop::sample::select(names.to_vec())
    }

    fn hosts() -> impl Strategy<Value = Option<Species>> {
        prop::sample::select(vec![None, Some(Species::Human), Some(Species::Mouse)])
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_scan_finds(
            known in prop::collection::vec(("C[AC]{1,4}F", genes(), hosts()), 0..40),
            wanted in prop::collection::vec(("C[ACD]{1,4}F", genes(), any::<bool>()), 1..40),
        ) {
            let known = known.iter().map(|(junction, v, host)| entry(junction, v, *host));
            let index = AntigenIndex::new(known.collect());
            for (junction, v, mouse) in wanted {
                let species = if mouse { Species::Mouse } else { Species::Human };
                let found = index.find(&codes_of(&junction), v, species);
                prop_assert_eq!(found, scanned(&index, &junction, v, species), "{} {}", junction, v);
            }
        }
    }

    #[test]
    fn equal_junctions_come_before_those_with_a_substitution() {
        let human = Some(Species::Human);
        let all = ["CASSLGF", "CASSLAF", "CASSGF", "CASSAAF"].map(|own| entry(own, "TRBV9", human));
        let index =
            AntigenIndex::new(all.into_iter().chain([entry("CASSLGF", "TRBV9", human)]).collect());
        assert_eq!(index.entries().len(), 4, "the same receptor is kept once");
        let found = index.find(&codes_of("CASSLGF"), "TRBV9", Species::Human);
        let named: Vec<_> = found
            .iter()
            .map(|own| (&*index.entries()[own.entry].junction_aa, own.substituted))
            .collect();
        assert_eq!(named, [("CASSLGF", None), ("CASSLAF", Some(5))]);
    }

    #[test]
    fn v_genes_have_to_agree() {
        let human = Some(Species::Human);
        let index = AntigenIndex::new(vec![
            entry("CASSLGF", "TRBV6-2", human),
            entry("CASSLGF", "TRBV7", human),
        ]);
        let found = |v: &str| index.find(&codes_of("CASSLGF"), v, Species::Human).len();
        assert_eq!(["TRBV6-2", "TRBV6", "TRBV7-9", "TRBV7"].map(found), [1; 4]);
        assert_eq!(["TRBV6-3", "TRBV9", "TRAV6", ""].map(found), [0; 4]);
        let mouse = index.find(&codes_of("CASSLGF"), "TRBV6-2", Species::Mouse);
        assert!(mouse.is_empty(), "a receptor of another species");
    }

    #[test]
    fn what_is_no_junction_matches_nothing() {
        let index =
            AntigenIndex::new(vec![entry("CXSF", "TRBV9", None), entry("CASF", "TRBV9", None)]);
        assert_eq!(index.entries().len(), 1);
        for codes in [vec![], vec![200; 4], vec![0; 300]] {
            assert!(index.find(&codes, "TRBV9", Species::Human).is_empty());
        }
        assert!(
            AntigenIndex::new(vec![]).find(&codes_of("CASF"), "TRBV9", Species::Human).is_empty()
        );
    }
}
