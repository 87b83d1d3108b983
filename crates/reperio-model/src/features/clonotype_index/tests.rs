use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, Row};

use super::*;

type Clonotype = (String, String, String);

fn repertoires(cohort: &[Vec<Clonotype>]) -> Vec<Repertoire> {
    let one = |(i, rows): (usize, &Vec<Clonotype>)| {
        let mut builder = Builder::default();
        for (junction_aa, v_call, j_call) in rows {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call,
                duplicate_count: 1,
            });
        }
        builder.finish(format!("r{i}"))
    };
    cohort.iter().enumerate().map(one).collect()
}

fn cohort() -> impl Strategy<Value = Vec<Vec<Clonotype>>> {
    let row = ("C[AC]{0,3}[AD]F", "(V1|V2|)", "(J1|)");
    prop::collection::vec(prop::collection::vec(row, 0..20), 0..6)
}

/// The item's clonotype as the identity sees it.
fn text(
    repertoires: &[Repertoire],
    index: &ClonotypeIndex,
    identity: Identity,
    i: usize,
) -> Clonotype {
    let (repertoire, row) = index.first(i);
    let own = &repertoires[repertoire];
    let clonotype = (own.junction_aa(row), own.v_call(row).to_owned(), own.j_call(row).to_owned());
    seen(&clonotype, identity)
}

fn seen((junction, v, j): &Clonotype, identity: Identity) -> Clonotype {
    match identity {
        Identity::Clonotype => (junction.clone(), v.clone(), j.clone()),
        _ => (junction.clone(), String::new(), String::new()),
    }
}

fn neighbours(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count() == 1
}

proptest! {
    /// Items, carriers, members and distinct numbers are those of plain sets of texts.
    #[test]
    fn equals_naive_set_arithmetic(cohort in cohort()) {
        let repertoires = repertoires(&cohort);
        let views: Vec<&Repertoire> = repertoires.iter().collect();
        for identity in [Identity::Clonotype, Identity::Junction, Identity::OneSubstitution] {
            let index = ClonotypeIndex::new(&views, identity);
            let mut carriers: BTreeMap<Clonotype, BTreeSet<u32>> = BTreeMap::new();
            for (i, rows) in cohort.iter().enumerate() {
                for row in rows {
                    carriers.entry(seen(row, identity)).or_default().insert(i as u32);
                }
            }
            let of = |i: usize| carriers.values().filter(|own| own.contains(&(i as u32))).count() as u32;
            prop_assert_eq!(index.distinct(), (0..cohort.len()).map(of).collect::<Vec<_>>());
            let least = if identity == Identity::OneSubstitution { 1 } else { 2 };
            carriers.retain(|_, own| own.len() >= least);
            let texts: Vec<Clonotype> =
                (0..index.len()).map(|i| text(&repertoires, &index, identity, i)).collect();
            let found: BTreeMap<Clonotype, BTreeSet<u32>> = (0..index.len())
                .map(|i| (texts[i].clone(), index.carriers(i).iter().copied().collect()))
                .collect();
            prop_assert_eq!(index.len(), carriers.len());
            prop_assert_eq!(&found, &carriers);
            for (i, own) in texts.iter().enumerate() {
                let members: BTreeSet<usize> = index.members(i).collect();
                let near = |&j: &usize| {
                    j == i || identity == Identity::OneSubstitution && neighbours(&own.0, &texts[j].0)
                };
                prop_assert_eq!(members, (0..texts.len()).filter(near).collect::<BTreeSet<_>>());
                prop_assert_eq!(index.members(i).next(), Some(i));
            }
        }
    }

    #[test]
    fn threads_change_nothing(cohort in cohort()) {
        let repertoires = repertoires(&cohort);
        let views: Vec<&Repertoire> = repertoires.iter().collect();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| ClonotypeIndex::new(&views, Identity::OneSubstitution))
        };
        prop_assert_eq!(on(1), on(2));
    }
}

/// First occurrence decides the order, so an index can be written down and read.
#[test]
fn items_stand_in_the_order_of_their_first_occurrence() {
    let row = |junction: &str| (junction.to_owned(), "V1".to_owned(), "J1".to_owned());
    let cohort = [vec![row("CADF"), row("CAAF")], vec![row("CAF"), row("CADF")], vec![row("CAF")]];
    let repertoires = repertoires(&cohort);
    let views: Vec<&Repertoire> = repertoires.iter().collect();
    let index = ClonotypeIndex::new(&views, Identity::Junction);
    assert_eq!(index.len(), 2);
    assert_eq!((index.first(0), index.carriers(0)), ((0, 1), &[0, 1][..]));
    assert_eq!((index.first(1), index.carriers(1)), ((1, 1), &[1, 2][..]));
}

#[test]
fn where_one_repertoire_knows_families_only_all_meet_there() {
    let row = |v: &str| ("CASF".to_owned(), v.to_owned(), String::new());
    let own = repertoires(&[vec![row("TRBV6-1"), row("TRBV6-2")], vec![row("TRBV6")]]);
    let views: Vec<&Repertoire> = own.iter().collect();
    let index = ClonotypeIndex::new(&views, Identity::Clonotype);
    assert!(index.by_family());
    assert_eq!((index.len(), index.carriers(0), index.distinct()), (1, &[0, 1][..], &[1, 1][..]));
    let index = ClonotypeIndex::new(&views[..1], Identity::Clonotype);
    assert!(!index.by_family() && index.is_empty());
    assert_eq!(index.distinct(), [2]);
}
