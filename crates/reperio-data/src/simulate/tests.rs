//! Simulated cohorts hold what their configuration says.

use super::*;
use crate::generator::Generator;
use crate::junction::JunctionAa;
use crate::progress::Silent;
use crate::repertoire::{Builder, Repertoire, Row};
use crate::stable_hash::StableHasher;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn config(text: &str) -> SimulationConfig {
    let config: SimulationConfig = toml::from_str(text).unwrap();
    config.validate().unwrap();
    config
}

const LDR: &str = "[[signals]]\nname = 'ldr'\nmotifs = ['LDR']\nposition = { min = 6 }\n";

fn column<'a>(simulation: &'a Simulation, name: &str) -> Vec<Option<&'a str>> {
    let columns = simulation.cohort.metadata().columns();
    let (_, values) = columns.iter().find(|(column, _)| column == name).unwrap();
    values.iter().map(Option::as_deref).collect()
}

fn simulated(text: &str) -> Simulation {
    cohort(&config(text), Background::Generator(&Generator::human_trb())).unwrap()
}

/// Earlier cohorts and comparisons can be made again with any toolchain.
#[test]
fn a_simulated_cohort_stays_the_same() {
    let text = "repertoires = 6\nclonotypes = 200\nseed = 5\npools = { public = 20 }\n\
        [[signals]]\nname = 'public'\nwitness_number = 5\n";
    let mut hasher = StableHasher::default();
    for own in simulated(text).cohort.repertoires() {
        hasher.bytes(own.id.as_bytes());
        for i in 0..own.len() {
            hasher.bytes(own.junction_aa(i).as_bytes());
            hasher.bytes(own.v_call(i).as_bytes());
            hasher.bytes(own.j_call(i).as_bytes());
            hasher.number(own.counts()[i]);
        }
    }
    assert_eq!(hasher.finish(), 6_321_751_932_967_192_418);
}

#[test]
fn positives_hold_their_witnesses_and_negatives_none() {
    let text = format!("repertoires = 10\nclonotypes = 400\n{LDR}witness_rate = 0.05");
    let simulation = simulated(&text);
    let oracle = Oracle::new(&config(&text)).unwrap();
    let labels = column(&simulation, "label");
    assert_eq!(labels.iter().filter(|&&label| label == Some("1")).count(), 5);
    for (repertoire, label) in simulation.cohort.repertoires().iter().zip(labels) {
        let own: Vec<_> = simulation
            .truth
            .iter()
            .filter(|witness| witness.repertoire_id == repertoire.id)
            .collect();
        assert_eq!(own.len(), if label == Some("1") { 20 } else { 0 });
        for witness in &own {
            assert_eq!(&witness.junction_aa[witness.position..witness.position + 3], "LDR");
            assert!(witness.position >= 6 && witness.position + 3 < witness.junction_aa.len());
            let found = (0..repertoire.len()).any(|i| {
                repertoire.junction_aa(i) == witness.junction_aa
                    && repertoire.v_call(i) == witness.v_call
                    && repertoire.j_call(i) == witness.j_call
            });
            assert!(found, "{witness:?} stands in its repertoire");
        }
        assert!(oracle.count(Target::Label, repertoire) >= own.len() as u64);
        assert_eq!(repertoire.len(), 400, "clonotypes of a generated repertoire are distinct");
    }
}

#[test]
fn classes_loads_second_labels_and_subjects_have_their_columns() {
    let text = "repertoires = 40\nclonotypes = 50\nclasses = true\npositive_share = 0.6\n\
        missing_labels = 0.1\nrepertoires_per_subject = 2\nload = { min = 0.02, max = 0.2 }\n\
        second = { positive_share = 0.5, missing = 0.25 }\n\
        [[signals]]\nname = 'a'\nmotifs = ['WWW']\n[[signals]]\nname = 'b'\nmotifs = ['MMM']\n\
        [[signals]]\nname = 'c'\nmotifs = ['HHH']\ntarget = 'second'\n";
    let simulation = simulated(text);
    let count = |name: &str, value: Option<&str>| {
        column(&simulation, name).iter().filter(|&&found| found == value).count()
    };
    assert_eq!(count("class", Some("a")), 12);
    assert_eq!(count("class", Some("b")), 12);
    assert_eq!(count("class", Some("none")), 16);
    assert_eq!(count("label", None), 4);
    assert_eq!(count("second", None), 10);
    assert_eq!(count("load", Some("0.0000")), 16);
    let subjects = column(&simulation, "subject_id");
    let classes = column(&simulation, "class");
    let mut by_subject = BTreeMap::new();
    for (subject, class) in subjects.iter().zip(&classes) {
        assert_eq!(by_subject.entry(subject).or_insert(class), &class, "a subject has one class");
    }
    assert_eq!(by_subject.len(), 20);
    for witness in &simulation.truth {
        let at =
            simulation.cohort.metadata().ids().iter().position(|id| *id == witness.repertoire_id);
        if witness.signal != "c" {
            assert_eq!(classes[at.unwrap()], Some(witness.signal.as_str()));
        }
    }
}

/// Real repertoires whose rows can be told apart: each has its own V gene.
fn real() -> Vec<Repertoire> {
    let repertoire = |run: usize| {
        let mut builder = Builder::default();
        for row in 0..20 + 10 * run {
            let letters = crate::alphabet::decode(&[(row % 20) as u8, (row / 20) as u8]);
            let junction_aa = format!("CASSAAA{letters}EQYF");
            let v_call = format!("V{run}");
            let row = Row {
                junction_aa: JunctionAa::new(&junction_aa).unwrap(),
                v_call: &v_call,
                j_call: "J",
                duplicate_count: 2,
            };
            builder.push(row);
        }
        builder.finish(format!("run{run}"))
    };
    (0..4).map(repertoire).collect()
}

#[test]
fn a_run_is_used_up_before_the_next_one_is_touched() {
    let real = real();
    let config = config("repertoires = 30\nclonotypes = 40");
    let simulation = cohort(&config, Background::Repertoires(&real)).unwrap();
    for repertoire in simulation.cohort.repertoires() {
        assert_eq!(repertoire.len(), 40);
        let genes: Vec<&str> = (0..40).map(|i| repertoire.v_call(i)).collect();
        let of = |run: usize| genes.iter().filter(|gene| **gene == format!("V{run}")).count();
        let used: Vec<usize> = (0..4).filter(|&run| of(run) > 0).collect();
        let exhausted = used.iter().filter(|&&run| of(run) == real[run].len()).count();
        assert!(exhausted + 1 >= used.len(), "{used:?}");
    }
}

#[test]
fn a_pool_mixes_runs_by_their_sizes() {
    let real = real();
    let config = config("repertoires = 1\nclonotypes = 20000\nbackground_mix = 'pool'");
    let simulation = cohort(&config, Background::Repertoires(&real)).unwrap();
    let repertoire = &simulation.cohort.repertoires()[0];
    let copies = |run: &str| {
        let rows = (0..repertoire.len()).filter(|&i| repertoire.v_call(i) == run);
        rows.map(|i| repertoire.counts()[i]).sum::<u64>()
    };
    assert_eq!(repertoire.templates(), 40_000);
    assert!(copies("V0").abs_diff(40_000 * 20 / 140) < 600, "{}", copies("V0"));
    assert!(copies("V3").abs_diff(40_000 * 50 / 140) < 600, "{}", copies("V3"));
}

#[test]
fn a_background_without_clonotypes_is_an_error() {
    let empty = [Builder::default().finish("r".to_owned())];
    let error = cohort(&config(""), Background::Repertoires(&empty)).unwrap_err();
    assert!(matches!(error, SimulationError::EmptyBackground));
}

/// All files below a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = files(&path).into_iter();
            all.extend(inner.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            all.insert(name, fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn files_are_the_same_on_any_number_of_threads_and_after_an_unfinished_run() {
    let generator = Generator::human_trb();
    let config = config(&format!("repertoires = 7\nclonotypes = 60\n{LDR}witness_rate = 0.05"));
    let run = |threads: usize, folder: &Path| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let background = Background::Generator(&generator);
        pool.install(|| simulate(&config, background, folder, &Silent)).unwrap();
        files(folder)
    };
    let folder = tempfile::tempdir().unwrap();
    let first = run(1, &folder.path().join("one"));
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names[..3], ["metadata.tsv", "oracle.tsv", "repertoires/sim1.tsv.gz"]);
    assert_eq!(names[9..], ["simulation.toml", "truth.tsv.gz"]);
    assert_eq!(run(3, &folder.path().join("three")), first);

    let killed = folder.path().join("killed");
    fs::create_dir_all(killed.join("repertoires")).unwrap();
    fs::write(killed.join("repertoires/sim99.tsv.gz"), "half").unwrap();
    let refused = simulate(&config, Background::Generator(&generator), &killed, &Silent);
    assert!(matches!(refused, Err(SimulationError::Occupied { .. })));
    fs::write(killed.join(".simulation-begun"), "").unwrap();
    assert_eq!(run(2, &killed), first);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// A repertoire depends on the seed and its own number: making more repertoires with the same
    /// plan, or making them on more threads, changes none.
    #[test]
    fn repertoires_do_not_depend_on_threads(seed in any::<u64>(), threads in 1_usize..4) {
        let real = real();
        let text = format!("repertoires = 9\nclonotypes = 30\nwitnesses = 'binomial'\n{LDR}witness_rate = 0.2");
        let config = SimulationConfig { seed, ..config(&text) };
        let make = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| cohort(&config, Background::Repertoires(&real)).unwrap())
        };
        prop_assert_eq!(make(threads), make(1));
    }
}

/// The written configuration lists the pool: the same simulation and oracle come from it alone.
#[test]
fn a_written_simulation_knows_its_pool() {
    let generator = Generator::human_trb();
    let text = format!(
        "repertoires = 4\nclonotypes = 300\npools = {{ public = 20 }}\n\
        [[signals]]\nname = 'public'\nwitness_number = 3\n{LDR}witness_rate = 0.05"
    );
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    simulate(&config(&text), Background::Generator(&generator), &made, &Silent).unwrap();
    let written = config(&fs::read_to_string(made.join("simulation.toml")).unwrap());
    assert_eq!(written.pool_clonotypes["public"].len(), 20);
    let again = cohort(&written, Background::Generator(&generator)).unwrap();
    let simulation = simulated(&text);
    assert_eq!(again, simulation);
    let oracle = Oracle::new(&written).unwrap();
    let public = |witness: &&Witness| witness.signal == "public";
    for witness in simulation.truth.iter().filter(public) {
        let codes: Vec<u8> = witness
            .junction_aa
            .bytes()
            .map(|letter| crate::alphabet::code(letter).unwrap())
            .collect();
        let carries = |v: &str| oracle.carries(Target::Label, &codes, v, &witness.j_call);
        assert!(carries(&witness.v_call) && !carries("TRBV0"));
        assert_eq!(witness.motif, witness.junction_aa);
    }
    let error = Oracle::new(&config(&text)).unwrap_err().to_string();
    assert!(error.starts_with("`pool_clonotypes.public` is missing"), "{error}");
}

#[test]
fn batches_of_real_repertoires_are_an_error() {
    let config = config("batch = { agreement = 0.8, effect = 0.2 }");
    let error = cohort(&config, Background::Repertoires(&real())).unwrap_err();
    assert!(matches!(error, SimulationError::RealBatches));
}
