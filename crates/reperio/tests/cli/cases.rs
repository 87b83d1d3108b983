//! The training patients that the score of an explained one leans on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tempfile::TempDir;

use crate::support::{done, folder, on_cohort, reperio, rows, small_cohort, write};

#[test]
fn an_explained_repertoire_leans_on_cases_and_is_none_itself() {
    let dir = folder();
    small_cohort(&dir, 16, 60);
    done(&dir, &on_cohort("train", &["--epochs", "2", "--out", "run"]));
    let path = |name: &str| dir.path().join(name);
    let held_out = rows(&path("run/held_out.tsv"), &["repertoire_id", "fold", "label", "logit"]);
    assert_eq!(held_out.len(), 16);
    let folds: BTreeSet<&String> = held_out.iter().map(|row| &row[1]).collect();
    assert!(folds.len() > 1, "{folds:?}");
    done(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    let columns =
        ["repertoire_id", "rank", "case_id", "label", "logit", "weight", "distance", "target"];
    let found = rows(&path("why/cases.tsv"), &columns);
    let memory = rows(&path("why/scores.tsv"), &["repertoire_id", "memory"]);
    for own in found.chunk_by(|a, b| a[0] == b[0]) {
        assert!(own.len() >= 5 && own.iter().all(|row| row[2] != row[0]), "{own:?}");
        let numbers = |column: usize| -> Vec<f64> {
            own.iter().map(|row| row[column].parse().unwrap()).collect()
        };
        let (weights, distances) = (numbers(5), numbers(6));
        assert!(distances.is_sorted() && weights.is_sorted_by(|a, b| a >= b), "{own:?}");
        let listed: f64 = weights.iter().sum();
        assert!((0.9..1.0 + 1e-9).contains(&listed), "{own:?}");
        for row in own {
            let known = held_out.iter().find(|known| known[0] == row[2]).expect("of the training");
            assert_eq!((&known[2], &known[3]), (&row[3], &row[4]), "{row:?}");
        }
        // What all cases predict, as far as the listed ones say.
        let sick = own.iter().zip(&weights).filter(|(row, _)| row[3] == "sick");
        let sick: f64 = sick.map(|(_, weight)| weight).sum();
        let said = memory.iter().find(|row| row[0] == own[0][0]).unwrap()[1].clone();
        let said: f64 = said.parse().unwrap();
        assert!(sick - 1e-9 <= said && said <= sick + 1.0 - listed + 1e-9, "{own:?} {said}");
    }
    // Half of the sick ones' clonotypes have a motif of their own: their cases are sick.
    let own = || found.iter().filter(|row| row[0] == "r01");
    let sick = own().filter(|row| row[3] == "sick").count();
    assert!(own().next().unwrap()[3] == "sick" && 2 * sick > own().count(), "{found:?}");
    let page = fs::read_to_string(path("why/repertoires/r01/report.html")).unwrap();
    assert_eq!(reperio_report::well_formed::problems(&page), [""; 0]);
    let sentence = format!("{sick} of the {} heaviest cases", own().count());
    assert!(page.contains("Cases that the score leans on") && page.contains(&sentence));

    // The same training gives the same table, one repertoire alone the same cases as among others, and so do other threads.
    done(&dir, &on_cohort("train", &["--epochs", "2", "--threads", "1", "--out", "again"]));
    let bytes = |name: &str| fs::read(path(name)).unwrap();
    assert_eq!(bytes("run/held_out.tsv"), bytes("again/held_out.tsv"));
    done(&dir, &["explain", "--model", "again", "files/r01.tsv", "--threads", "1", "--out", "one"]);
    let alone = rows(&path("one/cases.tsv"), &columns);
    assert_eq!(own().cloned().collect::<Vec<_>>(), alone);
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
    assert!(!dir.path().join("why/cases.tsv").exists());
    let page = fs::read_to_string(dir.path().join("why/repertoires/r01/report.html")).unwrap();
    assert!(!page.contains("Cases that"));
}

/// Explains `files` with the model in `run`; returns the warnings.
fn explained(dir: &TempDir, arguments: &[&str]) -> String {
    let explain = [&["explain", "--model", "run", "files", "--overwrite"], arguments].concat();
    let output = reperio(dir, &explain).output().expect("the program starts");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{stderr}");
    stderr
}

#[test]
fn the_table_of_another_model_names_nobody_and_says_so() {
    let dir = folder();
    small_cohort(&dir, 16, 40);
    let train = |out: &str, seed: &str| {
        let parts = ["--parts", "kmers,genes", "--seed", seed, "--out", out];
        done(&dir, &on_cohort("train", &parts));
    };
    train("run", "1");
    train("other", "2");
    let path = |name: &str| dir.path().join(name);
    // Every row names the file as other programs would.
    let of = rows(&path("run/held_out.tsv"), &["model_sha256"]);
    let own = sha256(&fs::read(path("run/model.safetensors")).unwrap());
    assert_eq!(of, vec![[own]; 16]);
    assert_eq!(explained(&dir, &["--out", "why"]), "");
    assert!(path("why/cases.tsv").exists());

    let table = fs::read_to_string(path("run/held_out.tsv")).unwrap();
    fs::copy(path("other/model.safetensors"), path("run/model.safetensors")).unwrap();
    insta::assert_snapshot!(explained(&dir, &["--out", "why"]), @" WARN run/held_out.tsv is of another model than run/model.safetensors: no cases are named; expected the two files of one training");
    assert!(!path("why/cases.tsv").exists(), "removed with the results before");
    let page = fs::read_to_string(path("why/repertoires/r01/report.html")).unwrap();
    assert!(!page.contains("Cases that"));
    // A row that belongs to the model does not make up for the others.
    let mut lines: Vec<&str> = table.lines().collect();
    let others = fs::read_to_string(path("other/held_out.tsv")).unwrap();
    lines[1] = others.lines().nth(1).unwrap();
    fs::write(path("run/held_out.tsv"), lines.join("\n")).unwrap();
    assert!(explained(&dir, &["--out", "why"]).contains("is of another model"));
    assert!(!path("why/cases.tsv").exists());

    let cut = |line: &str| line.rsplit_once('\t').unwrap().0.to_owned() + "\n";
    fs::write(path("run/held_out.tsv"), table.lines().map(cut).collect::<String>()).unwrap();
    insta::assert_snapshot!(explained(&dir, &["--out", "why"]), @" WARN run/held_out.tsv was written before such tables had a column `model_sha256`: without it no cases are named, because it may be of another model; train again to have them");
    assert!(!path("why/cases.tsv").exists());
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    format!("{:x}", Sha256::digest(bytes))
}

/// The cases of every explained repertoire.
fn cases(dir: &TempDir, out: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows(&dir.path().join(out).join("cases.tsv"), &["repertoire_id", "case_id"]) {
        let [own, other] = row.try_into().expect("two columns");
        all.entry(own).or_default().insert(other);
    }
    all
}

/// Six repertoires of three people: without a person's own samples only four are left.
#[test]
fn nobody_is_a_case_of_herself() {
    let dir = folder();
    small_cohort(&dir, 6, 60);
    let columns = "repertoire_id\tpatient\tlabel\n";
    let people = ["Zoe", "Ann", "Zoe", "Bea", "Ann", "Bea"];
    let row = |(i, name): (usize, &&str)| {
        format!("r{i:02}\t{name}\t{}\n", if i % 2 == 1 { "sick" } else { "well" })
    };
    let people_rows: Vec<String> = people.iter().enumerate().map(row).collect();
    let labels = columns.to_owned() + &people_rows.concat();
    write(&dir, "labels.tsv", &labels);
    done(&dir, &on_cohort("train", &["--parts", "kmers,genes", "--out", "run"]));
    let held_out = dir.path().join("run/held_out.tsv");
    let groups: Vec<String> = rows(&held_out, &["group"]).concat();
    assert_eq!(groups, ["1", "2", "1", "3", "2", "3"], "in the order of the repertoires");
    let text = fs::read_to_string(&held_out).unwrap();
    assert!(people.iter().all(|name| !text.contains(name)), "{text}");
    done(&dir, &["explain", "--model", "run", "files", "--out", "why"]);
    let others = |i: usize| -> BTreeSet<String> {
        let others = (0..people.len()).filter(|&other| people[other] != people[i]);
        others.map(|other| format!("r{other:02}")).collect()
    };
    let found = cases(&dir, "why");
    for i in 0..people.len() {
        assert_eq!(found[&format!("r{i:02}")], others(i));
    }

    let each = ["--parts", "genes", "--group", "repertoire_id", "--out", "each"];
    done(&dir, &on_cohort("train", &each));
    let text = fs::read_to_string(dir.path().join("each/held_out.tsv")).unwrap();
    assert!(!text.lines().next().unwrap().contains("group"), "no groups were known");

    // A new sample of Zoe, whom only the table of the explained ones knows.
    fs::rename(dir.path().join("files/r00.tsv"), dir.path().join("files/zoe2.tsv")).unwrap();
    write(&dir, "later.tsv", labels.replace("r00", "zoe2"));
    explained(&dir, &["--metadata", "later.tsv", "--out", "later"]);
    assert_eq!(cases(&dir, "later")["zoe2"], others(0));
    explained(&dir, &["--out", "unknown"]);
    let unknown = cases(&dir, "unknown");
    assert!(unknown["zoe2"].len() >= 5, "nobody says whose it is");
    assert_eq!(unknown["r02"], others(2));
}
