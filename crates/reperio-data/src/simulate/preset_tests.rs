//! The shipped simulations, scaled down, do what their comments say.

use super::*;
use crate::generator::Generator;
use crate::junction::JunctionAa;
use crate::repertoire::{Builder, Row};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The shipped configuration `name`, with `repertoires` in place of its own.
fn preset(name: &str, repertoires: usize) -> SimulationConfig {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/simulate");
    let text = fs::read_to_string(format!("{folder}/{name}.toml")).unwrap();
    let config: SimulationConfig = toml::from_str(&text).unwrap();
    config.scaled(repertoires as f64 / config.repertoires as f64).unwrap()
}

fn all_presets() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/simulate");
    let name = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn made(config: &SimulationConfig) -> Simulation {
    cohort(config, Background::Generator(&Generator::human_trb())).unwrap()
}

/// Values of a column without missing ones.
fn column<'a>(simulation: &'a Simulation, name: &str) -> Vec<&'a str> {
    let columns = simulation.cohort.metadata().columns();
    let (_, values) = columns.iter().find(|(column, _)| column == name).unwrap();
    values.iter().map(|value| value.as_deref().unwrap()).collect()
}

/// The share of pairs of a positive and a negative that `scores` order right, ties half.
fn auc(scores: &[f64], positive: &[bool]) -> f64 {
    let side = |wanted: bool| {
        scores.iter().zip(positive).filter(move |&(_, &side)| side == wanted).map(|(s, _)| *s)
    };
    let (mut wins, mut pairs) = (0.0, 0.0);
    for a in side(true) {
        for b in side(false) {
            wins += match a.total_cmp(&b) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 1.0,
            };
            pairs += 1.0;
        }
    }
    wins / pairs
}

fn labels(simulation: &Simulation) -> Vec<bool> {
    column(simulation, "label").iter().map(|&label| label == "1").collect()
}

fn oracle_auc(simulation: &Simulation) -> f64 {
    let oracle = Oracle::new(&simulation.config).unwrap();
    let count = |r: &Repertoire| oracle.count(Target::Label, r) as f64;
    let counts: Vec<f64> = simulation.cohort.repertoires().iter().map(count).collect();
    auc(&counts, &labels(simulation))
}

/// Rows as they are before a signal is implanted.
fn untouched(config: &SimulationConfig) -> Simulation {
    let (pools, signals) = (BTreeMap::new(), Vec::new());
    made(&SimulationConfig { pools, signals, ..config.clone() })
}

/// Of every preset: all witnesses are placed, carriers have as many as promised and hold them, and
/// who carries none is what it was without any signal.
#[test]
fn every_preset_holds_its_truth() {
    for name in all_presets() {
        let clonotypes = Clonotypes::Fixed(1_500);
        let config = SimulationConfig { clonotypes, ..preset(&name, 20) };
        let (simulation, before) = (made(&config), untouched(&config));
        assert_eq!(simulation.unplaced, 0, "{name}");
        let pairs = simulation.cohort.repertoires().iter().zip(before.cohort.repertoires());
        for (repertoire, plain) in pairs {
            let is_own = |witness: &&Witness| witness.repertoire_id == repertoire.id;
            let own: Vec<&Witness> = simulation.truth.iter().filter(is_own).collect();
            if own.is_empty() {
                assert_eq!(repertoire, plain, "{name}: a repertoire without witnesses");
                continue;
            }
            assert_ne!(repertoire, plain, "{name}: a repertoire with witnesses");
            assert_holds(repertoire, &own);
            let number = config.signals.iter().find_map(|signal| signal.witness_number);
            assert!(number.is_none_or(|number| own.len() == number), "{name}: {}", own.len());
        }
        if let ([signal], None) = (config.signals.as_slice(), config.load)
            && signal.witness_number.is_none()
        {
            let positives = labels(&simulation).iter().filter(|&&label| label).count() as f64;
            let (expected, spread) = witnesses(&config, signal.witness_rate * 1_500.0, positives);
            let found = simulation.truth.len() as f64;
            assert!((found - expected).abs() <= spread, "{name}: {found} for {expected}");
        }
    }
}

fn assert_holds(repertoire: &Repertoire, own: &[&Witness]) {
    let rows: BTreeSet<(String, &str, &str)> = (0..repertoire.len())
        .map(|i| (repertoire.junction_aa(i), repertoire.v_call(i), repertoire.j_call(i)))
        .collect();
    for witness in own {
        let Witness { junction_aa, v_call, j_call, .. } = *witness;
        let row = (junction_aa.clone(), v_call.as_str(), j_call.as_str());
        assert!(rows.contains(&row), "{witness:?}");
    }
}

/// Expected witnesses of all `positives` at `mean` a carrier, and how far off they may be.
fn witnesses(config: &SimulationConfig, mean: f64, positives: f64) -> (f64, f64) {
    match config.witnesses {
        WitnessNumber::Fixed => (positives * mean.round().max(1.0), 0.0),
        WitnessNumber::Binomial => (positives * mean, 5.0 * (positives * mean).sqrt() + 1.0),
    }
}

#[test]
fn patterns_are_shared_by_a_fifth_of_the_positives_each() {
    let config = SimulationConfig {
        clonotypes: Clonotypes::Fixed(1_000),
        ..preset("shared-patterns-5", 40)
    };
    let simulation = made(&config);
    let (classes, labels) = (column(&simulation, "class"), labels(&simulation));
    assert_eq!(labels.iter().filter(|&&label| label).count(), 20);
    for signal in &config.signals {
        assert_eq!(classes.iter().filter(|&&class| class == signal.name).count(), 4);
    }
    for (class, label) in classes.iter().zip(labels) {
        assert_eq!(*class != "none", label);
    }
}

/// Who knows the signal tells the classes apart wherever there is enough of it.
#[test]
fn oracles_know_the_label_where_there_is_enough_to_know() {
    for (name, clonotypes, least) in [
        ("lstm-1", 3_000, 1.0),
        ("lstm-0.1", 10_000, 0.97),
        ("sfen-0.1", 10_000, 0.97),
        ("sfden-0.1", 10_000, 0.97),
        ("shared-patterns-100", 5_000, 0.97),
        ("public-clones-5", 10_000, 0.97),
        ("public-clones-100", 10_000, 1.0),
    ] {
        let clonotypes = Clonotypes::Fixed(clonotypes);
        let found = oracle_auc(&made(&SimulationConfig { clonotypes, ..preset(name, 40) }));
        assert!(found >= least, "{name}: {found}");
    }
}

/// The clonotypes of a pool come to the negatives as often as to donors drawn by the generator alone.
#[test]
fn public_clonotypes_recur_in_the_background_at_the_generators_rate() {
    let config = SimulationConfig {
        repertoires: 60,
        clonotypes: Clonotypes::Fixed(20_000),
        ..preset("public-clones-20", 800)
    };
    let simulation = made(&config);
    assert_eq!(simulation.config.pool_clonotypes["public"].len(), 1_000);
    let oracle = Oracle::new(&simulation.config).unwrap();
    let labels = labels(&simulation);
    let negatives =
        simulation.cohort.repertoires().iter().zip(&labels).filter(|&(_, label)| !label);
    let found: u64 = negatives.map(|(r, _)| oracle.count(Target::Label, r)).sum();

    let generator = Generator::human_trb();
    let donor = |donor: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(1_000 + donor);
        let usage = generator.draw_usage(&mut rng);
        let repertoire = generator.repertoire(String::new(), 20_000, &usage, &mut rng);
        oracle.count(Target::Label, &repertoire)
    };
    let own: u64 = (0..90).into_par_iter().map(donor).sum();
    let expected = own as f64 / 3.0; // 90 donors for 30 negatives.
    // Poisson noise of both counts, and more, for donors differ in gene usage.
    let spread = 5.0 * (expected + expected / 3.0).sqrt();
    assert!((found as f64 - expected).abs() < spread, "{found} for {expected}");
    let probability = expected / (30.0 * 20_000.0 * 1_000.0);
    assert!((5e-8..5e-7).contains(&probability), "{probability} a clonotype");
}

/// A pool of real repertoires is what they share.
#[test]
fn a_pool_of_real_repertoires_is_public_in_them() {
    let donor = |donor: usize| {
        let mut builder = Builder::default();
        for row in 0..60 {
            // The first 20 rows are the same in donors 0 and 1, all else is private.
            let of = if row < 20 && donor < 2 { 0 } else { donor };
            let codes = [(row % 20) as u8, (row / 20) as u8, of as u8];
            let junction_aa = format!("CASSA{}EQYF", crate::alphabet::decode(&codes));
            let (v_call, j_call) = ("TRBV9", "TRBJ2-7");
            builder.push(Row {
                junction_aa: JunctionAa::new(&junction_aa).unwrap(),
                v_call,
                j_call,
                duplicate_count: 1,
            });
        }
        builder.finish(format!("d{donor}"))
    };
    let real: Vec<Repertoire> = (0..4).map(donor).collect();
    let config = |size: usize| -> SimulationConfig {
        let text = format!(
            "repertoires = 10\nclonotypes = 40\npools = {{ p = {size} }}\n\
            [[signals]]\nname = 'p'\nwitness_number = 5"
        );
        toml::from_str(&text).unwrap()
    };
    let simulation = cohort(&config(12), Background::Repertoires(&real)).unwrap();
    let pool = &simulation.config.pool_clonotypes["p"];
    assert_eq!(pool.iter().collect::<BTreeSet<_>>().len(), 12);
    // Rows 0 to 19 of donor 0: the second free residue counts rows by 20, the third is the donor.
    assert!(pool.iter().all(|clonotype| &clonotype[6..8] == "AA"), "{pool:?}");
    for repertoire in simulation.cohort.repertoires() {
        assert_eq!(repertoire.len(), 40, "carriers have as many clonotypes as others");
    }
    let error = cohort(&config(21), Background::Repertoires(&real)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the background has 20 public clonotypes, expected at least 21 for the pools"
    );
}

#[test]
fn only_depth_differs_where_depth_is_the_confounder() {
    let simulation = made(&preset("depth-confounded", 150));
    let labels = labels(&simulation);
    let depths: Vec<f64> = simulation.cohort.repertoires().iter().map(|r| r.len() as f64).collect();
    let median = |wanted: bool| {
        let mut own: Vec<f64> =
            depths.iter().zip(&labels).filter(|&(_, &l)| l == wanted).map(|(d, _)| *d).collect();
        own.sort_by(f64::total_cmp);
        own[own.len() / 2]
    };
    let ratio = median(true) / median(false);
    assert!((1.5..2.7).contains(&ratio), "{ratio}");
    let found = auc(&depths, &labels);
    assert!((found - 0.836).abs() < 0.1, "{found}");
    assert!(simulation.truth.is_empty());
}

/// Shares of V genes, of a fixed list of names.
fn usage(repertoire: &Repertoire, genes: &[String]) -> Vec<f64> {
    let mut shares = vec![0.0; genes.len()];
    for i in 0..repertoire.len() {
        let at = genes.iter().position(|gene| gene == repertoire.v_call(i)).unwrap();
        shares[at] += 1.0 / repertoire.len() as f64;
    }
    shares
}

/// Leave-one-out AUC of V usage projected on the difference of the group means.
fn usage_auc(shares: &[Vec<f64>], group: &[bool]) -> f64 {
    let score = |left_out: usize| {
        let mean = |wanted: bool, gene: usize| {
            let own: Vec<f64> = (0..group.len())
                .filter(|&i| i != left_out && group[i] == wanted)
                .map(|i| shares[i][gene])
                .collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let axis = |gene| {
            let (a, b) = (mean(true, gene), mean(false, gene));
            (a - b) * (shares[left_out][gene] - f64::midpoint(a, b)) / (a + b + 1e-4)
        };
        (0..shares[0].len()).map(axis).sum::<f64>()
    };
    let scores: Vec<f64> = (0..group.len()).map(score).collect();
    auc(&scores, group)
}

#[test]
fn only_the_batch_differs_where_the_batch_is_the_confounder() {
    let config = SimulationConfig {
        clonotypes: Clonotypes::Fixed(1_000),
        ..preset("batch-confounded", 120)
    };
    let simulation = made(&config);
    let batches: Vec<bool> = column(&simulation, "batch").iter().map(|&b| b == "B").collect();
    let labels = labels(&simulation);
    let count = |batch: bool, label: bool| {
        batches.iter().zip(&labels).filter(|&(&b, &l)| b == batch && l == label).count()
    };
    assert_eq!([count(true, true), count(false, true)], [48, 12]);
    assert_eq!([count(true, false), count(false, false)], [12, 48]);
    let generator = Generator::human_trb();
    let genes = &generator.genes().v;
    let shares: Vec<Vec<f64>> =
        simulation.cohort.repertoires().iter().map(|r| usage(r, genes)).collect();
    let by_batch = usage_auc(&shares, &batches);
    assert!(by_batch > 0.85, "V usage tells the batch: {by_batch}");
    let no_effect = SimulationConfig { batch: None, ..config };
    let shares: Vec<Vec<f64>> =
        made(&no_effect).cohort.repertoires().iter().map(|r| usage(r, genes)).collect();
    let without = usage_auc(&shares, &batches);
    assert!((without - 0.5).abs() < 0.25, "where it has an effect: {without}");
    assert!(simulation.truth.is_empty());
}
