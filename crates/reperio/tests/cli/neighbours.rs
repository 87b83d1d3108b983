//! The training patients that an explained one is most like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tempfile::TempDir;

use crate::support::{done, folder, on_cohort, reperio, rows, small_cohort, write};

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
    assert!(path("why/neighbours.tsv").exists());

    let table = fs::read_to_string(path("run/held_out.tsv")).unwrap();
    fs::copy(path("other/model.safetensors"), path("run/model.safetensors")).unwrap();
    insta::assert_snapshot!(explained(&dir, &["--out", "why"]), @" WARN run/held_out.tsv is of another model than run/model.safetensors: no neighbours are named; expected the two files of one training");
    assert!(!path("why/neighbours.tsv").exists(), "removed with the results before");
    let page = fs::read_to_string(path("why/repertoires/r01/report.html")).unwrap();
    assert!(!page.contains("Most alike"));
    // A row that belongs to the model does not make up for the others.
    let mut lines: Vec<&str> = table.lines().collect();
    let others = fs::read_to_string(path("other/held_out.tsv")).unwrap();
    lines[1] = others.lines().nth(1).unwrap();
    fs::write(path("run/held_out.tsv"), lines.join("\n")).unwrap();
    assert!(explained(&dir, &["--out", "why"]).contains("is of another model"));
    assert!(!path("why/neighbours.tsv").exists());

    let cut = |line: &str| line.rsplit_once('\t').unwrap().0.to_owned() + "\n";
    fs::write(path("run/held_out.tsv"), table.lines().map(cut).collect::<String>()).unwrap();
    insta::assert_snapshot!(explained(&dir, &["--out", "why"]), @" WARN run/held_out.tsv was written before such tables had a column `model_sha256`: without it no neighbours are named, because it may be of another model; train again to have them");
    assert!(!path("why/neighbours.tsv").exists());
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    format!("{:x}", Sha256::digest(bytes))
}

/// The neighbours of every explained repertoire.
fn neighbours(dir: &TempDir, out: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in
        rows(&dir.path().join(out).join("neighbours.tsv"), &["repertoire_id", "neighbour_id"])
    {
        let [own, other] = row.try_into().expect("two columns");
        all.entry(own).or_default().insert(other);
    }
    all
}

/// Six repertoires of three people: without a person's own samples only four are left.
#[test]
fn nobody_is_the_neighbour_of_herself() {
    let dir = folder();
    small_cohort(&dir, 6, 60);
    let columns = "repertoire_id\tpatient\tlabel\n";
    let people = ["Zoe", "Ann", "Zoe", "Bea", "Ann", "Bea"];
    let labels: String =
        people.iter().enumerate().fold(columns.to_owned(), |mut all, (i, name)| {
            all += &format!("r{i:02}\t{name}\t{}\n", if i % 2 == 1 { "sick" } else { "well" });
            all
        });
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
    let found = neighbours(&dir, "why");
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
    assert_eq!(neighbours(&dir, "later")["zoe2"], others(0));
    explained(&dir, &["--out", "unknown"]);
    let unknown = neighbours(&dir, "unknown");
    assert_eq!(unknown["zoe2"].len(), 5, "nobody says whose it is");
    assert_eq!(unknown["r02"], others(2));
}
