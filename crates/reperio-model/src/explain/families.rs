//! Families of similar clonotypes: of one output, with one V gene, of one length, each within one substitution of
//! another (single linkage).
//!
//! Clonotypes that differ in the J gene only are of one family too.
//!
//! # References
//!
//! - Dash et al., *Quantifiable predictive features define epitope-specific T cell receptor repertoires*, Nature 2017,
//!   and Glanville et al., *Identifying specificity groups in the T cell receptor repertoire*, Nature 2017: receptors
//!   of one specificity are similar. <https://doi.org/10.1038/nature22383>, <https://doi.org/10.1038/nature22976>

use std::collections::{BTreeMap, BTreeSet};

use reperio_data::alphabet::AMINO_ACIDS;
use serde::Serialize;

use super::ranking::Counts;

/// A family of clonotypes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Family {
    /// Output of the evidence.
    pub output: String,
    /// The rank of its first member.
    pub family: usize,
    /// Clonotypes.
    pub members: usize,
    /// The residues that have at least half of the evidence, `-` where none has. Evidence below 0 counts as none; if all is,
    /// members count alike.
    pub consensus: String,
    /// V gene of all members, "" if unknown.
    pub v_call: String,
    /// Their J genes, sorted; "" if unknown.
    pub j_calls: Vec<String>,
    /// Evidence of the first member, the highest.
    pub evidence: f64,
    /// Repertoires that carry at least one member.
    pub carriers: usize,
    /// Carriers whose label is this output; none where labels are not known or are numbers.
    pub positive_carriers: Option<usize>,
    /// Carriers with another label.
    pub negative_carriers: Option<usize>,
}

/// A clonotype among the leaders of an output.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) codes: Vec<u8>,
    pub(super) v_call: String,
    pub(super) j_call: String,
    pub(super) evidence: f64,
    /// Numbers of the repertoires that carry it, increasing.
    pub(super) carriers: Vec<u32>,
}

/// For each member the place of the first of its family.
///
/// Two junctions differ in one place or none if they are equal without it: for every place, those of one V gene and length are
/// sorted without it, and neighbours compared.
pub(super) fn group(members: &[Member]) -> Vec<usize> {
    let mut classes: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    for (i, own) in members.iter().enumerate() {
        classes.entry((&own.v_call, own.codes.len())).or_default().push(i);
    }
    let mut first: Vec<usize> = (0..members.len()).collect();
    for ((_, length), mut class) in classes {
        for skipped in 0..length {
            let rest = |i: &usize| {
                let codes = &members[*i].codes;
                (&codes[..skipped], &codes[skipped + 1..])
            };
            class.sort_by(|a, b| rest(a).cmp(&rest(b)));
            for pair in class.windows(2).filter(|pair| rest(&pair[0]) == rest(&pair[1])) {
                let [a, b] = [root(&mut first, pair[0]), root(&mut first, pair[1])];
                first[a.max(b)] = a.min(b);
            }
        }
    }
    (0..members.len()).map(|i| root(&mut first, i)).collect()
}

/// The first of the family of `i`; paths to it are halved.
fn root(first: &mut [usize], mut i: usize) -> usize {
    while first[i] != i {
        first[i] = first[first[i]];
        i = first[i];
    }
    i
}

/// The families of an output, in the order of their first members; `firsts` is from [`group`].
pub(super) fn families(
    output: &str,
    members: &[Member],
    firsts: &[usize],
    count: impl Fn(&[u32]) -> Counts,
) -> Vec<Family> {
    let mut all: BTreeMap<usize, Vec<&Member>> = BTreeMap::new();
    for (first, member) in firsts.iter().zip(members) {
        all.entry(*first).or_default().push(member);
    }
    let family = |(first, own): (usize, Vec<&Member>)| {
        let carriers: BTreeSet<u32> = own.iter().flat_map(|one| one.carriers.clone()).collect();
        let carriers: Vec<u32> = carriers.into_iter().collect();
        let Counts { carriers, positive, negative } = count(&carriers);
        let genes: BTreeSet<&str> = own.iter().map(|one| one.j_call.as_str()).collect();
        Family {
            output: output.to_owned(),
            family: first + 1,
            members: own.len(),
            consensus: consensus(&own),
            v_call: own[0].v_call.clone(),
            j_calls: genes.into_iter().map(str::to_owned).collect(),
            evidence: own[0].evidence,
            carriers,
            positive_carriers: positive,
            negative_carriers: negative,
        }
    };
    all.into_iter().map(family).collect()
}

/// See [`Family::consensus`].
fn consensus(members: &[&Member]) -> String {
    let is_any = members.iter().any(|own| own.evidence > 0.0);
    let weight = |own: &Member| if is_any { own.evidence.max(0.0) } else { 1.0 };
    let total: f64 = members.iter().map(|own| weight(own)).sum();
    let letter = |at: usize| {
        let mut weights = [0.0; AMINO_ACIDS.len()];
        for own in members {
            weights[usize::from(own.codes[at])] += weight(own);
        }
        let by = |a: &usize, b: &usize| weights[*a].total_cmp(&weights[*b]);
        let best = (0..weights.len()).rev().max_by(by).unwrap_or(0);
        // A residue that all have misses the half by no rounding.
        if 2.0 * weights[best] >= total { char::from(AMINO_ACIDS[best]) } else { '-' }
    };
    (0..members[0].codes.len()).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(junction: &str, genes: [&str; 2], evidence: f64, carriers: &[u32]) -> Member {
        let [v_call, j_call] = genes.map(str::to_owned);
        let codes = junction.bytes().filter_map(reperio_data::alphabet::code).collect();
        Member { codes, v_call, j_call, evidence, carriers: carriers.to_vec() }
    }

    /// The families by their definition: everyone in reach of the first is of its family, again and again.
    fn components(members: &[Member]) -> Vec<usize> {
        let near = |a: &Member, b: &Member| {
            let differ = a.codes.iter().zip(&b.codes).filter(|(a, b)| a != b).count();
            a.v_call == b.v_call && a.codes.len() == b.codes.len() && differ <= 1
        };
        let mut first: Vec<usize> = (0..members.len()).collect();
        for _ in members {
            for i in 0..members.len() {
                for j in 0..members.len() {
                    if near(&members[i], &members[j]) {
                        first[i] = first[i].min(first[j]);
                    }
                }
            }
        }
        first
    }

    proptest! {
        #[test]
        fn families_are_the_connected_components(
            junctions in prop::collection::vec(("[AC]{1,6}", "[12]", "[12]"), 0..30),
        ) {
            let members: Vec<Member> =
                junctions.iter().map(|(own, v, j)| member(own, [v, j], 1.0, &[])).collect();
            prop_assert_eq!(group(&members), components(&members));
        }
    }

    #[test]
    fn a_repertoire_with_two_members_carries_the_family_once() {
        let members = [
            member("CASSF", ["V1", "J1"], 3.0, &[0, 2]),
            member("CASSF", ["V2", "J1"], 2.5, &[1]),
            member("CATSF", ["V1", "J2"], 2.0, &[2, 3]),
            member("CGTSF", ["V1", "J1"], 1.5, &[4]),
        ];
        let firsts = group(&members);
        assert_eq!(firsts, [0, 1, 0, 0]);
        let labels = [Some(true), None, Some(true), Some(false), None];
        let found = families("1", &members, &firsts, |own| Counts::new(own, Some(&labels)));
        assert_eq!(found.len(), 2);
        let one = &found[0];
        assert_eq!((one.family, one.members, one.consensus.as_str()), (1, 3, "CATSF"));
        assert_eq!(
            (one.carriers, one.positive_carriers, one.negative_carriers),
            (4, Some(2), Some(1))
        );
        assert_eq!(one.j_calls, ["J1", "J2"]);
        let alone = families("1", &members, &firsts, |own| Counts::new(own, None));
        assert_eq!((alone[1].family, alone[1].positive_carriers), (2, None));
    }

    #[test]
    fn a_consensus_needs_half_of_the_evidence() {
        let of = |evidence: [f64; 3]| {
            let members = ["CAF", "CSF", "CTF"].into_iter().zip(evidence);
            let members: Vec<Member> =
                members.map(|(own, evidence)| member(own, ["", ""], evidence, &[])).collect();
            consensus(&members.iter().collect::<Vec<_>>())
        };
        assert_eq!(of([2.0, 1.0, 1.0]), "CAF");
        assert_eq!(of([2.0, 2.0, 1.0]), "C-F");
        assert_eq!(of([0.0, -1.0, -2.0]), "C-F");
    }
}
