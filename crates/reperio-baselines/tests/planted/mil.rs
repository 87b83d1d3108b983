//! Logistic multiple-instance learning.

use reperio_baselines::mil::KmerMil;
use reperio_data::simulate::{Clonotypes, Position, Signal, SimulationConfig, Target};

use crate::case::Case;

/// A 4-mer far from all that the background has, in the middle of one in twenty junctions of every positive.
fn planted() -> Case {
    let signal = Signal {
        name: "planted".to_owned(),
        motifs: vec!["WWHW".to_owned()],
        witness_rate: 0.05,
        witness_number: None,
        position: Position { min: 4, from_end: 4, ..Position::default() },
        count_boost: 1.0,
        share_of_positives: 1.0,
        share_of_negatives: 0.0,
        target: Target::Label,
    };
    let clonotypes = Clonotypes::Fixed(200);
    let config = SimulationConfig {
        repertoires: 80,
        clonotypes,
        signals: vec![signal],
        ..SimulationConfig::default()
    };
    Case::simulated(&config)
}

#[test]
fn a_snippet_that_positives_hold_is_found_and_named() {
    let case = planted();
    let (learned, auc) = case.fit(&KmerMil);
    assert!(auc > 0.97, "AUC {auc}");
    let positive = case.labels.iter().position(|&label| label).unwrap();
    let repertoire = &case.repertoires[positive];
    let evidence = learned.evidence(repertoire).unwrap();
    let best = (0..repertoire.len()).max_by(|&a, &b| evidence[a].total_cmp(&evidence[b])).unwrap();
    let junction = repertoire.junction_aa(best);
    assert!(junction.contains("WWHW"), "{junction}");
}

#[test]
fn permuted_labels_are_at_chance() {
    let auc = planted().at_chance(&KmerMil);
    assert!((auc - 0.5).abs() < 0.15, "AUC {auc}");
}

#[test]
fn threads_change_no_bit() {
    let case = planted();
    assert_eq!(case.parameters(&KmerMil, 1), case.parameters(&KmerMil, 2));
}
