//! What a trained network sees, and families of the clonotypes that it ranks.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{done, folder, on_cohort, rows, small_cohort};

/// The first motif of each consensus, with the residues of its columns that have more than 1 bit.
fn named(path: &std::path::Path) -> Vec<(String, String)> {
    let columns = ["rank", "motif", "position", "residue", "share", "bits"];
    let mut found: Vec<(String, String, String, f64)> = Vec::new(); // rank, motif, letters and gaps, share
    let mut last = (String::new(), 0_usize);
    for row in rows(path, &columns) {
        let number = |at: usize| row[at].parse::<f64>().expect("a number");
        if number(5) < 1.0 {
            continue;
        }
        let position = number(2) as usize;
        if found.last().is_none_or(|own| own.0 != row[0]) {
            found.push((row[0].clone(), row[1].clone(), String::new(), 0.0));
            last = (String::new(), 0);
        }
        let own = found.last_mut().expect("one was pushed");
        if last.1 != position {
            own.2 += &"-".repeat(if last.1 == 0 { 0 } else { position - last.1 - 1 });
            own.2.push_str(&row[3]);
            own.3 = number(4);
        } else if number(4) > own.3 {
            own.2.pop();
            own.2.push_str(&row[3]);
            own.3 = number(4);
        }
        last = (row[3].clone(), position);
    }
    found.into_iter().map(|(_, motif, letters, _)| (motif, letters)).collect()
}

#[test]
fn the_first_motifs_are_those_that_were_implanted() {
    let dir = folder();
    let motifs = ["--motif", "WNDR", "--motif", "KP-HV", "--witness-rate", "0.02"];
    let size = ["--repertoires", "60", "--clonotypes", "300"];
    done(&dir, &[&["simulate", "--out", "made"], &motifs[..], &size].concat());
    let cohort = ["--cohort", "made/repertoires", "--metadata", "made/metadata.tsv"];
    let network = ["--target", "label", "--parts", "network", "--epochs", "3", "--out", "run"];
    done(&dir, &[&["train"], &cohort[..], &network].concat());
    let found = named(&dir.path().join("run/motifs.tsv"));
    for (motif, letters) in &found {
        assert_eq!(motif, letters, "the consensus is read off the columns");
    }
    // Every member of the network has both of them before it has anything else.
    let first: BTreeSet<&str> = found.iter().take(10).map(|(motif, _)| motif.as_str()).collect();
    assert_eq!(first, BTreeSet::from(["KP-HV", "WNDR"]), "{found:?}");
    let page = fs::read_to_string(dir.path().join("run/report.html")).unwrap();
    assert!(page.contains("Motifs of the network") && page.contains("<b>WNDR</b>"));
    // The files of a folder of an earlier version.
    for name in ["motifs.tsv", "families.tsv"] {
        fs::remove_file(dir.path().join("run").join(name)).unwrap();
    }
    done(&dir, &["report", "run"]);
    let page = fs::read_to_string(dir.path().join("run/report.html")).unwrap();
    assert!(
        !page.contains("Motifs of the network") && page.contains("Clonotypes with the highest")
    );
}

#[test]
fn families_and_their_carriers_are_those_of_the_table_of_clonotypes() {
    let dir = folder();
    small_cohort(&dir, 8, 60);
    done(&dir, &on_cohort("train", &["--parts", "kmers", "--out", "run"]));
    done(&dir, &["explain", "--model", "run", "files", "--top", "0", "--out", "why"]);
    let columns = ["family", "members", "v_call", "carriers", "consensus"];
    let families = rows(&dir.path().join("why/families.tsv"), &columns);
    let columns = ["family", "junction_aa", "v_call", "rank"];
    let sequences = rows(&dir.path().join("why/sequences.tsv.gz"), &columns);
    assert!(families.iter().any(|own| own[1] != "1"), "some are similar");
    let repertoires: Vec<Vec<Vec<String>>> = (0..8)
        .map(|r| rows(&dir.path().join(format!("files/r{r:02}.tsv")), &["junction_aa", "v_call"]))
        .collect();
    for family in &families {
        let own: Vec<&Vec<String>> = sequences.iter().filter(|own| own[0] == family[0]).collect();
        assert_eq!(own.len().to_string(), family[1]);
        assert_eq!(own[0][3], family[0], "named by the rank of the first");
        assert!(own.iter().all(|one| one[2] == family[2] && one[1].len() == family[4].len()));
        let wanted: BTreeSet<(&str, &str)> =
            own.iter().map(|one| (one[1].as_str(), one[2].as_str())).collect();
        let carries = |rows: &&Vec<Vec<String>>| {
            rows.iter().any(|own| wanted.contains(&(own[0].as_str(), own[1].as_str())))
        };
        let carriers = repertoires.iter().filter(carries).count();
        assert_eq!(carriers.to_string(), family[3], "{family:?}");
    }
    let members: usize = families.iter().map(|own| own[1].parse::<usize>().unwrap()).sum();
    assert_eq!(members, sequences.len());
}
