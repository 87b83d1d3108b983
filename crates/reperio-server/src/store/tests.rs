use std::collections::BTreeSet;

use rusqlite::Connection;

use super::jobs::MOST_ATTEMPTS;
use super::*;
use crate::engine::Kind;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).unwrap();
    (dir, store)
}

fn new<'a>(id: &'a str, inputs: &'a [Input], key: Option<&'a str>) -> NewJob<'a> {
    NewJob {
        id,
        owner: "pipeline",
        kind: Kind::Score,
        model: "demo",
        model_sha256: "ab",
        options: &[],
        inputs,
        input_sha256: "cd",
        fingerprint: "same",
        key,
    }
}

/// Accepts jobs called by these ids.
fn accept(store: &Store, ids: &[&str]) {
    for id in ids {
        assert_eq!(store.accept(&new(id, &[], None), 100, 1).unwrap(), Accepted::New);
    }
}

fn done() -> End {
    let file = File { path: "scores.tsv".into(), bytes: 7, sha256: "ef".into() };
    End::Done { files: vec![file], warnings: vec!["few clonotypes".into()] }
}

fn state(store: &Store, id: &str) -> State {
    store.job(id).unwrap().unwrap().state
}

#[test]
fn a_job_goes_from_the_queue_to_its_results() {
    let (_dir, store) = store();
    let inputs = [Input { name: "a.tsv".into(), bytes: 3, sha256: "01".into() }];
    assert_eq!(store.accept(&new("one", &inputs, None), 100, 1).unwrap(), Accepted::New);
    let job = store.begin(2).unwrap().unwrap();
    assert_eq!((job.id.as_str(), job.state, job.started), ("one", State::Running, Some(2)));
    assert_eq!(store.inputs("one").unwrap(), inputs);
    assert!(store.end("one", &done(), 3).unwrap());
    let job = store.job("one").unwrap().unwrap();
    assert_eq!((job.state, job.finished), (State::Done, Some(3)));
    assert_eq!(job.warnings, ["few clonotypes"]);
    assert_eq!(store.files("one").unwrap()[0].path, "scores.tsv");
    assert!(!store.end("one", &End::Cancelled, 4).unwrap(), "it ends once");
    assert!(store.begin(5).unwrap().is_none(), "and runs once");
}

#[test]
fn the_longest_waiting_job_is_next() {
    let (_dir, store) = store();
    accept(&store, &["b", "a", "c"]);
    assert_eq!(store.before(i64::MAX).unwrap(), 3);
    let order: Vec<String> = (0..3).map(|_| store.begin(2).unwrap().unwrap().id).collect();
    assert_eq!(order, ["b", "a", "c"]);
}

#[test]
fn a_full_queue_takes_no_more() {
    let (_dir, store) = store();
    assert_eq!(store.accept(&new("a", &[], None), 1, 1).unwrap(), Accepted::New);
    assert_eq!(store.accept(&new("b", &[], None), 1, 1).unwrap(), Accepted::Full);
    store.begin(2).unwrap();
    assert_eq!(store.accept(&new("b", &[], None), 1, 1).unwrap(), Accepted::New);
}

#[test]
fn a_key_gives_the_same_job_again() {
    let (_dir, store) = store();
    let key = Some("try");
    assert_eq!(store.accept(&new("a", &[], key), 1, 1).unwrap(), Accepted::New);
    let again = store.accept(&new("b", &[], key), 1, 1).unwrap();
    assert_eq!(again, Accepted::Known("a".into()), "also where the queue is full");
    let other = NewJob { fingerprint: "other", ..new("b", &[], key) };
    assert_eq!(store.accept(&other, 9, 1).unwrap(), Accepted::OtherInput);
    let stranger = NewJob { owner: "technician", ..new("b", &[], key) };
    assert_eq!(store.accept(&stranger, 9, 1).unwrap(), Accepted::New);
}

#[test]
fn what_a_dead_server_ran_waits_again_but_not_for_ever() {
    let (_dir, store) = store();
    accept(&store, &["a", "b"]);
    for attempt in 1..MOST_ATTEMPTS {
        assert_eq!(store.begin(2).unwrap().unwrap().id, "a", "attempt {attempt}");
        assert_eq!(store.recover(3).unwrap(), 1);
    }
    store.begin(2).unwrap();
    assert_eq!(store.recover(3).unwrap(), 0);
    assert_eq!(state(&store, "a"), State::Failed);
    assert_eq!(state(&store, "b"), State::Queued);
}

#[test]
fn a_job_put_back_by_a_server_that_stops_has_lost_no_attempt() {
    let (_dir, store) = store();
    accept(&store, &["a"]);
    for _ in 0..2 * MOST_ATTEMPTS {
        store.begin(2).unwrap().unwrap();
        assert!(store.end("a", &End::Requeued, 3).unwrap());
    }
    assert_eq!(state(&store, "a"), State::Queued);
}

#[test]
fn only_what_has_ended_is_removed() {
    let (_dir, store) = store();
    accept(&store, &["a", "b"]);
    let gone = |id| store.remove(id, Event::new("pipeline", Action::Removed), 9).unwrap();
    assert!(!gone("a"));
    assert!(store.cancel("a", "pipeline", 5).unwrap());
    assert!(!store.cancel("a", "pipeline", 5).unwrap());
    store.begin(2).unwrap();
    assert!(!store.cancel("b", "pipeline", 5).unwrap(), "it runs");
    assert!(gone("a") && !gone("b") && !gone("none"));
    assert_eq!(store.ids().unwrap(), ["b"]);
    store.end("b", &done(), 7).unwrap();
    assert_eq!(store.ended_before(8).unwrap(), ["b"]);
    assert!(store.ended_before(7).unwrap().is_empty());
    assert!(gone("b"));
    assert!(store.files("b").unwrap().is_empty(), "results go with their job");
}

#[test]
fn somebody_sees_only_own_jobs() {
    let (_dir, store) = store();
    accept(&store, &["a"]);
    let other = NewJob { owner: "technician", ..new("b", &[], None) };
    store.accept(&other, 9, 1).unwrap();
    let ids = |owner| {
        let jobs = store.jobs(owner, 10).unwrap();
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Some("pipeline")), ["a"]);
    assert_eq!(ids(None), ["b", "a"]);
}

#[test]
fn the_audit_log_is_a_chain_that_cannot_be_changed() {
    let (dir, store) = store();
    accept(&store, &["a"]);
    store.begin(2).unwrap();
    store.end("a", &done(), 1_000).unwrap();
    store.note(Event::new("admin", Action::Exported), 2_000).unwrap();
    let lines = store.audit(0, 10).unwrap();
    let actions: Vec<String> = lines
        .iter()
        .map(|line| serde_json::to_value(line).unwrap()["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["accepted", "done", "exported"]);
    let mut previous = "0".repeat(64);
    for line in &lines {
        assert!(line.follows(&previous), "{line:?}");
        previous = line.hash().to_owned();
    }
    assert_eq!(store.audit(lines[0].seq(), 1).unwrap(), lines[1..2]);
    let other = Connection::open(dir.path().join("store.sqlite")).unwrap();
    for change in ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'"] {
        let refused = other.execute(change, []).unwrap_err().to_string();
        assert!(refused.contains("only appended"), "{refused}");
    }
}

#[test]
fn a_store_is_read_back_and_a_later_one_refused() {
    let (dir, store) = store();
    accept(&store, &["a"]);
    drop(store);
    let path = dir.path().join("store.sqlite");
    let store = Store::open(&path).unwrap();
    assert_eq!(store.ids().unwrap(), ["a"]);
    drop(store);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(
        refused.ends_with("has schema 99, this program knows 1: it was written by a later version"),
        "{refused}"
    );
    std::fs::write(&path, b"not a database, but long enough to look like a file of one").unwrap();
    assert!(Store::open(&path).is_err());
}

#[test]
fn threads_that_begin_jobs_at_once_share_them() {
    let (_dir, store) = store();
    let ids: Vec<String> = (0..60).map(|i| format!("job {i}")).collect();
    accept(&store, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let begun = std::thread::scope(|scope| {
        let take = || {
            let jobs = std::iter::from_fn(|| store.begin(2).unwrap());
            jobs.map(|job| job.id).collect::<Vec<String>>()
        };
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(take)).collect();
        threads.into_iter().flat_map(|own| own.join().unwrap()).collect::<Vec<String>>()
    });
    assert_eq!(begun.len(), 60);
    assert_eq!(begun.iter().collect::<BTreeSet<_>>().len(), 60);
}
