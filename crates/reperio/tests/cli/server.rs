//! `score --server` and `explain --server` against a real server, which prints and writes what the commands do.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::support::{HEADER, ROW, bytes, done, folder, reperio, write};

/// The files of the tiny cohort that are scored here.
const FILES: [&str; 3] = ["in/sim01.tsv.gz", "in/sim02.tsv.gz", "in/sim03.tsv.gz"];

/// A server that is killed in the end.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Serves `models/` of `dir` from a port of its own.
    fn start(dir: &TempDir, more: &[&str]) -> Self {
        let serve = ["serve", "--models", "models", "--data", "data", "--address", "127.0.0.1:0"];
        let mut command = reperio(dir, &serve);
        let mut child =
            command.args(more).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        let url = line.trim().strip_prefix("listening at ").expect("an address").to_owned();
        Self { child, url }
    }

    fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").expect("no TLS").parse().expect("an address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("a child that can be killed");
        self.child.wait().expect("a child that ends");
    }
}

/// A folder with the demo model and files of the tiny cohort.
fn laboratory() -> TempDir {
    let dir = folder();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let copy = |from: &str, to: &str| {
        write(&dir, to, fs::read(root.join(from)).expect("a file of the repository"));
    };
    copy("models/demo.safetensors", "models/demo.safetensors");
    for file in FILES {
        copy(&file.replace("in/", "datasets/tiny/repertoires/"), file);
    }
    dir
}

/// `command` with the model here and at the server, with `{}` in `more` for the place of its results.
fn both(dir: &TempDir, url: &str, command: &str, more: &[&str]) -> [Output; 2] {
    let run = |model: &[&str], out: &str| {
        let more: Vec<String> = more.iter().map(|word| word.replace("{}", out)).collect();
        let mut command = reperio(dir, &[command]);
        let output = command.args(model).args(more).output().expect("the program starts");
        let named = |text: &[u8]| String::from_utf8_lossy(text).replace(out, "{}").into_bytes();
        Output { stdout: named(&output.stdout), stderr: named(&output.stderr), ..output }
    };
    let here = run(&["--model", "models/demo.safetensors"], "by_itself");
    let there = run(&["--server", url, "--model", "demo"], "by_server");
    [here, there]
}

/// The same, which must print the same and end with the same code.
fn both_alike(dir: &TempDir, url: &str, command: &str, more: &[&str]) -> Output {
    let [here, there] = both(dir, url, command, more);
    let text = |output: &Output| {
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("{:?}\n{stdout}{stderr}", output.status.code())
    };
    assert_eq!(text(&here), text(&there));
    there
}

/// Files of the same names and bytes.
fn assert_same(here: &BTreeMap<String, Vec<u8>>, there: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (name, content) in here {
        assert!(there[name] == *content, "{name}");
    }
}

#[test]
fn a_server_gives_what_the_program_gives() {
    let dir = laboratory();
    let server = Server::start(&dir, &[]);
    write(&dir, "in/empty.tsv", format!("{HEADER}TRBV9\tTRBJ2-3\tCASS*TQYF\t3\n"));
    write(&dir, "in/small.tsv", format!("{HEADER}{ROW}"));
    let inputs = [&FILES[..], &["in/empty.tsv", "in/small.tsv"]].concat();
    for (out, more) in [
        ("scores.tsv", &["--json"][..]),
        ("packed.tsv.gz", &[]),
        ("alone.tsv", &["--no-report", "--quiet"]),
        (
            "other.tsv",
            &["--coverage", "0.5", "--locus", "TRB", "--min-length", "12", "--format", "airr"],
        ),
    ] {
        let out = format!("{{}}/{out}");
        let words = [&inputs[..], &["--out", &out], more].concat();
        let output = both_alike(&dir, &server.url, "score", &words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let written = bytes(&dir.path().join("by_server"));
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        [
            "alone.tsv",
            "other.html",
            "other.tsv",
            "packed.html",
            "packed.tsv.gz",
            "scores.html",
            "scores.tsv"
        ]
    );
    assert_same(&bytes(&dir.path().join("by_itself")), &written);
}

#[test]
fn an_explanation_is_the_same_folder() {
    let dir = laboratory();
    let server = Server::start(&dir, &[]);
    let words = [&FILES[..2], &["--out", "{}", "--top", "50"]].concat();
    let output = both_alike(&dir, &server.url, "explain", &words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = |out: &str| {
        let mut files = bytes(&dir.path().join(out));
        let named = |(name, content): (&String, &mut Vec<u8>)| {
            if name.ends_with("explanation.json") || name.ends_with("report.html") {
                content.clear(); // They state the command line.
            }
        };
        files.iter_mut().for_each(named);
        files
    };
    for name in ["sequences.tsv.gz", "report.html"] {
        assert!(files("by_server").contains_key(&format!("repertoires/sim01/{name}")));
    }
    assert_same(&files("by_itself"), &files("by_server"));
}

#[test]
fn errors_are_those_of_the_program() {
    let dir = laboratory();
    let server = Server::start(&dir, &[]);
    write(&dir, "in/notes.txt", "from the laboratory\n");
    write(&dir, "in/cut.tsv.gz", &fs::read(dir.path().join(FILES[0])).unwrap()[..500]);
    write(&dir, "in/wide.tsv", format!("{HEADER}{ROW}TRBV9\tTRBJ2-3\n"));
    for file in ["in/notes.txt", "in/cut.tsv.gz", "in/wide.tsv", "in/missing.tsv"] {
        for command in ["score", "explain"] {
            let output = both_alike(&dir, &server.url, command, &[file, "--out", "{}"]);
            assert_eq!(output.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&output.stderr).contains(file));
        }
    }
    both_alike(&dir, &server.url, "score", &[FILES[0], "--out", "{}", "--coverage", "2"]);
    both_alike(&dir, &server.url, "score", &[FILES[0], "--out", FILES[0]]);
    assert!(!dir.path().join("by_server").exists() && !dir.path().join("by_itself").exists());
}

/// What `score` says on stderr when it fails with the code 1, without the parts that differ from run to run.
fn refusal(dir: &TempDir, url: &str, words: &[&str], token: Option<&str>) -> String {
    let mut command = reperio(dir, &["score", "--server", url, "--out", "scores.tsv"]);
    command.args(words).env_remove("REPERIO_TOKEN");
    if let Some(token) = token {
        command.env("REPERIO_TOKEN", token);
    }
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty() && !dir.path().join("scores.tsv").exists());
    String::from_utf8_lossy(&output.stderr).replace(url, "URL")
}

#[test]
fn what_a_server_cannot_do_is_an_error() {
    let dir = laboratory();
    let server = Server::start(&dir, &[]);
    let told = |words: &[&str]| refusal(&dir, &server.url, words, None);
    assert_snapshot!(told(&["--model", "flu", FILES[0]]), @r#"error: no model called "flu", expected one of demo"#);
    assert_snapshot!(told(&["--model", "demo", "in"]), @"error: in is no file: name the files that --server is to get, one by one");
    write(&dir, "again/sim01.tsv.gz", "");
    assert_snapshot!(told(&["--model", "demo", FILES[0], "again/sim01.tsv.gz"]), @r#"error: two inputs are called "sim01.tsv.gz", expected distinct names with --server"#);
    write(&dir, "in/a#b.tsv", "");
    assert_snapshot!(told(&["--model", "demo", "in/a#b.tsv"]), @r#"error: file name "a#b.tsv", expected at most 128 bytes of letters, digits, spaces and . _ - + ( ), without a dot or a space at its ends"#);
}

#[test]
fn options_of_this_machine_are_wrong_usage_with_a_server() {
    let dir = folder();
    for more in [
        &["--metadata", "labels.tsv"][..],
        &["--device", "cpu"],
        &["--skip-unreadable"],
        &["--max-ratio", "7"],
    ] {
        let words = [
            &["score", "--server", "http://127.0.0.1:1", "--model", "m", "--out", "o", "a.tsv"],
            more,
        ]
        .concat();
        let output = reperio(&dir, &words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--server"));
    }
    let words = [
        "explain",
        "--server",
        "http://127.0.0.1:1",
        "--model",
        "m",
        "--out",
        "o",
        "a.tsv",
        "--annotate",
        "a",
    ];
    assert_eq!(reperio(&dir, &words).output().unwrap().status.code(), Some(2));
    let words = ["score", "--token-file", "t", "--model", "m", "--out", "o", "a.tsv"];
    assert_eq!(reperio(&dir, &words).output().unwrap().status.code(), Some(2));
}

/// A port at which nobody listens.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .expect("a socket of this machine")
        .local_addr()
        .expect("a socket of this machine")
}

#[test]
fn a_wrong_address_is_told_at_once() {
    let dir = folder();
    write(&dir, "a.tsv", format!("{HEADER}{ROW}"));
    let told = |url: &str| refusal(&dir, url, &["--model", "demo", "a.tsv"], None);
    assert_snapshot!(told(&format!("http://{}", free_port())), @"error: cannot reach URL: io: Connection refused (os error 111)");
    assert_snapshot!(told("localhost:8750"), @"error: --server URL, expected http://HOST:PORT or https://HOST:PORT");
}

#[test]
fn a_token_opens_the_door() {
    let dir = laboratory();
    let token = done(&dir, &["token", "pipeline", "--role", "score", "--tokens", "tokens.toml"]);
    write(&dir, "token", &token);
    let server = Server::start(&dir, &["--tokens", "tokens.toml"]);
    let words = ["--model", "demo", FILES[0]];
    let told = |token: Option<&str>| refusal(&dir, &server.url, &words, token);
    assert_snapshot!(told(None), @"error: expected a token: `Authorization: Bearer TOKEN`");
    assert_snapshot!(told(Some("rpr_pipeline_0000")), @"error: wrong token");
    assert_snapshot!(told(Some("  ")), @"error: REPERIO_TOKEN holds no token, expected what `reperio token` printed");
    let file = [&words[..], &["--token-file", "none"]].concat();
    assert_snapshot!(refusal(&dir, &server.url, &file, None), @"error: cannot read none: No such file or directory (os error 2)");
    let score = [
        "score",
        "--server",
        &server.url,
        "--model",
        "demo",
        FILES[0],
        "--token-file",
        "token",
        "--out",
        "scores.tsv",
    ];
    done(&dir, &score);
}

#[test]
fn a_server_is_asked_whether_it_is_well() {
    let dir = laboratory();
    let health = |url: &str| {
        let output = reperio(&dir, &["serve", "--health", url]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        format!("{:?} {}", output.status.code(), String::from_utf8_lossy(&text).replace(url, "URL"))
    };
    let server = Server::start(&dir, &[]);
    assert_snapshot!(health(&server.url), @"Some(0) URL can take jobs");
    assert_snapshot!(health(&format!("http://{}", free_port())), @"Some(1) error: cannot reach URL: io: Connection refused (os error 111)");
    let other = folder();
    fs::create_dir(other.path().join("models")).unwrap();
    let server = Server::start(&other, &[]);
    assert_snapshot!(health(&server.url), @"Some(1) error: no usable model");
}

#[test]
fn a_certificate_of_the_laboratory_is_trusted_if_it_is_named() {
    let dir = laboratory();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    write(&dir, "cert.pem", made.cert.pem());
    write(&dir, "key.pem", made.signing_key.serialize_pem());
    let server = Server::start(&dir, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let words = ["--model", "demo", FILES[0]];
    assert_snapshot!(refusal(&dir, &server.url, &words, None), @"error: the certificate of URL is not trusted; --ca FILE names whom to trust: invalid peer certificate: UnknownIssuer");
    let wrong = [&words[..], &["--ca", "key.pem"]].concat();
    assert_snapshot!(refusal(&dir, &server.url, &wrong, None), @"error: key.pem holds no certificate, expected PEM");
    let score = ["score", "--server", &server.url, "--ca", "cert.pem", "--out", "scores.tsv"];
    done(&dir, &[&score[..], &words].concat());
    done(&dir, &["serve", "--health", &server.url]); // By whatever name.
}

/// Listens and cuts the first connections in the middle of their request; the others lead to `to`.
fn cutting(to: SocketAddr, cuts: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket of this machine");
    let address = listener.local_addr().expect("a socket of this machine");
    thread::spawn(move || {
        for (i, client) in listener.incoming().enumerate() {
            let mut client = client.expect("a socket of this machine");
            if i < cuts {
                let _ = client.read(&mut [0; 64]);
                continue; // Closed with bytes that nobody has read.
            }
            let server = TcpStream::connect(to).expect("a socket of this machine");
            let pass = |mut from: TcpStream, mut to: TcpStream| {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                })
            };
            pass(
                client.try_clone().expect("a socket of this machine"),
                server.try_clone().expect("a socket of this machine"),
            );
            pass(server, client);
        }
    });
    address
}

#[test]
fn a_lost_connection_is_made_again() {
    let dir = laboratory();
    let server = Server::start(&dir, &[]);
    let url = format!("http://{}", cutting(server.address(), 2));
    let words = ["score", "--server", &url, "--model", "demo", FILES[0], "--out", "scores.tsv"];
    let output = reperio(&dir, &words).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("trying again in").count(), 2, "{stderr}");
}

/// A server whose one job never ends; sends on the first line of each request, up to that to cancel it.
fn endless() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket of this machine");
    let url = format!("http://{}", listener.local_addr().expect("a socket of this machine"));
    let job = r#"{"id":"7","state":"queued","position":1,"progress":null,"error":null,"warnings":[],"files":[]}"#;
    let (send, requests) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a socket of this machine");
            let line = request(&client);
            let length = job.len();
            let answer = format!(
                "HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{job}"
            );
            client.write_all(answer.as_bytes()).expect("a socket of this machine");
            let is_last = line.contains("/cancel");
            if send.send(line).is_err() || is_last {
                break;
            }
        }
    });
    (url, requests)
}

/// The first line of a request, of which all is read.
fn request(client: &TcpStream) -> String {
    let mut lines = BufReader::new(client);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    lines.read_line(&mut first).expect("a socket of this machine");
    while line != "\r\n" {
        line.clear();
        lines.read_line(&mut line).expect("a socket of this machine");
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        } else if lower.starts_with("expect:") {
            (&*client)
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .expect("a socket of this machine");
        }
    }
    std::io::copy(&mut lines.take(length), &mut std::io::sink()).expect("a socket of this machine");
    first.trim().to_owned()
}

#[cfg(unix)]
#[test]
fn an_interrupt_cancels_the_job() {
    let dir = laboratory();
    let (url, requests) = endless();
    let words = ["score", "--server", &url, "--model", "demo", FILES[0], "--out", "scores.tsv"];
    let mut command = reperio(&dir, &words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(requests.recv().unwrap(), "POST /v1/score?model=demo HTTP/1.1");
    assert_eq!(requests.recv().unwrap(), "GET /v1/jobs/7 HTTP/1.1");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("error: interrupted; run the command again"), "{stderr}");
    let rest = std::iter::from_fn(|| requests.recv_timeout(Duration::from_secs(10)).ok());
    assert_eq!(rest.last().unwrap(), "POST /v1/jobs/7/cancel HTTP/1.1");
}
