//! Files and tables of one sample: one repertoire, or an error that says so, or a warning.

use std::fs;

use insta::assert_snapshot;
use reperio_data::metadata::Row;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;

use crate::scenario::{Scenario, airr, junctions};

#[test]
fn tables_of_one_sample_are_one_repertoire_named_after_their_folder() {
    let summary = "Sequence number\tSequence ID\tV-DOMAIN Functionality\tV-GENE and allele\tJ-GENE and allele\tAA JUNCTION\n\
        1\ta\tproductive\tHomsap TRBV9*01 F\tHomsap TRBJ2-7*01 F\tCASSLEQYF\n";
    let others = "Sequence number\tSequence ID\tV-DOMAIN Functionality\tV-GENE and allele\tJ-GENE and allele\tJUNCTION\n\
        1\ta\tproductive\tHomsap TRBV9*01 F\tHomsap TRBJ2-7*01 F\ttgtgccagcagcctcgaacagtacttc\n";
    let scenario = Scenario::new(&[
        ("in/P1/1_Summary.txt", summary),
        ("in/P1/3_Nt-sequences.txt", others),
        ("in/P2/1_Summary.txt", summary),
    ]);
    let done = scenario.import(&["in"], None).unwrap();
    let ids: Vec<&str> = done.repertoires.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["P1", "P2"]);
    assert_snapshot!(done.skipped[0].reason, @"another table of the same IMGT/HighV-QUEST sample, which is read from 1_Summary");
}

/// A `MiXCR` table of one clonotype.
fn clones(v: &str, j: &str, junction: &str) -> String {
    format!(
        "cloneId\treadCount\taaSeqCDR3\tallVHitsWithScore\tallJHitsWithScore\n0\t5\t{junction}\t{v}*00(500)\t{j}*00(300)\n"
    )
}

#[test]
fn the_table_of_a_chain_may_have_no_rows() {
    let full = clones("TRBV9", "TRBJ2-7", "CASSYEQYF");
    let empty = format!("{}\n", full.lines().next().unwrap());
    for (a, b) in [(&empty, &full), (&full, &empty)] {
        let scenario = Scenario::new(&[("in/P1.clones_TRA.tsv", a), ("in/P1.clones_TRB.tsv", b)]);
        let cohort = scenario.load(&["in"], None).unwrap();
        assert_eq!(junctions(&cohort), ["P1: CASSYEQYF"]);
    }
    let scenario =
        Scenario::new(&[("in/P1.clones_TRA.tsv", &empty), ("in/P1.clones_TRB.tsv", &empty)]);
    let text = scenario.text(scenario.load(&["in"], None));
    assert!(text.contains("no rows below the header"), "{text}");
}

#[test]
fn tables_of_one_chain_each_are_one_repertoire() {
    let scenario = Scenario::new(&[
        ("in/P1.clones_TRA.tsv", &clones("TRAV1-2", "TRAJ33", "CAVMDSNYQLIW")),
        ("in/P1.clones_TRB.tsv", &clones("TRBV9", "TRBJ2-7", "CASSYEQYF")),
        ("in/P2.clones_TRB.tsv", &clones("TRBV9", "TRBJ2-7", "CASSLEQYF")),
        (
            "labels.tsv",
            "filename\tid\nin/P1.clones_TRA.tsv\ta\nin/P1.clones_TRB.tsv\tb\nin/P2.clones_TRB.tsv\tc\n",
        ),
    ]);
    let done = scenario.import(&["in"], None).unwrap();
    let names: Vec<_> =
        done.repertoires.iter().map(|row| format!("{}: {}", row.id, row.source)).collect();
    assert_snapshot!(names.join("\n"), @r"
    P1: P1.clones_TRA.tsv, P1.clones_TRB.tsv
    P2.clones_TRB: P2.clones_TRB.tsv
    ");
    let cohort = scenario.load(&["cohort"], None).unwrap();
    assert_eq!(junctions(&cohort), ["P1: CASSYEQYF CAVMDSNYQLIW", "P2.clones_TRB: CASSLEQYF"]);
    assert_eq!((cohort.counts()[0].kept, cohort.counts()[0].clonotypes), (2, 2));
    assert_eq!(cohort.counts()[0].templates, 10);
    assert_eq!(scenario.load(&["in"], None).unwrap(), cohort, "raw files give the same cohort");
    let again = scenario.import(&["in"], None).unwrap();
    assert!(again.repertoires.iter().all(|row| row.unchanged));
    let apart = scenario.load(&["in"], Some("labels.tsv")).unwrap();
    assert_eq!(apart.metadata().ids(), ["a", "b", "c"], "the metadata names each file");
}

/// It would stand in the cohort twice.
#[test]
fn a_table_alone_and_as_a_part_of_a_sample_is_refused() {
    let (alpha, beta) = ("in/P1.clones_TRA.tsv", "in/P1.clones_TRB.tsv");
    let scenario = Scenario::new(&[(beta, &clones("TRBV9", "TRBJ2-7", "CASSYEQYF"))]);
    scenario.import(&["in"], None).unwrap();
    scenario.write(alpha, &clones("TRAV1-2", "TRAJ33", "CAVMDSNYQLIW"));
    let message = scenario.text(scenario.import(&["in"], None));
    assert_snapshot!(message, @r#"tables that are both a repertoire of their own and part of another: "P1.clones_TRB" of "P1", expected one or the other: import all tables of a sample together into a new store"#);
    assert_eq!(scenario.load(&["cohort"], None).unwrap().metadata().ids(), ["P1.clones_TRB"]);
    fs::remove_dir_all(scenario.path("cohort")).unwrap();
    scenario.import(&["in"], None).unwrap();
    assert_eq!(scenario.text(scenario.import(&[beta], None)), message);
}

/// An AIRR table of one clonotype of the sample `sample`.
fn of_sample(junction: &str, sample: &str) -> String {
    format!(
        "junction_aa\tv_call\tj_call\tduplicate_count\tsample_id\n{junction}\tTRBV9\tTRBJ2-7\t3\t{sample}\n"
    )
}

#[test]
fn tables_of_one_chain_each_that_name_different_samples_are_refused() {
    let scenario = Scenario::new(&[
        ("in/P1.clones_TRA.tsv", &of_sample("CASSLEQYF", "S1")),
        ("in/P1.clones_TRB.tsv", &of_sample("CASSYEQYF", "S2")),
    ]);
    let message = scenario.text(scenario.import(&["in"], None));
    let expected = "P1.clones_TRB.tsv: column `sample_id` is \"S2\" in all rows, but \"S1\" in the table of another chain";
    assert!(message.contains(expected), "{message}");
    assert!(message.contains("--repertoire-column sample_id"), "{message}");
    scenario.write("in/P1.clones_TRB.tsv", &of_sample("CASSYEQYF", "S1"));
    let cohort = scenario.load(&["in"], None).unwrap();
    assert_eq!(junctions(&cohort), ["P1: CASSLEQYF CASSYEQYF"]);
}

#[test]
fn files_of_one_sample_are_refused_unless_they_are_told_apart() {
    let both = of_sample("CASSYEQYF", "S2") + "CASSLEQYF\tTRBV9\tTRBJ2-7\t3\tS1\n";
    let scenario = Scenario::new(&[
        ("in/lane1.tsv", &of_sample("CASSYEQYF", "S1")),
        ("in/lane2.tsv", &of_sample("CASSLEQYF", "S1")),
        ("both.tsv", &both),
        ("labels.tsv", "id\tsubject_id\nlane1\tp\nlane2\tp\n"),
    ]);
    let message = scenario.text(scenario.import(&["in"], None));
    assert_snapshot!(message, @r#"
    several files say that they are from one sample, expected one file per sample: join them into one table, or tell them apart with a metadata table that has one row per file, or with a column named by --repertoire-column
      "S1" in lane1.tsv (`sample_id`), lane2.tsv (`sample_id`)
    "#);
    assert_eq!(scenario.text(scenario.load(&["in"], None)), message);
    let visit = |own: Repertoire, _: Row<'_>| Ok(own.id.clone());
    let visited = scenario.request("in").visit("visiting", &Silent, visit).unwrap();
    assert_eq!(visited.results, ["lane1", "lane2"], "one by one they are read");
    let message = scenario.text(scenario.load(&["in/lane1.tsv", "both.tsv"], None));
    assert!(
        message.ends_with("\"S1\" in lane1.tsv (`sample_id`), both.tsv (`sample_id`)"),
        "{message}"
    );
    let done = scenario.import(&["in"], Some("labels.tsv")).unwrap();
    assert_eq!(done.parts, [["lane1", "lane2"]]);
    assert_snapshot!(done.warnings()[0], @"lane1, lane2 are from one sample, as their files say: parts of it can end up on both sides of a split; join them into one table or put them in one group");
    assert_eq!(scenario.load(&["cohort"], None).unwrap().len(), 2);
    scenario.write("lane3.tsv", &of_sample("CASSLEQYF", "S1"));
    let message = scenario.text(scenario.import(&["lane3.tsv"], None));
    assert!(message.contains("\"S1\" in lane3.tsv (`sample_id`), lane1.tsv"), "{message}");
}

#[test]
fn a_sample_that_is_not_the_name_of_the_file_is_said() {
    let scenario = Scenario::new(&[
        ("S2.tsv", &of_sample("CASSYEQYF", "S1")),
        ("labels.tsv", "repertoire_id\tstatus\nS1\twell\n"),
    ]);
    let done = scenario.import(&["S2.tsv"], None).unwrap();
    assert_snapshot!(done.repertoires[0].notes.join("\n"), @r#"`sample_id` is "S1" in all rows, but the file has another name: --repertoire-column sample_id uses it as the id"#);
    let cohort = scenario.load(&["S2.tsv"], Some("labels.tsv")).unwrap();
    assert_eq!(cohort.metadata().ids(), ["S1"], "the metadata has the sample and not the file");
    fs::remove_dir_all(scenario.path("cohort")).unwrap();
    let first = scenario.import(&["S2.tsv"], Some("labels.tsv")).unwrap();
    assert_eq!(first.repertoires[0].id, "S1");
    assert!(first.repertoires[0].notes.is_empty(), "{:?}", first.repertoires[0].notes);
    assert!(scenario.import(&["S2.tsv"], Some("labels.tsv")).unwrap().repertoires[0].unchanged);
}

#[test]
fn copies_of_one_sample_are_reported() {
    let scenario = Scenario::three();
    scenario.write("in/copy.tsv", &airr(&["CASSQF", "CASSLF", "CAGGF"]));
    scenario.write("all.tsv", "id\na\nb\nC1\ncopy\n");
    fs::rename(scenario.path("in/sub/c.tsv"), scenario.path("in/C1.tsv")).unwrap();
    let done = scenario.import(&["in"], Some("all.tsv")).unwrap();
    assert_eq!(done.copies, [["b", "copy"]]);
    assert_snapshot!(done.warnings()[0], @"b, copy hold the same clonotypes: copies of one sample can end up on both sides of a split; keep one of them or put them in one group");
}

#[test]
fn copies_with_other_counts_are_reported() {
    let scenario = Scenario::new(&[
        ("in/a.tsv", &airr(&["CASSQF", "CASSLF", "CAGGF"])),
        ("in/b.tsv", &airr(&["CAGGF", "CASSQF", "CASSLF"])),
        ("in/c.tsv", &airr(&["CAGGF", "CASSQF"])),
    ]);
    let done = scenario.import(&["in"], None).unwrap();
    assert!(done.copies.is_empty(), "{:?}", done.copies);
    assert_eq!(done.recounted, [["a", "b"]]);
    assert!(done.warnings()[0].starts_with("a, b hold the same clonotypes with other counts"));
}
