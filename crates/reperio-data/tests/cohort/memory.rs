//! Cohorts in memory: read beside files and stores as if they were stores, parted, and saved as stores.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use proptest::prelude::*;
use reperio_data::cohort::{self, Cohort, CohortError, ReadRequest};
use reperio_data::format::ReadOptions;
use reperio_data::import_counts::ImportCounts;
use reperio_data::metadata::{Metadata, Row};
use reperio_data::progress::{Observer, Progress, Silent};
use reperio_data::repertoire::Repertoire;

use crate::generated::{cohorts, repertoire};
use crate::scenario::{Scenario, airr, assert_same_files};

/// The cohort of these repertoires, with the column `status`.
fn labelled(donors: &[(&str, &[&str], Option<&str>)]) -> Cohort {
    let rows = |junctions: &[&str]| -> Vec<_> {
        let row = |junction: &&str| ((*junction).to_owned(), "TRBV9".to_owned(), String::new(), 1);
        junctions.iter().map(row).collect()
    };
    let own = |(id, junctions, _): &(&str, &[&str], _)| {
        let (rows, n) = (rows(junctions), junctions.len() as u64);
        let mut counts = ImportCounts { rows: n, kept: n, ..ImportCounts::default() };
        (counts.clonotypes, counts.templates) = (n, n);
        (repertoire(id, &rows), counts)
    };
    let ids = donors.iter().map(|(id, ..)| (*id).to_owned()).collect();
    let status = donors.iter().map(|(.., status)| status.map(str::to_owned)).collect();
    let metadata = Metadata::from_columns(ids, vec![("status".to_owned(), status)]).unwrap();
    Cohort::new(donors.iter().map(own).collect(), &metadata)
}

fn two() -> Cohort {
    labelled(&[("b", &["CASSAF", "CASSLF"], None), ("a", &["CASSQF"], Some("case"))])
}

fn given(cohorts: &[&Cohort]) -> ReadRequest {
    let given = cohorts.iter().map(|&cohort| Arc::new(cohort.clone())).collect();
    ReadRequest { given, ..ReadRequest::default() }
}

/// What a request gives in both ways, and what it says meanwhile.
fn read(request: &ReadRequest) -> (Cohort, Vec<Repertoire>, Metadata, Vec<String>) {
    let log = Log::default();
    let warnings = log.0.clone();
    let (cohort, visited) = tracing::subscriber::with_default(log, || {
        let visited = request.visit("visiting", &Silent, |own, _| Ok(own)).unwrap();
        (request.load(&Silent).unwrap(), visited)
    });
    let warnings = warnings.lock().unwrap().clone();
    (cohort, visited.results, visited.metadata, warnings)
}

/// Remembers the texts of a log.
#[derive(Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = |_: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            self.0.lock().unwrap().push(format!("{value:?}"));
        };
        event.record(&mut text);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_saved_cohort_is_read_back_equal(cohort in cohorts(6)) {
        let scenario = Scenario::new(&[]);
        cohort::save(&cohort, &scenario.path("cohort")).unwrap();
        prop_assert_eq!(&scenario.load(&["cohort"], None).unwrap(), &cohort);
        let (once, again) = (scenario.store(), Scenario::new(&[]));
        cohort::save(&cohort, &again.path("cohort")).unwrap();
        assert_same_files(&again.store(), &once, "the second time");
    }

    /// Whether a part is in memory or in a store makes no difference.
    #[test]
    fn a_cohort_in_memory_is_read_as_its_store(cohort in cohorts(6), first in any::<u8>()) {
        prop_assert_eq!(&given(&[&cohort]).load(&Silent).unwrap(), &cohort);
        let (a, b): (Vec<usize>, Vec<usize>) =
            (0..cohort.len()).partition(|row| first >> row & 1 == 1);
        let (a, b) = (cohort.select(&a), cohort.select(&b));
        let scenario = Scenario::new(&[]);
        for (part, name) in [(&a, "a"), (&b, "b")] {
            cohort::save(part, &scenario.path(name)).unwrap();
        }
        let inputs = vec![scenario.path("a"), scenario.path("b")];
        let stores = read(&ReadRequest { inputs, ..ReadRequest::default() });
        prop_assert_eq!(&stores.0.repertoires(), &cohort.repertoires());
        prop_assert_eq!(&read(&given(&[&a, &b])), &stores);
        prop_assert_eq!(read(&ReadRequest { inputs: vec![scenario.path("a")], ..given(&[&b]) }), stores);
    }

    #[test]
    fn selected_rows_are_a_cohort_of_their_own(cohort in cohorts(8), keys in any::<[u8; 8]>()) {
        let mut rows: Vec<usize> = (0..cohort.len()).filter(|&row| keys[row] > 99).collect();
        rows.sort_by_key(|&row| keys[row]);
        let own = |&row: &usize| (cohort.repertoires()[row].clone(), cohort.counts()[row].clone());
        let expected = Cohort::new(rows.iter().map(own).collect(), cohort.metadata());
        prop_assert_eq!(cohort.select(&rows), expected);
        let all: Vec<usize> = (0..cohort.len()).rev().collect();
        prop_assert_eq!(&cohort.select(&all), &cohort);
        let mut full = cohort.clone();
        full.take_empty();
        let is_full = |row: &usize| !cohort.repertoires()[*row].is_empty();
        prop_assert_eq!(cohort.select(&all.into_iter().filter(is_full).collect::<Vec<_>>()), full);
    }

    /// A table of labels does to a cohort what it does to the repertoires without labels.
    #[test]
    fn other_labels_replace_all_of_them(cohort in cohorts(6), other in cohorts(6), seed in any::<u64>()) {
        let metadata = other.metadata();
        // Of other ids, of some of the same, or of all of them.
        let ids = metadata.ids().iter().enumerate();
        let ids = ids.map(|(i, id)| match seed >> i & 1 {
            1 if i < cohort.len() => cohort.metadata().ids()[i].clone(),
            _ => format!("other {id}"),
        });
        let table = Metadata::from_columns(ids.collect(), metadata.columns().into()).unwrap();
        let all = cohort.repertoires().iter().cloned().zip(cohort.counts().iter().cloned());
        let expected = Cohort::new(all.collect(), &table);
        prop_assert_eq!(&cohort.with_metadata(table), &expected);
        let same = expected.metadata().clone();
        prop_assert_eq!(&expected.clone().with_metadata(same), &expected);
    }
}

#[test]
fn a_table_of_labels_replaces_those_in_memory() {
    let scenario = Scenario::new(&[
        ("in/c.tsv", &airr(&["CASSYF"])),
        ("in/metadata.tsv", "id\tage\nc\t5\n"),
        ("m.tsv", "id\tage\na\t7\nb\t8\nc\t9\n"),
        ("few.tsv", "id\tage\na\t7\nz\t8\n"),
    ]);
    let inputs = vec![scenario.path("in")];
    let request = |metadata: Option<&str>| {
        let metadata = metadata.map(|name| scenario.path(name));
        ReadRequest { inputs: inputs.clone(), metadata, ..given(&[&two()]) }
    };
    let ages = |cohort: &Cohort| {
        let values = cohort.metadata().column("age").map(<[_]>::to_vec).unwrap_or_default();
        values.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let cohort = request(Some("m.tsv")).load(&Silent).unwrap();
    assert_eq!((ages(&cohort), cohort.metadata().columns().len()), ("7 8 9".to_owned(), 1));
    let cohort = request(None).load(&Silent).unwrap();
    assert_eq!(ages(&cohort), "", "a table beside files is of the only input");
    let status = [Some("case".to_owned()), None, None];
    assert_eq!(cohort.metadata().column("status"), Some(&status[..]));
    assert_snapshot!(scenario.text(request(Some("few.tsv")).load(&Silent)), @r#"
    few.tsv does not match the repertoires
      id without a repertoire: "z"
      repertoire without a row: "b" (a cohort in memory)
      repertoire without a row: "c" (c.tsv)
    "#);
}

#[test]
fn a_cohort_in_memory_has_the_faults_of_a_store() {
    let scenario =
        Scenario::new(&[("in/a.tsv", &airr(&["CASSYF"])), ("in/B.tsv", &airr(&["CAF"]))]);
    let text = |request: &ReadRequest| {
        let visited = request.visit("visiting", &Silent, |own, _| Ok(own));
        let text = scenario.text(request.load(&Silent));
        assert_eq!(scenario.text(visited), text);
        text
    };
    let with = |input: &str| ReadRequest { inputs: vec![scenario.path(input)], ..given(&[&two()]) };
    assert_snapshot!(text(&ReadRequest::default()), @"no repertoire table in");
    assert_snapshot!(text(&with("in/a.tsv")), @r#"
    repertoire ids occur more than once
      "a" in a cohort in memory, a.tsv
    "#);
    assert_snapshot!(text(&with("in/B.tsv")), @r#"ids that differ only in case: "B", "b", expected ids that differ otherwise: some disks treat them as one file name"#);
    assert_snapshot!(text(&given(&[&two(), &two().select(&[1])])), @r#"
    repertoire ids occur more than once
      "b" in cohort 1 in memory, cohort 2 in memory
    "#);
    let long = "x".repeat(300);
    assert!(text(&given(&[&labelled(&[(&long, &[], None)])])).starts_with("ids longer than"));
    let options = ReadOptions { min_length: 3, ..ReadOptions::default() };
    assert_snapshot!(text(&ReadRequest { options, ..given(&[&two()]) }), @"options for reading files (species, loci, lengths, columns) do not change a cohort in memory, expected none: give them where it is read");
}

#[test]
fn copies_in_memory_are_reported() {
    let scenario = Scenario::new(&[]);
    let copy = labelled(&[("c", &["CASSAF", "CASSLF"], None)]);
    let (.., warnings) = read(&given(&[&two(), &copy]));
    assert_snapshot!(warnings.join("\n"), @r"
    b, c hold the same clonotypes: copies of one sample can end up on both sides of a split; keep one of them or put them in one group
    b, c hold the same clonotypes: copies of one sample can end up on both sides of a split; keep one of them or put them in one group
    ");
    cohort::save(&copy, &scenario.path("cohort")).unwrap();
    let inputs = vec![scenario.path("cohort")];
    assert_eq!(read(&ReadRequest { inputs, ..given(&[&two()]) }).3, warnings);
}

/// Remembers what was last said of the progress, and asks to stop after that many repertoires.
struct Stop(usize, Mutex<Vec<String>>);

impl Observer for Stop {
    fn progress(&self, Progress { task, done, total, unit }: Progress<'_>) {
        self.1.lock().unwrap().push(format!("{task} {done} of {total} {unit}"));
    }
    fn scalar(&self, _: &str, _: u64, _: f64) {}
    fn cancelled(&self) -> bool {
        self.1.lock().unwrap().len() >= self.0
    }
}

#[test]
fn visiting_a_cohort_in_memory_can_be_stopped_and_fail() {
    let (request, scenario) = (given(&[&two()]), Scenario::new(&[]));
    let observer = Stop(9, Mutex::default());
    let ids = request.visit("looking", &observer, |own, _| Ok(own.id)).unwrap().results;
    assert_eq!(ids, ["a", "b"]);
    let said: BTreeSet<_> = observer.1.into_inner().unwrap().into_iter().collect();
    assert_eq!(
        said,
        ["looking 1 of 2 repertoires", "looking 2 of 2 repertoires"].map(str::to_owned).into()
    );
    let stopped = request.visit("looking", &Stop(0, Mutex::default()), |own, _| Ok(own));
    assert!(matches!(stopped, Err(CohortError::Cancelled)));
    let fails =
        |own: Repertoire, _: Row<'_>| if own.id == "b" { Err("no more".into()) } else { Ok(()) };
    assert_eq!(scenario.text(request.visit("looking", &Silent, fails)), "no more");
}

#[test]
#[should_panic(expected = "a row is named once")]
fn a_row_is_selected_once() {
    let _ = two().select(&[1, 1]);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn a_row_that_is_not_there_cannot_be_selected() {
    let _ = two().select(&[2]);
}

#[test]
fn the_manifest_says_that_it_came_from_memory() {
    let scenario = Scenario::new(&[("more/c.tsv", &airr(&["CASSYF"]))]);
    cohort::save(&two(), &scenario.path("cohort")).unwrap();
    let names: Vec<_> =
        scenario.store().into_keys().map(|path| path.display().to_string()).collect();
    assert_snapshot!(names.join("\n"), @r"
    cohort/cohort.parquet
    cohort/import_report.tsv
    cohort/manifest.json
    cohort/repertoires/a.parquet
    cohort/repertoires/b.parquet
    ");
    let text = fs::read_to_string(scenario.path("cohort/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let source = &manifest["repertoires"]["a"]["source"];
    assert_eq!(
        (&source["name"], &source["format"]),
        (&"a cohort in memory".into(), &"memory".into())
    );
    let report = fs::read_to_string(scenario.path("cohort/import_report.tsv")).unwrap();
    let fields: Vec<&str> = report.lines().nth(2).unwrap().split('\t').collect();
    assert_eq!(fields[..7], ["b", "a cohort in memory", "memory", "2", "2", "2", "2"]);
    assert_eq!(fields[fields.len() - 3..], ["", "", ""], "the unit of counts, the species, notes");
    let summary = scenario.import(&["more"], None).unwrap();
    assert_eq!(summary.in_cohort, 3, "files can be added to it");
    let cohort = scenario.load(&["cohort"], None).unwrap();
    assert_eq!(cohort.select(&[0, 1]), two());
}

#[test]
fn nothing_is_saved_over_something() {
    let scenario = Scenario::three();
    let save =
        |cohort: &Cohort, name: &str| scenario.text(cohort::save(cohort, &scenario.path(name)));
    scenario.import(&["in"], None).unwrap();
    let before = scenario.store();
    assert_snapshot!(save(&two(), "cohort"), @"cohort is not empty, expected a new folder");
    assert_same_files(&scenario.store(), &before, "refused");
    assert_snapshot!(save(&two(), "in"), @"in is not empty, expected a new folder");
    assert_snapshot!(save(&two(), "in/a.tsv"), @"cannot write in/a.tsv/import.journal: in/a.tsv is a file, expected a folder");
    let lock = reperio_data::lock::Lock::folder(&scenario.path("in")).unwrap();
    assert_snapshot!(save(&two(), "in"), @"in: another process is writing there, expected one at a time: wait for it or choose another output");
    drop(lock);
    fs::create_dir(scenario.path("empty")).unwrap();
    cohort::save(&two(), &scenario.path("empty")).unwrap();

    let named = |name: &str| {
        let columns = vec![(name.to_owned(), vec![None])];
        two().with_metadata(Metadata::from_columns(vec!["a".to_owned()], columns).unwrap())
    };
    assert_snapshot!(save(&named("import_rows"), "new"), @r#"metadata columns "import_rows" have names that cohort.parquet reserves, expected other names"#);
    assert_snapshot!(save(&named("repertoire_id"), "new"), @r#"metadata columns "repertoire_id" have names that cohort.parquet reserves, expected other names"#);
    assert_snapshot!(save(&labelled(&[("p", &[], None), ("P", &[], None)]), "new"), @r#"ids that differ only in case: "P", "p", expected ids that differ otherwise: some disks treat them as one file name"#);
    let twice = [("p", ImportCounts::default()), ("p", ImportCounts::default())];
    let twice = twice.map(|(id, counts)| (repertoire(id, &[]), counts));
    assert_snapshot!(save(&Cohort::new(twice.into(), &Metadata::default()), "new"), @r#"
    repertoire ids occur more than once
      "p" in a cohort in memory, a cohort in memory
    "#);
    assert!(!scenario.path("new").exists(), "nothing is begun");
}

/// An unfinished store is none, and another cohort saved there leaves nothing of it.
#[test]
fn what_was_not_finished_is_mended_by_saving_again() {
    let (scenario, whole) = (Scenario::new(&[]), Scenario::new(&[]));
    let other = labelled(&[("b", &["CAF"], None), ("c", &["CASSYF"], Some("control"))]);
    for (cohort, saved) in [(&two(), &two()), (&two(), &other)] {
        let (out, clean) = (scenario.path("cohort"), whole.path("cohort"));
        for folder in [&out, &clean] {
            let _ = fs::remove_dir_all(folder);
        }
        // A folder in the way stops it after the repertoires have been renamed.
        scenario.write("cohort/import.journal", "");
        scenario.write("cohort/import_report.tsv/in the way", "");
        let stopped = cohort::save(cohort, &out);
        assert!(matches!(stopped, Err(CohortError::Write(_))), "{stopped:?}");
        assert!(scenario.path("cohort/repertoires/a.parquet").is_file());
        let loaded = scenario.load(&["cohort"], None);
        assert!(matches!(loaded, Err(CohortError::NotFinished { .. })));
        fs::remove_dir_all(scenario.path("cohort/import_report.tsv")).unwrap();
        cohort::save(saved, &out).unwrap();
        cohort::save(saved, &clean).unwrap();
        assert_same_files(&scenario.store(), &whole.store(), "after the second time");
    }
}
