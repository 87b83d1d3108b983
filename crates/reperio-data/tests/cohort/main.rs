//! Import and load as a person meets them: folders of files in, one cohort out.
#![expect(clippy::unwrap_used, reason = "fixtures fail loudly")]

mod crash;
mod generated;
mod memory;
mod samples;
mod scenario;

use std::fs;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use insta::assert_snapshot;
use proptest::prelude::*;
use reperio_data::cohort::{self, ImportRequest};
use reperio_data::format::ReadOptions;
use reperio_data::metadata::Row;
use reperio_data::progress::{Observer, Progress, Silent};
use reperio_data::repertoire::Repertoire;

use scenario::{HEADER, Scenario, airr, assert_same_files, junctions};

#[test]
fn a_folder_becomes_a_cohort_with_its_labels() {
    let scenario = Scenario::three();
    let summary = scenario.import(&["in"], None).unwrap();
    let cohort = scenario.load(&["cohort"], None).unwrap();
    assert_eq!(cohort.metadata().ids(), ["C1", "a", "b"]);
    let status = [Some("well".to_owned()), Some("sick".to_owned()), None];
    assert_eq!(cohort.metadata().column("status"), Some(&status[..]));
    assert_snapshot!(junctions(&cohort).join("\n"), @r"
    C1: CASSYF
    a: CASSAF CASSLF
    b: CAGGF CASSLF CASSQF
    ");
    assert_eq!(summary.in_cohort, 3);
    assert_eq!(summary.totals().clonotypes, 6);
    assert_eq!(summary.skipped.len(), 1);
    assert!(summary.skipped[0].path.ends_with("readme.md"));
    assert_eq!(scenario.load(&["in"], None).unwrap(), cohort, "raw files give the same cohort");
}

#[test]
fn the_store_holds_the_promised_files_and_nothing_else() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let names: Vec<_> =
        scenario.store().into_keys().map(|path| path.display().to_string()).collect();
    assert_snapshot!(names.join("\n"), @r"
    cohort/cohort.parquet
    cohort/import_report.tsv
    cohort/manifest.json
    cohort/repertoires/C1.parquet
    cohort/repertoires/a.parquet
    cohort/repertoires/b.parquet
    ");
    let report = fs::read_to_string(scenario.path("cohort/import_report.tsv")).unwrap();
    assert_snapshot!(report.lines().next().unwrap().split('\t').take(8).collect::<Vec<_>>().join(" "), @"repertoire_id source format rows kept clonotypes templates dropped");
    assert_snapshot!(report.lines().nth(1).unwrap().split('\t').take(8).collect::<Vec<_>>().join(" "), @"C1 sub/c.tsv airr 1 1 1 1 0");
}

#[test]
fn visiting_sees_what_loading_keeps_a_few_at_a_time() {
    let files: Vec<(String, String)> = (0..24)
        .map(|i| (format!("in/r{i:02}.tsv"), airr(&["CASSAF", "CASSLF"][..=i % 2])))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let scenario = Scenario::new(&files);
    scenario.import(&["in"], None).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    for input in ["in", "cohort"] {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let visit = |own: Repertoire, _: Row<'_>| {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            // A thread that waits for the other half takes up other work.
            rayon::join(std::thread::yield_now, std::thread::yield_now);
            now.fetch_sub(1, SeqCst);
            Ok((own.id.clone(), own.len()))
        };
        let request = scenario.request(input);
        let visited = pool.install(|| request.visit("visiting", &Silent, visit)).unwrap();
        let cohort = scenario.load(&[input], None).unwrap();
        let expected: Vec<_> =
            cohort.repertoires().iter().map(|own| (own.id.clone(), own.len())).collect();
        assert_eq!((visited.results, visited.metadata), (expected, cohort.metadata().clone()));
        assert!(most.into_inner() <= 3, "{input}: more repertoires than threads");
    }
    let fails =
        |own: Repertoire, _: Row<'_>| if own.id == "r05" { Err("no more".into()) } else { Ok(()) };
    let result = scenario.request("in").visit("visiting", &Silent, fails);
    assert_eq!(scenario.text(result), "no more");
}

#[test]
fn importing_again_adds_replaces_and_leaves_the_rest_unread() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let before = scenario.store();
    let again = scenario.import(&["in"], None).unwrap();
    assert!(again.repertoires.iter().all(|row| row.unchanged));
    assert_same_files(&scenario.store(), &before, "the second time");

    scenario.write("more/a.tsv", &airr(&["CAAAAF"]));
    scenario.write("more/d.tsv", &airr(&["CDDDDF"]));
    scenario.write("more/metadata.csv", "sample,age\na,5\nd,7\nb,9\n");
    let more = scenario.import(&["more"], None).unwrap();
    assert_eq!((more.repertoires.len(), more.in_cohort), (2, 4));
    assert!(more.repertoires.iter().all(|row| !row.unchanged));
    assert!(again.warnings().is_empty());
    assert_snapshot!(more.warnings().concat(), @"replaced in the cohort with different clonotypes: a (earlier read from a.tsv); earlier labels stay where the metadata gives none");
    let cohort = scenario.load(&["cohort"], None).unwrap();
    assert_eq!(cohort.metadata().ids(), ["C1", "a", "b", "d"]);
    let age = [None, Some("5"), Some("9"), Some("7")].map(|age| age.map(str::to_owned));
    assert_eq!(cohort.metadata().column("age"), Some(&age[..]));
    assert_eq!(junctions(&cohort)[1], "a: CAAAAF");
}

#[test]
fn ids_that_differ_only_in_case_are_refused() {
    let scenario =
        Scenario::new(&[("in/P1.tsv", &airr(&["CASSAF"])), ("more/p1.tsv", &airr(&["CASSLF"]))]);
    let message = scenario.text(scenario.import(&["in", "more"], None));
    assert_snapshot!(message, @"ids that differ only in case: \"P1\", \"p1\", expected ids that differ otherwise: some disks treat them as one file name");
    scenario.import(&["in"], None).unwrap();
    assert_eq!(scenario.text(scenario.import(&["more"], None)), message);
    assert_eq!(scenario.load(&["cohort"], None).unwrap().len(), 1);
}

#[test]
fn changed_options_read_again() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let options = ReadOptions { max_length: 5, ..ReadOptions::default() };
    let (inputs, out) = (vec![scenario.path("in")], scenario.path("cohort"));
    let request = ImportRequest { inputs, metadata: None, out, options };
    let summary = cohort::import(&request, &Silent).unwrap();
    assert_eq!(summary.totals().clonotypes, 1);
    assert_eq!(junctions(&scenario.load(&["cohort"], None).unwrap()), ["C1: ", "a: ", "b: CAGGF"]);
}

#[test]
fn a_failed_import_leaves_the_old_cohort_whole() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let before = scenario.load(&["cohort"], None).unwrap();
    scenario.write("more/a.tsv", &airr(&["CAAAAF"]));
    scenario.write("more/bad.tsv", &format!("{HEADER}CASSF\tTRBV9\n"));
    scenario.import(&["more"], None).unwrap_err();
    assert_eq!(scenario.load(&["cohort"], None).unwrap(), before);
}

/// Asks to stop once `after` files are done, as Ctrl-C does.
struct StopAfter {
    after: usize,
    done: std::sync::atomic::AtomicUsize,
}

impl Observer for StopAfter {
    fn progress(&self, _: Progress<'_>) {
        self.done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
    fn scalar(&self, _: &str, _: u64, _: f64) {}
    fn cancelled(&self) -> bool {
        self.done.load(std::sync::atomic::Ordering::SeqCst) >= self.after
    }
}

#[test]
fn a_stopped_import_keeps_what_it_has_and_ends_with_the_same_bytes() {
    let (stopped, whole) = (Scenario::three(), Scenario::three());
    whole.import(&["in"], None).unwrap();
    let observer = StopAfter { after: 1, done: 0.into() };
    let result = stopped.import_watched(&["in"], None, &observer);
    assert_snapshot!(stopped.text(result), @"stopped");
    assert_snapshot!(stopped.text(stopped.load(&["cohort"], None)), @"cohort is not a finished cohort: it has no manifest.json; run the import again");
    let summary = stopped.import(&["in"], None).unwrap();
    assert!(summary.repertoires.iter().any(|row| row.unchanged), "one was kept");
    assert_same_files(&stopped.store(), &whole.store(), "after the rerun");
}

#[test]
fn ids_that_are_no_file_names_are_encoded() {
    let scenario = Scenario::three();
    scenario.write("m.tsv", "id\tfilename\n../x\tin/a.tsv\na b\tin/b.tsv\nü\tin/sub/c.tsv\n");
    scenario.import(&["in/a.tsv", "in/b.tsv", "in/sub/c.tsv"], Some("m.tsv")).unwrap();
    assert!(scenario.path("cohort/repertoires/%2E.%2Fx.parquet").is_file());
    assert_eq!(scenario.load(&["cohort"], None).unwrap().metadata().ids(), ["../x", "a b", "ü"]);
}

#[test]
fn only_folders_of_listed_files_are_searched() {
    let scenario = Scenario::three();
    scenario.write("in/metadata.tsv", "id\tfilename\nC1\tsub/c.tsv\n");
    let summary = scenario.import(&["in"], None).unwrap();
    assert_eq!(summary.in_cohort, 1);
    assert_eq!(summary.skipped.len(), 3, "{:?}", summary.skipped);
}

#[test]
fn one_table_of_many_repertoires_is_matched_by_id() {
    let table = "RunId\tAASeq\tcloneFraction\tVregion\tJregion\n\
                 S1\tCASSAF\t0.5\tTRBV9\tTRBJ2-1\nS2\tCASSLF\t0.5\tTRBV9\tTRBJ2-1\n";
    let scenario =
        Scenario::new(&[("in/P.tsv", table), ("in/metadata.tsv", "id\tx\nS2\t2\nS1\t1\n")]);
    scenario.import(&["in"], None).unwrap();
    let before = scenario.store();
    assert!(scenario.import(&["in"], None).unwrap().repertoires.iter().all(|row| row.unchanged));
    assert_same_files(&scenario.store(), &before, "the second time");
    let x = [Some("1".to_owned()), Some("2".to_owned())];
    assert_eq!(scenario.load(&["cohort"], None).unwrap().metadata().column("x"), Some(&x[..]));
}

#[test]
fn stores_and_files_load_together_and_new_labels_win() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    scenario.write("d.tsv", &airr(&["CDDDDF"]));
    let cohort = scenario.load(&["cohort", "d.tsv"], None).unwrap();
    assert_eq!(cohort.metadata().ids(), ["C1", "a", "b", "d"]);
    assert!(cohort.metadata().column("status").is_some());
    scenario.write("m.tsv", "id\ty\na\t1\nb\t2\nC1\t3\nd\t4\n");
    let cohort = scenario.load(&["cohort", "d.tsv"], Some("m.tsv")).unwrap();
    assert_eq!(cohort.metadata().columns().len(), 1);
}

#[test]
fn mismatches_are_listed_in_both_directions() {
    let scenario = Scenario::three();
    scenario.write("in/metadata.tsv", "id\tx\na\t1\nz\t2\ny.tsv\t3\n");
    assert_snapshot!(scenario.text(scenario.import(&["in"], None)), @r#"
    in/metadata.tsv does not match the repertoires
      id without a repertoire: "z"
      id without a repertoire: "y.tsv"
      repertoire without a row: "b" (b.tsv)
      repertoire without a row: "c" (sub/c.tsv)
    "#);
    assert_snapshot!(scenario.text(scenario.load(&["in/a.tsv"], Some("in/metadata.tsv"))), @r#"
    in/metadata.tsv does not match the repertoires
      id without a repertoire: "z"
      id without a repertoire: "y.tsv"
    "#);
    scenario.write("in/metadata.tsv", "id\tx\na\t1\n");
    assert_snapshot!(scenario.text(scenario.load(&["in"], None)), @r#"
    in/metadata.tsv does not match the repertoires
      repertoire without a row: "b" (b.tsv)
      repertoire without a row: "c" (sub/c.tsv)
    "#);
}

#[test]
fn wrong_inputs_are_named() {
    let scenario = Scenario::three();
    scenario.write("other/a.tsv", &airr(&["CAAAAF"]));
    scenario.write("empty/notes.txt", "nothing\n");
    scenario.write("bad1.tsv", &format!("{HEADER}CASSF\tTRBV9\n"));
    scenario.write("bad2.tsv", "");
    scenario.write("short.tsv", &airr(&["CF", "CAF"]));
    scenario.write("reserved.tsv", "id\timport_rows\na\t1\n");
    let check = |inputs: &[&str]| scenario.text(scenario.import(inputs, None));
    assert_snapshot!(check(&["in", "no/such", "nor.this"]), @"no such file or folder: no/such, nor.this");
    assert_snapshot!(check(&["in/a.tsv", "other"]), @r#"
    repertoire ids occur more than once
      "a" in a.tsv, a.tsv
    "#);
    assert_snapshot!(check(&["empty"]), @r"
    no repertoire table in empty
      skipped empty/notes.txt: 1: columns `nothing`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, paired, custom, fasta) or columns that you name
    ");
    assert_snapshot!(check(&["bad1.tsv"]), @"bad1.tsv:2: 2 fields, expected 4");
    assert_snapshot!(check(&["bad1.tsv", "in/a.tsv", "bad2.tsv"]), @r"
    2 files cannot be read
      bad1.tsv:2: 2 fields, expected 4
      bad2.tsv: empty file, expected a table with a header line
    ");
    assert_snapshot!(check(&["short.tsv"]), @"no clonotypes left from 2 rows: 2 too short");
    let reserved = scenario.import(&["in/a.tsv"], Some("reserved.tsv"));
    assert_snapshot!(scenario.text(reserved), @r#"metadata columns "import_rows" have names that cohort.parquet reserves, expected other names"#);
}

/// A broken table among others in a folder is somebody's repertoire.
#[test]
fn a_file_that_cannot_be_read_is_an_error_unless_it_may_be_skipped() {
    let scenario = Scenario::three();
    scenario.write("mixed/good.tsv", &airr(&["CAAAAF"]));
    scenario.write("mixed/broken.tsv", &format!("{HEADER}CASSF\tTRBV9\n"));
    scenario.write("mixed/pairs.csv", "barcode,sample,CTaa\nA,S,CAF_CAF\n");
    assert_snapshot!(scenario.text(scenario.import(&["mixed"], None)), @r"
    2 files cannot be read
      mixed/broken.tsv:2: 2 fields, expected 4
      mixed/pairs.csv:1: this is a scRepertoire table with two chains per row (`CTaa`, `cdr3_aa1`, `cdr3_aa2`), expected the contig table that it was made from, or --column for the columns of one chain
    ");
    let request = ImportRequest {
        inputs: vec![scenario.path("mixed")],
        metadata: None,
        out: scenario.path("cohort"),
        options: ReadOptions { skip_unreadable: true, ..ReadOptions::default() },
    };
    let summary = cohort::import(&request, &Silent).unwrap();
    assert_eq!((summary.repertoires.len(), summary.skipped.len()), (1, 2));
    assert!(summary.skipped[0].reason.ends_with("broken.tsv:2: 2 fields, expected 4"));
}

/// A table that no format fits may be somebody's repertoire; a note is not.
#[test]
fn an_unknown_table_of_receptors_is_an_error_unless_it_may_be_skipped() {
    let scenario = Scenario::new(&[
        ("in/good.tsv", &airr(&["CAAAAF"])),
        ("in/mine.tsv", "CDR3\tV\tcopies\nCASSLGQAYEQYF\tTRBV7-9\t3\n"),
        ("in/notes.txt", "> as they said\n\nThis was written by hand.\n"),
        ("in/usage.csv", "gene,reads\nTRBV7-9,120\n"),
        ("labels.tsv", "id\nmine\ngood\n"),
        ("one.tsv", "id\ngood\n"),
    ]);
    let text = scenario.text(scenario.import(&["in"], Some("labels.tsv")));
    assert!(text.starts_with("in/mine.tsv:1: columns `CDR3`, `V`, `copies`, expected"), "{text}");
    let request = ImportRequest {
        inputs: vec![scenario.path("in")],
        metadata: Some(scenario.path("one.tsv")),
        out: scenario.path("cohort"),
        options: ReadOptions { skip_unreadable: true, ..ReadOptions::default() },
    };
    let summary = cohort::import(&request, &Silent).unwrap();
    let skipped: Vec<_> =
        summary.skipped.iter().filter_map(|own| own.path.file_name()?.to_str()).collect();
    assert_eq!(skipped, ["notes.txt", "usage.csv", "mine.tsv"]);
    assert_eq!(summary.repertoires.len(), 1);
}

#[test]
fn wrong_outputs_are_named() {
    let scenario = Scenario::three();
    scenario.write("cohort/thesis.txt", "precious");
    assert_snapshot!(scenario.text(scenario.import(&["in"], None)), @"cohort is not empty and not a cohort, expected a new folder or a cohort to add to");
    let request = ImportRequest {
        inputs: vec![scenario.path("in")],
        metadata: None,
        out: scenario.path("in/a.tsv/cohort"),
        options: ReadOptions::default(),
    };
    assert_snapshot!(scenario.text(cohort::import(&request, &Silent)), @"cannot write in/a.tsv/cohort/import.journal: in/a.tsv is a file, expected a folder");
}

#[test]
fn damage_is_found() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    assert_snapshot!(scenario.text(scenario.import(&["cohort"], None)), @"cohort is already a cohort, expected repertoire files");
    let path = scenario.path("cohort/repertoires/a.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let check = || scenario.text(scenario.load(&["cohort"], None));
    assert_snapshot!(check(), @"cohort/repertoires/a.parquet: its checksum differs from the one in manifest.json: it was damaged or changed after the import");
    fs::remove_file(&path).unwrap();
    assert_snapshot!(check(), @"cannot read cohort/repertoires/a.parquet: No such file or directory (os error 2)");
    scenario.import(&["in"], None).unwrap();
    scenario.load(&["cohort"], None).unwrap();

    let manifest = fs::read_to_string(scenario.path("cohort/manifest.json")).unwrap();
    scenario.write(
        "cohort/manifest.json",
        &manifest.replace("\"cohort_format\": 1", "\"cohort_format\": 9"),
    );
    assert_snapshot!(check(), @"cohort/manifest.json: cohort format 9, expected 1: import it again with this version");
    scenario.write("cohort/manifest.json", &manifest[..manifest.len() / 2]);
    assert_snapshot!(check().split(": EOF").next().unwrap().to_owned(), @"cohort/manifest.json is not a valid cohort manifest: import everything again into a new folder");
}

#[test]
fn lost_labels_are_an_error_until_they_are_given_again() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let whole = scenario.store();
    let damage = || scenario.write("cohort/cohort.parquet", "nothing of the kind");
    damage();
    scenario.write("more/d.tsv", &airr(&["CDDDDF"]));
    assert_snapshot!(scenario.text(scenario.import(&["more"], None)), @r#"cohort/cohort.parquet is damaged and the labels of "C1", "a", "b" are lost: import again with a table that has them"#);
    scenario.import(&["in"], None).unwrap();
    assert_same_files(&scenario.store(), &whole, "mended");
}

#[test]
fn two_imports_into_one_store_exclude_each_other() {
    let scenario = Scenario::three();
    scenario.import(&["in"], None).unwrap();
    let lock = reperio_data::lock::Lock::folder(&scenario.path("cohort")).unwrap();
    assert_snapshot!(scenario.text(scenario.import(&["in"], None)), @"cohort: another process is writing there, expected one at a time: wait for it or choose another output");
    drop(lock);
    scenario.import(&["in"], None).unwrap();
}

#[test]
fn files_that_are_not_where_the_table_says_are_named() {
    let scenario = Scenario::three();
    scenario.write("moved.tsv", "id\tfile.name\nx\tdata/a.tsv\ny\tdata/b.tsv\nz\tdata/c.tsv\n");
    assert_snapshot!(scenario.text(scenario.import(&["in"], Some("moved.tsv"))), @r#"
    moved.tsv does not match the repertoires
      3 files of `file.name` do not exist; the first path tried: data/a.tsv
      id without a repertoire: "x"
      id without a repertoire: "y"
      id without a repertoire: "z"
      repertoire without a row: "a" (a.tsv)
      repertoire without a row: "b" (b.tsv)
      repertoire without a row: "c" (sub/c.tsv)
    "#);
    scenario.write(
        "vdjtools.txt",
        "#file.name\tsample.id\nin/a.tsv\tp1\nin/b.tsv\tp2\nin/sub/c.tsv\tp3\n",
    );
    let done = scenario.import(&["in"], Some("vdjtools.txt")).unwrap();
    let ids: Vec<&str> = done.repertoires.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["p1", "p2", "p3"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The order of inputs and of rows changes no byte of the store.
    #[test]
    fn order_changes_nothing(
        repertoires in prop::collection::vec(prop::collection::vec("C[ACDEFGHIKL]{4}F", 1..8), 1..5),
    ) {
        let (forward, backward) = (Scenario::new(&[]), Scenario::new(&[]));
        let mut inputs = Vec::new();
        for (i, junctions) in repertoires.iter().enumerate() {
            let rows: Vec<_> = junctions.iter().map(|j| format!("{j}\tTRBV9\t\t2\n")).collect();
            let name = format!("r{i}.tsv");
            forward.write(&name, &(HEADER.to_owned() + &rows.concat()));
            backward.write(&name, &(HEADER.to_owned() + &rows.concat()));
            inputs.push(name);
        }
        let mut inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        forward.import(&inputs, None).unwrap();
        let raw = forward.load(&inputs, None).unwrap();
        inputs.reverse();
        backward.import(&inputs, None).unwrap();
        assert_same_files(&forward.store(), &backward.store(), "in both orders");
        prop_assert_eq!(&forward.load(&["cohort"], None).unwrap(), &raw, "the store keeps everything");
        prop_assert_eq!(backward.load(&inputs, None).unwrap(), raw);
    }
}
