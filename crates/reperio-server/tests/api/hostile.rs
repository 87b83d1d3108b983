//! Thousands of requests that nobody should send: the server stays, answers honestly, and gives away nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod client;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use reperio_server::{Options, Role, add_token};

use crate::support::{Place, Server, WANTED_PANIC};
use client::{exchange, header, split};
use requests::{Knowledge, request};

/// Requests, if `REPERIO_REQUESTS` does not say how many.
const REQUESTS: u64 = 2_000;

/// Clients at once.
const CLIENTS: u64 = 8;

/// In the name of the victim's file, and so in all that is shown of its job.
const SECRET: &str = "patient-of-ann";

/// 2026-11-28, in milliseconds.
const NOW: i64 = 1_795_824_000_000;

/// Panics that no file asked for.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn hostile_requests_do_no_harm() {
    count_panics();
    let number = std::env::var("REPERIO_REQUESTS").ok().and_then(|text| text.parse().ok());
    let number: u64 = number.unwrap_or(REQUESTS);
    let place = Place::new();
    fs::write(place.0.path().join("canary"), "alive").unwrap();
    let tokens = place.0.path().join("tokens.toml");
    let token = |name, role| add_token(&tokens, name, role, None, NOW).unwrap();
    let (ann, ben, boss) =
        (token("ann", Role::Score), token("ben", Role::Score), token("boss", Role::Admin));
    let server = Server::start(Options {
        tokens: Some(tokens.clone()),
        max_upload: 1 << 16,
        rate: 1_000_000,
        ..place.options()
    });
    let before = outside(&place);
    let victim = victim(&server, &ann);
    let known = Knowledge { token: ben, victim: victim.clone() };
    let statuses = attack(&server, &known, number);
    println!("{number} requests: {statuses:?}");
    let health = server.get("/healthz");
    assert_eq!(health.text(), "ok\n");
    let own = server.send("GET", &format!("/v1/jobs/{victim}"), &bearer(&ann).each(), &[]);
    assert_eq!(own.json()["state"], "done", "the victim's job is as it was");
    let log = server.send("GET", "/v1/audit", &bearer(&boss).each(), &[]).text();
    assert!(
        !log.contains("alert(7)") && !log.contains("DROP TABLE"),
        "texts of clients are in the log"
    );
    server.stop();
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "panics");
    assert_eq!(outside(&place), before, "files outside of the server's folder");
    check_data(&place.data());
}

/// Sends so many requests, and counts the answers by status; 0 stands for none.
fn attack(server: &Server, known: &Knowledge, number: u64) -> BTreeMap<u16, u64> {
    let address = server.url.trim_start_matches("http://");
    let statuses = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let statuses = &statuses;
            scope.spawn(move || {
                for seed in (client..number).step_by(CLIENTS as usize) {
                    let request = request(&mut ChaCha8Rng::seed_from_u64(seed), known);
                    let status = check(seed, &request, &exchange(address, &request));
                    let mut statuses = statuses.lock().unwrap_or_else(PoisonError::into_inner);
                    *statuses.entry(status).or_insert(0) += 1;
                }
            });
        }
    });
    statuses.into_inner().unwrap()
}

/// Whether the answer is one that may be given. Returns its status.
fn check(seed: u64, request: &[u8], answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer);
    let about =
        || format!("request {seed}: {:?}\nanswer: {text:?}", String::from_utf8_lossy(request));
    assert!(!text.contains(SECRET), "shows another client's job: {}", about());
    let Some((head, body)) = split(answer) else { return 0 };
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    assert!((200..500).contains(&status) || [503, 507].contains(&status), "{}", about());
    assert!(!head.contains("x-injected"), "a header of the client's: {}", about());
    let media = header(&head, "content-type").unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    let is_page = media.starts_with("text/html");
    assert!(!is_page || !body.contains("alert(7)"), "a script of the client's: {}", about());
    assert!(body.is_empty() || !media.is_empty() || status == 400, "no type: {}", about());
    if !head.contains("content-length: 0") && !media.is_empty() {
        assert_eq!(header(&head, "x-content-type-options"), Some("nosniff"), "{}", about());
    }
    status
}

/// A job of somebody else.
fn victim(server: &Server, token: &str) -> String {
    let path = format!("/v1/score?model=demo&name={SECRET}.tsv");
    let answer = server.send("POST", &path, &bearer(token).each(), b"secret");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("reperio-job").to_owned()
}

struct Bearer(String);

impl Bearer {
    fn each(&self) -> [(&str, &str); 1] {
        [("Authorization", &self.0)]
    }
}

fn bearer(token: &str) -> Bearer {
    Bearer(format!("Bearer {token}"))
}

/// Counts panics from now on, but for those that a file asks for.
fn count_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(WANTED_PANIC) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
}

/// Everything beside the server's folder, with its content.
fn outside(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [place.0.path().to_owned(), place.0.path().join("models")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            files.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
        }
    }
    files.remove(&place.data().display().to_string());
    files
}

/// The folder holds what it should, and the store is sound.
fn check_data(data: &Path) {
    let known: BTreeSet<&str> =
        BTreeSet::from(["incoming", "jobs", "models", "store.sqlite", ".reperio.lock"]);
    let names = names(data);
    let strange: Vec<&String> =
        names.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert_eq!(self::names(&data.join("incoming")), Vec::<String>::new());
    let store = rusqlite::Connection::open(data.join("store.sqlite")).unwrap();
    let sound: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let mut query = store.prepare("SELECT id FROM jobs").unwrap();
    let ids = query.query_map([], |row| row.get(0)).unwrap();
    let ids: BTreeSet<String> = ids.map(Result::unwrap).collect();
    let folders: BTreeSet<String> = self::names(&data.join("jobs")).into_iter().collect();
    assert!(folders.is_subset(&ids), "{:?}", folders.difference(&ids));
    for id in folders {
        let inside = self::names(&data.join("jobs").join(&id));
        assert!(inside.iter().all(|name| name == "out" || name == "input"), "{inside:?}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
