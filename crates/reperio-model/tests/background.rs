//! What strangers carry as well is taken from the signs of disease, and nothing else.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use reperio_data::cohort::{Cohort, ReadRequest};
use reperio_data::generator::Generator;
use reperio_data::import_counts::ImportCounts;
use reperio_data::junction::JunctionAa;
use reperio_data::metadata::Metadata;
use reperio_data::progress::Silent;
use reperio_data::repertoire::{Builder, Repertoire, Row};
use reperio_data::simulate::{self, Background as Rows, SimulationConfig};
use reperio_model::background::{Background, BackgroundError, Plan};
use reperio_model::config::Config;
use reperio_model::features::FeatureCache;
use reperio_model::features::clonotype_index::Identity;
use reperio_model::parts::clones::{LawKind, THRESHOLDS};
use reperio_model::parts::{Answers, Learned, Part, Recipe, Table, Task};
use reperio_stats::Groups;

const N: usize = 60;
const DISEASE: [&str; 3] = ["CASSWWDISEASEF", "CASSWWDISEASYF", "CASSWWDISEAWYF"];
const LOCAL: [&str; 3] = ["CASSPPLLCALF", "CASSPPLLCALYF", "CASSPPLLCAWYF"];

/// Repertoires without a signal, of another seed each time.
fn null(n: usize, seed: u64) -> Vec<Repertoire> {
    let config = SimulationConfig {
        repertoires: n,
        clonotypes: toml::from_str::<SimulationConfig>("clonotypes = 200").unwrap().clonotypes,
        seed,
        ..SimulationConfig::default()
    };
    let generator = Generator::human_trb();
    let made = simulate::cohort(&config, Rows::Generator(&generator)).expect("a cohort");
    made.cohort.into_repertoires()
}

/// `own` with further clonotypes, under an id.
fn with(own: &Repertoire, id: String, further: &[&str]) -> Repertoire {
    let mut builder = Builder::default();
    for row in 0..own.len() {
        builder.push(Row {
            junction_aa: JunctionAa::new(&own.junction_aa(row)).unwrap(),
            v_call: own.v_call(row),
            j_call: own.j_call(row),
            duplicate_count: 1,
        });
    }
    for junction_aa in further {
        let junction_aa = JunctionAa::new(junction_aa).unwrap();
        builder.push(Row { junction_aa, v_call: "TRBV9", j_call: "TRBJ2-1", duplicate_count: 1 });
    }
    builder.finish(id)
}

/// Even ones are positive: two of three carry the disease; the local clonotypes are in two of three positives, in a sixth of the negatives.
fn cohort() -> Vec<Repertoire> {
    let one = |(i, own): (usize, &Repertoire)| {
        let mut further = vec![];
        let k = i / 2;
        if i.is_multiple_of(2) && !k.is_multiple_of(3) {
            further.extend(DISEASE);
        }
        if (i.is_multiple_of(2) && k % 3 != 1) || (!i.is_multiple_of(2) && k.is_multiple_of(6)) {
            further.extend(LOCAL);
        }
        with(own, format!("r{i:02}"), &further)
    };
    null(N, 1).iter().enumerate().map(one).collect()
}

/// Two of three strangers carry the local clonotypes.
fn strangers() -> Vec<Repertoire> {
    let one = |(i, own): (usize, &Repertoire)| {
        with(own, format!("s{i:02}"), if i.is_multiple_of(3) { &[] } else { &LOCAL[..] })
    };
    null(50, 2).iter().enumerate().map(one).collect()
}

fn read(cohort: &[Repertoire], strangers: Vec<Repertoire>) -> Result<Background, BackgroundError> {
    let counted = strangers.into_iter().map(|own| (own, ImportCounts::default()));
    let strangers = Arc::new(Cohort::new(counted.collect(), &Metadata::default()));
    let request = ReadRequest { given: vec![strangers], ..ReadRequest::default() };
    Plan::new(cohort, &Config::default()).read(&request, &Silent)
}

fn learn(
    cohort: &[Repertoire],
    labels: &[bool],
    recipe: &Recipe,
    background: Option<&Background>,
) -> Option<Learned> {
    let views: Vec<&Repertoire> = cohort.iter().collect();
    let groups = Groups::each(cohort.len());
    let cache = FeatureCache::new(&views, &groups).against(background);
    let members: Vec<usize> = (0..cohort.len()).collect();
    let fold: Vec<usize> = members.iter().map(|i| i / 2 % 5).collect();
    let answers = Answers::Classes(labels);
    let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
    recipe.learn(&task, &Silent).expect("nobody stops it")
}

fn clones(identity: Identity) -> Recipe {
    Recipe::Clones { identity, laws: vec![LawKind::Excess], thresholds: THRESHOLDS.to_vec() }
}

/// Junctions of the associated clonotypes.
fn found(learned: Option<&Learned>) -> Vec<String> {
    let Some(Learned { table: Table::Clones(table), .. }) = learned else { return vec![] };
    table.clones().iter().map(|own| own.junction_aa.clone()).collect()
}

fn labels() -> Vec<bool> {
    (0..N).map(|i| i.is_multiple_of(2)).collect()
}

#[test]
fn strangers_take_a_local_clonotype_away_and_leave_the_disease() {
    let (cohort, labels) = (cohort(), labels());
    let background = read(&cohort, strangers()).unwrap();
    assert_eq!((background.info().repertoires, background.left_out().len()), (50, 0));
    for identity in [Identity::Clonotype, Identity::Junction, Identity::OneSubstitution] {
        let recipe = clones(identity);
        let has = |found: &[String], names: [&str; 3]| {
            names.map(|own| found.iter().any(|one| one == own))
        };
        let alone = found(learn(&cohort, &labels, &recipe, None).as_ref());
        assert_eq!(
            (has(&alone, DISEASE), has(&alone, LOCAL)),
            ([true; 3], [true; 3]),
            "{identity:?}"
        );
        let against = found(learn(&cohort, &labels, &recipe, Some(&background)).as_ref());
        assert_eq!(has(&against, DISEASE), [true; 3], "{identity:?} {against:?}");
        assert_eq!(has(&against, LOCAL), [false; 3], "{identity:?} {against:?}");
    }
}

/// The burden of k-mers counts those of the disease, and no longer those that strangers have.
#[test]
fn strangers_take_local_kmers_away() {
    let (cohort, labels) = (cohort(), labels());
    let background = read(&cohort, strangers()).unwrap();
    let burden = Part::Kmers.recipes().into_iter().find_map(|own| match own {
        Recipe::KmerBurden { set, .. } if set.k == 4 => Some(own),
        _ => None,
    });
    let burden = burden.expect("a burden of 4-mers");
    let kmers = |background| -> Vec<String> {
        let learned = learn(&cohort, &labels, &burden, background).expect("a burden");
        let Table::Kmers(table) = &learned.table else { panic!("a table of k-mers") };
        let slots = table.set().slots();
        table.entries().iter().map(|(at, _)| slots.text(slots.kmer(*at as usize))).collect()
    };
    let (alone, against) = (kmers(None), kmers(Some(&background)));
    let has = |all: &[String], kmer: &str| all.iter().any(|own| own == kmer);
    assert!(has(&alone, "WWDI") && has(&alone, "PPLL"), "{alone:?}");
    assert!(has(&against, "WWDI") && !has(&against, "PPLL"), "{against:?}");
}

/// Whatever strangers have, nothing is associated that is not associated without them.
#[test]
fn a_background_never_adds_an_association() {
    let background_of = |cohort: &[Repertoire]| read(cohort, null(40, 99)).unwrap();
    for seed in 10..20 {
        let cohort = null(N, seed);
        let background = background_of(&cohort);
        let labels: Vec<bool> = (0..N).map(|i| (i * 7 + seed as usize) % 5 < 2).collect();
        let recipe = clones(Identity::Junction);
        let learned = learn(&cohort, &labels, &recipe, None);
        let against = learn(&cohort, &labels, &recipe, Some(&background));
        assert!(against.is_none() || learned.is_some(), "seed {seed}");
    }
}

#[test]
fn copies_are_left_out_and_other_receptors_refused() {
    let cohort = cohort();
    let copy = with(&cohort[3], "copy".to_owned(), &[]);
    let other = strangers().remove(0);
    let background = read(&cohort, vec![copy.clone(), other.clone()]).unwrap();
    assert_eq!(
        (background.left_out(), background.info().repertoires),
        (&["copy".to_owned()][..], 1)
    );
    let same = read(&cohort, vec![other]).unwrap();
    assert_eq!(same.info(), background.info());
    let text = |strangers: Vec<Repertoire>| read(&cohort, strangers).unwrap_err().to_string();
    insta::assert_snapshot!(text(vec![copy]), @"no repertoire in the background that is not in the cohort too, expected at least one");
    let of = |v_call: &str, j_call: &str| {
        let mut builder = Builder::default();
        let junction_aa = &JunctionAa::new("CAVRDF").unwrap();
        builder.push(Row { junction_aa: *junction_aa, v_call, j_call, duplicate_count: 1 });
        builder.finish("x".to_owned())
    };
    insta::assert_snapshot!(text(vec![of("TRAV12-1", "TRAJ3")]), @"x of the background is of human TRA, expected human TRB as the cohort");
    insta::assert_snapshot!(text(vec![of("TRBV6", "TRBJ2-1")]), @"x of the background knows families of genes only, expected genes as the cohort has them: leave it out");
}
