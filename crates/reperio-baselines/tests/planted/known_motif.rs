//! The oracle of simulated data.

use crate::case::Case;
use reperio_baselines::known_motif::KnownMotif;
use reperio_data::simulate::{Clonotypes, Position, Signal, SimulationConfig, Target};

/// `WNDR` in one of a hundred clonotypes of every positive, in the middle of the junction.
fn config() -> SimulationConfig {
    let signal = Signal {
        name: "planted".to_owned(),
        motifs: vec!["WNDR".to_owned()],
        witness_rate: 0.01,
        witness_number: None,
        position: Position { min: 4, from_end: 3, ..Position::default() },
        count_boost: 1.0,
        share_of_positives: 1.0,
        share_of_negatives: 0.0,
        target: Target::Label,
    };
    let clonotypes = Clonotypes::Fixed(500);
    SimulationConfig { repertoires: 80, clonotypes, signals: vec![signal], ..Default::default() }
}

#[test]
fn the_oracle_counts_what_was_implanted() {
    let (config, method) = (config(), KnownMotif::new(&config(), Target::Label).unwrap());
    let case = Case::simulated(&config);
    let (learned, auc) = case.fit(&method);
    assert!(auc > 0.99, "AUC {auc}");
    let positive = case.labels.iter().position(|&label| label).unwrap();
    let repertoire = &case.repertoires[positive];
    let evidence = learned.evidence(repertoire).unwrap();
    let carriers: Vec<String> = (0..repertoire.len())
        .filter(|&row| evidence[row] > 0.0)
        .map(|row| repertoire.junction_aa(row))
        .collect();
    assert!(carriers.len() >= 5 && carriers.iter().all(|own| own.contains("WNDR")), "{carriers:?}");
}

#[test]
fn permuted_labels_are_at_chance() {
    let method = KnownMotif::new(&config(), Target::Label).unwrap();
    let auc = Case::simulated(&config()).at_chance(&method);
    assert!((auc - 0.5).abs() < 0.15, "AUC {auc}");
}

#[test]
fn threads_change_no_bit() {
    let (case, method) =
        (Case::simulated(&config()), KnownMotif::new(&config(), Target::Label).unwrap());
    assert_eq!(case.parameters(&method, 1), case.parameters(&method, 2));
}
