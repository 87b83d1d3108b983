//! The training patients that an explained one is most like.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{done, folder, on_cohort, rows, small_cohort};

#[test]
fn an_explained_repertoire_has_neighbours_and_is_none_itself() {
    let dir = folder();
    small_cohort(&dir, 16, 60);
    done(&dir, &on_cohort("train", &["--epochs", "2", "--out", "run"]));
    let path = |name: &str| dir.path().join(name);
    let held_out = rows(&path("run/held_out.tsv"), &["repertoire_id", "fold", "label", "logit"]);
    assert_eq!(held_out.len(), 16);
    let folds: BTreeSet<&String> = held_out.iter().map(|row| &row[1]).collect();
    assert!(folds.len() > 1, "{folds:?}");
    done(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    let columns = ["repertoire_id", "rank", "neighbour_id", "label", "logit", "distance"];
    let found = rows(&path("why/neighbours.tsv"), &columns);
    assert_eq!(found.len(), 5 * 16);
    for own in found.chunks(5) {
        assert!(own.iter().all(|row| row[0] == own[0][0] && row[2] != row[0]), "{own:?}");
        let distances: Vec<f64> = own.iter().map(|row| row[5].parse().unwrap()).collect();
        assert!(distances.is_sorted(), "{own:?}");
        for row in own {
            let known = held_out.iter().find(|known| known[0] == row[2]).expect("of the training");
            assert_eq!((&known[2], &known[3]), (&row[3], &row[4]), "{row:?}");
        }
    }
    // Half of the sick ones' clonotypes have a motif of their own: their neighbours are sick.
    let sick = found.iter().filter(|row| row[0] == "r01" && row[3] == "sick").count();
    assert!(sick >= 4, "{found:?}");
    let page = fs::read_to_string(path("why/repertoires/r01/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    let sentence = format!("{sick} of the 5 most alike training repertoires are sick.");
    assert!(page.contains("Most alike training patients") && page.contains(&sentence));
}

#[test]
fn a_model_without_its_folder_names_nobody() {
    let dir = folder();
    small_cohort(&dir, 16, 40);
    done(&dir, &on_cohort("train", &["--parts", "kmers,genes", "--out", "run"]));
    let model = dir.path().join("alone.safetensors");
    fs::copy(dir.path().join("run/model.safetensors"), &model).unwrap();
    let bytes = fs::read(&model).unwrap();
    let names_one = bytes.windows(4).any(|four| four == b"r07\"" || four == b"\"r07");
    assert!(!names_one, "a model that is shared names no patients");
    done(&dir, &["explain", "--model", "alone.safetensors", "files", "--out", "why"]);
    assert!(!dir.path().join("why/neighbours.tsv").exists());
    let page = fs::read_to_string(dir.path().join("why/repertoires/r01/report.html")).unwrap();
    assert!(!page.contains("Most alike"));
}
