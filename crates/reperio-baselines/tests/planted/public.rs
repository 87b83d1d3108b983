//! Public clonotypes.

use reperio_baselines::method::Method;
use reperio_baselines::part_method::PartMethod;
use reperio_data::simulate::{Clonotypes, SimulationConfig};
use reperio_model::features::clonotype_index::Identity;

use crate::case::Case;

const ALL: [Identity; 3] = [Identity::Clonotype, Identity::Junction, Identity::OneSubstitution];

fn background() -> Case {
    let clonotypes = Clonotypes::Fixed(500);
    Case::simulated(&SimulationConfig { repertoires: 120, clonotypes, ..Default::default() })
}

/// Ten junctions that no generator makes often, two residues apart from each other.
fn signals() -> Vec<String> {
    let signal = |residue: u8| format!("CASWW{0}W{0}KHWYF", char::from(residue));
    b"ADEFGHIKLM".iter().map(|&residue| signal(residue)).collect()
}

/// Positives carry four of ten signals, negatives none; everybody carries the last with another V gene.
fn planted() -> Case {
    background().with(|i, positive| {
        let signals = signals();
        let own = (0..4).map(|at| (signals[(i * 7 + at * 2) % 9].clone(), "TRBV9"));
        let mut rows: Vec<_> = own.filter(|_| positive).collect();
        rows.push((signals[9].clone(), if positive { "TRBV28" } else { "TRBV5-1" }));
        rows
    })
}

#[test]
fn clonotypes_that_positives_share_are_found_and_named() {
    let case = planted();
    for identity in ALL {
        let (learned, auc) = case.fit(&PartMethod::public(identity));
        assert!(auc > 0.99, "{identity:?}: AUC {auc}");
        let positive = case.labels.iter().position(|&label| label).unwrap();
        let repertoire = &case.repertoires[positive];
        let evidence = learned.evidence(repertoire).unwrap();
        let mut rows: Vec<usize> = (0..repertoire.len()).collect();
        rows.sort_by(|&a, &b| evidence[b].total_cmp(&evidence[a]));
        for &row in &rows[..4] {
            let junction = repertoire.junction_aa(row);
            assert!(signals().contains(&junction), "{identity:?}: {junction}");
            assert!(evidence[row] > 0.5, "{identity:?}: {}", evidence[row]);
        }
    }
}

/// What everybody carries, with a V gene that goes with the label, says nothing to who ignores genes.
#[test]
fn the_identity_decides_whether_the_gene_counts() {
    let case = background().with(|_, positive| {
        let v_call = if positive { "TRBV28" } else { "TRBV5-1" };
        vec![(signals()[9].clone(), v_call)]
    });
    let auc = |identity| case.fit(&PartMethod::public(identity)).1;
    assert!(auc(Identity::Clonotype) > 0.99);
    assert!((auc(Identity::Junction) - 0.5).abs() < 0.2);
}

/// Each positive carries its own variant of three centres, one residue away: hardly two are equal.
#[test]
fn a_substitution_is_allowed_where_it_should_be() {
    let case = background().with(|i, positive| {
        let variant = |at: usize| {
            let mut letters = signals()[at].clone().into_bytes();
            let place = 4 + i % 8;
            letters[place] = b"ADEFGHIKLMNPQRSTVWY"[(i / 8 + 5 * at) % 19];
            (String::from_utf8(letters).unwrap(), "TRBV9")
        };
        let mut rows: Vec<_> = (0..3).map(variant).filter(|_| positive).collect();
        rows.extend((i % 40 == 5 && positive).then(|| (signals()[0].clone(), "TRBV9")));
        rows
    });
    let auc = |identity| case.fit(&PartMethod::public(identity)).1;
    let (exact, near) = (auc(Identity::Junction), auc(Identity::OneSubstitution));
    assert!(near > 0.95 && near > exact + 0.1, "exact {exact}, one substitution {near}");
}

#[test]
fn permuted_labels_are_at_chance() {
    let mut case = planted();
    for identity in ALL {
        let auc = case.at_chance(&PartMethod::public(identity));
        assert!((auc - 0.5).abs() < 0.15, "{identity:?}: AUC {auc}");
    }
}

#[test]
fn threads_change_no_bit() {
    let case = planted();
    for identity in ALL {
        let method = PartMethod::public(identity);
        let one = case.parameters(&method, 1);
        assert!(one.len() > 10, "{}", method.name());
        assert_eq!(one, case.parameters(&method, 2), "{}", method.name());
    }
}
