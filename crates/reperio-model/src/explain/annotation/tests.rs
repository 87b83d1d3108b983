//! Chance, counted one by one over all draws of tiny repertoires.

use reperio_data::antigens::{Database, Entry};
use reperio_data::repertoire::{Builder, Row};

use super::*;

fn index(receptors: &[(&str, &str, &str)]) -> AntigenIndex {
    let entry = |&(junction, v_call, species): &(&str, &str, &str)| Entry {
        junction_aa: junction.into(),
        v_call: v_call.into(),
        j_call: "".into(),
        epitope: "AAA".into(),
        antigen: "".into(),
        antigen_species: species.into(),
        mhc: "".into(),
        species: Some(Species::Human),
        database: Database::Vdjdb,
        score: None,
    };
    AntigenIndex::new(receptors.iter().map(entry).collect())
}

fn repertoire(id: &str, junctions: &[&str]) -> Repertoire {
    let mut builder = Builder::default();
    for &junction in junctions {
        let junction_aa = junction.try_into().expect("a junction");
        let v_call = if junction.ends_with("WWF") { "" } else { "TRBV6-2" };
        builder.push(Row { junction_aa, v_call, j_call: "TRBJ2-1", duplicate_count: 1 });
    }
    builder.finish(id.to_owned())
}

fn ranked(repertoire_id: &str, rank: usize, junction: &str) -> Ranked {
    Ranked {
        output: "sick".to_owned(),
        rank,
        junction_aa: junction.to_owned(),
        v_call: "TRBV6-2".to_owned(),
        j_call: "TRBJ2-1".to_owned(),
        evidence: 1.0,
        repertoire_id: repertoire_id.to_owned(),
        carriers: 1,
        positive_carriers: None,
        negative_carriers: None,
        family: rank,
    }
}

const RECEPTORS: [(&str, &str, &str); 4] = [
    ("CASAGF", "TRBV6-2", "CMV"),
    ("CASAGF", "TRBV6-2", "EBV"),
    ("CASDDDF", "TRBV6", "CMV"),
    ("CASKKF", "TRBV9", "CMV"),
];
const A: [&str; 6] = ["CASAGF", "CASCGF", "CASDDDF", "CASKKF", "CASLLLLF", "CASSWWF"];
const B: [&str; 4] = ["CASADF", "CASMMMF", "CASNNNF", "CASQQQF"];

/// All ways to choose `n` of the rows of a repertoire.
fn choices(rows: usize, n: usize) -> Vec<Vec<usize>> {
    let all = (0_u32..1 << rows).filter(|own| own.count_ones() as usize == n);
    all.map(|own| (0..rows).filter(|row| own >> row & 1 == 1).collect()).collect()
}

/// Whether each row matches a receptor for this species of antigen, or any.
fn matching(index: &AntigenIndex, of: &Repertoire, species: Option<&str>) -> Vec<bool> {
    let row = |i: usize| {
        let found = index.find(of.junction_codes(i), of.v_call(i), Species::Human);
        found.iter().any(|own| {
            species.is_none_or(|name| *index.entries()[own.entry].antigen_species == *name)
        })
    };
    (0..of.len()).map(row).collect()
}

#[test]
fn every_clonotype_of_a_repertoire_is_counted() {
    let index = index(&RECEPTORS);
    let known = Known::of(&index, &repertoire("a", &A));
    // CASAGF and CASDDDF are known, CASCGF differs from one of them in a residue, the V gene of CASKKF is another one.
    assert_eq!((known.clonotypes, known.matching, known.without_v), (6, 3, 1));
    let by_species: Vec<_> = known.by_species.iter().map(|(name, n)| (&**name, *n)).collect();
    assert_eq!(by_species, [("CMV", 3), ("EBV", 2)]);
}

/// Chance is the share of all ways to draw, counted one by one: two clonotypes of one repertoire and one of another.
#[test]
fn chance_is_the_share_of_all_draws() {
    let index = index(&RECEPTORS);
    let both = [repertoire("a", &A), repertoire("b", &B)];
    let known: BTreeMap<String, Known> =
        both.iter().map(|own| (own.id.clone(), Known::of(&index, own))).collect();
    let ranking = [ranked("a", 1, "CASAGF"), ranked("b", 2, "CASADF"), ranked("a", 3, "CASLLLLF")];
    let all = of_ranking(&index, &known, &ranking);
    assert_eq!((all.len(), all[0].hits.len()), (1, 2));
    assert_eq!(all[0].hits[1].matches.len(), 2, "of both species, with a substitution");
    let names: Vec<Option<&str>> =
        all[0].chances.iter().map(|own| own.antigen_species.as_deref()).collect();
    assert_eq!(names, [None, Some("CMV"), Some("EBV")]);
    for own in &all[0].chances {
        let rows = both.each_ref().map(|of| matching(&index, of, own.antigen_species.as_deref()));
        let mut sums = Vec::new();
        for a in choices(A.len(), 2) {
            for b in choices(B.len(), 1) {
                let of_a = a.iter().filter(|row| rows[0][**row]).count();
                sums.push(of_a + b.iter().filter(|row| rows[1][**row]).count());
            }
        }
        let draws = sums.len() as f64;
        let mean = sums.iter().sum::<usize>() as f64 / draws;
        let share = sums.iter().filter(|sum| **sum >= own.found).count() as f64 / draws;
        assert_eq!((own.leading, own.found), (3, 2));
        assert!((own.expected - mean).abs() < 1e-12, "{own:?} {mean}");
        assert!((own.p_value - share).abs() < 1e-12, "{own:?} {share}");
        let tests = if own.antigen_species.is_some() { 2.0 } else { 1.0 };
        assert!((own.p_adjusted - (share * tests).min(1.0)).abs() < 1e-12, "{own:?}");
    }
}

#[test]
fn a_cohort_of_one_repertoire_has_its_numbers() {
    let index = index(&RECEPTORS);
    let own = repertoire("a", &A);
    let known = Known::of(&index, &own);
    let best = vec![[0, 4, 2].map(|place| Leading { place, evidence: 1.0 }).to_vec()];
    let outputs = ["sick".to_owned()];
    let alone = of_repertoire(&index, &known, &own, (&outputs, &best));
    let ranking: Vec<Ranked> = best[0]
        .iter()
        .zip(1..)
        .map(|(one, rank)| ranked("a", rank, &own.junction_aa(one.place)))
        .collect();
    let all = BTreeMap::from([("a".to_owned(), known)]);
    assert_eq!(of_ranking(&index, &all, &ranking), alone);
    assert_eq!(alone[0].chances[0].found, 2);
}

#[test]
fn only_the_leading_ones_are_looked_at() {
    let index = index(&RECEPTORS);
    let own = repertoire("a", &A);
    let known = BTreeMap::from([("a".to_owned(), Known::of(&index, &own))]);
    let all = of_ranking(&index, &known, &[ranked("a", LEADING + 1, "CASAGF")]);
    assert!(all[0].hits.is_empty());
    assert_eq!((all[0].chances[0].leading, all[0].chances[0].found), (0, 0));
    assert!(all[0].chances.iter().all(|own| (own.p_value - 1.0).abs() < 1e-12));
}
