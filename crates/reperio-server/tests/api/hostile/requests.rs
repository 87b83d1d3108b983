//! Requests as nobody should send them.

#![expect(clippy::format_push_string, reason = "a text that is written once")]

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// What the attacker knows.
pub(crate) struct Knowledge {
    /// A token of its own.
    pub(crate) token: String,
    /// The id of somebody else's job.
    pub(crate) victim: String,
}

/// Texts for paths, parameters, headers and names of files. `VICTIM` stands for the id of somebody else's job.
const EVIL: [&str; 40] = [
    "../../store.sqlite",
    "..%2f..%2fstore.sqlite",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..\\..\\store.sqlite",
    "/etc/passwd",
    "//evil.example/",
    "%00",
    "a%00.tsv",
    "a\0b",
    "%",
    "%zz",
    "%ff%fe",
    "%c0%ae%c0%ae/",
    "%u202e",
    "\u{202e}vst.a",
    "' OR '1'='1",
    "%27%20OR%201=1--",
    "'; DROP TABLE jobs; --",
    "1 UNION SELECT * FROM jobs",
    "\"",
    "`id`",
    "$(touch /tmp/owned)",
    "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(7)</script>",
    "%3Cscript%3Ealert(7)%3C/script%3E",
    "\"><img src=x onerror=alert(7)>",
    "%0d%0aX-Injected:%20yes",
    "a\r\nX-Injected: yes",
    "\nX-Injected: yes",
    "-1",
    "NaN",
    "1e999",
    "99999999999999999999999",
    "VICTIM",
    "VICTIM%00",
    "VICTIM/../VICTIM",
    "VICTIM' --",
    "{{7*7}}",
    "",
];

const METHODS: [&str; 22] = [
    "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "POST", "POST", "PUT",
    "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "G\0T", "",
];

/// `EVIL` stands for one of the texts.
const TARGETS: [&str; 36] = [
    "/",
    "/EVIL",
    "/app.js",
    "/healthz",
    "/readyz",
    "/metrics",
    "/session",
    "/v1/openapi.json",
    "/v1/models",
    "/v1/models?EVIL=EVIL",
    "/v1/audit",
    "/v1/audit?after=EVIL",
    "/v1/jobs",
    "/v1/jobs?limit=EVIL",
    "/v1/jobs?limit=1000&owner=ann",
    "/v1/jobs/EVIL",
    "/v1/jobs/VICTIM",
    "/v1/jobs/VICTIM/result",
    "/v1/jobs/VICTIM/result?as=EVIL",
    "/v1/jobs/VICTIM/cancel",
    "/v1/jobs/VICTIM/files/EVIL",
    "/v1/jobs/VICTIM/files/scores.tsv",
    "/v1/jobs/VICTIM/files/../../../store.sqlite",
    "/v1/jobs//VICTIM",
    "/v1/./jobs/VICTIM",
    "/v1/jobs/EVIL/files/scores.tsv",
    "/V1/jobs",
    "http://evil.example/v1/jobs",
    "*",
    "evil.example:80",
    "v1/jobs",
    "/v1/score?model=EVIL&name=a.tsv",
    "/v1/score?model=demo&name=EVIL",
    "/v1/score?model=demo&EVIL=EVIL",
    "/v1/explain?model=demo&name=a.tsv&top=EVIL",
    "/v1/score?model=demo",
];

/// Whole header lines.
const HEADERS: [&str; 52] = [
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: -1",
    "Content-Length: +5",
    "Content-Length: 5, 5",
    "Content-Length: 0x10",
    "Content-Length: 18446744073709551616",
    "Content-Length: 9223372036854775807",
    "Content-Length:\t5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\x0bchunked",
    "transfer-encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Host: evil.example",
    "Host: 127.0.0.1",
    "Host:",
    "Host: EVIL",
    "Authorization: Bearer EVIL",
    "Authorization: Basic YW5uOmFubg==",
    "Authorization: Bearer",
    "Authorization:",
    "Cookie: session=EVIL",
    "Cookie: reperio=EVIL; reperio=VICTIM",
    "Origin: http://evil.example",
    "Origin: null",
    "X-CSRF-Token: EVIL",
    "Idempotency-Key: EVIL",
    "Idempotency-Key: ' OR key LIKE '%",
    "Prefer: wait=EVIL",
    "Prefer: wait=0",
    "Prefer: respond-async;;;,,,=",
    "Accept: EVIL",
    "Accept: text/html",
    "Accept: ,,,;q=",
    "Content-Type: EVIL",
    "Content-Type: multipart/form-data",
    "Content-Type: multipart/form-data; boundary=",
    "Content-Type: multipart/form-data; boundary=\"a\r\n b\"",
    "Content-Type: multipart/mixed; boundary=edge",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "Expect: EVIL",
    "Range: bytes=0-18446744073709551615",
    "Connection: Upgrade",
    "Upgrade: h2c",
    "X-Forwarded-For: EVIL",
    "X-Forwarded-User: boss",
    " folded: yes",
    "No colon",
];

const VERSIONS: [&str; 10] = [
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/1.1x",
    "",
];

/// Headers of a part of a form.
const PARTS: [&str; 14] = [
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.tsv\"",
    "Content-Disposition: form-data; name=\"file\"; filename=\"EVIL\"",
    "Content-Disposition: form-data; name=\"EVIL\"; filename=\"b.tsv\"",
    "Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''EVIL",
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.tsv\"; filename=\"../b\"",
    "Content-Disposition: form-data; name=\"file\"",
    "Content-Disposition: form-data; filename=",
    "Content-Disposition: form-data; name=\"file\"; filename=\"a",
    "Content-Disposition: EVIL",
    "Content-Disposition: attachment; filename=c.tsv",
    "Content-Type: multipart/mixed; boundary=edge",
    "content-disposition:form-data;filename=d.tsv",
    "Content-Length: 999999\r\nContent-Disposition: form-data; filename=\"e.tsv\"",
    "",
];

/// The request of this number.
pub(crate) fn request(random: &mut ChaCha8Rng, known: &Knowledge) -> Vec<u8> {
    let mut bytes =
        if random.random_bool(0.25) { upload(random, known) } else { any(random, known) };
    if random.random_bool(0.02) {
        let mut behind = any(random, known);
        bytes.append(&mut behind);
    }
    if random.random_bool(0.2) {
        for _ in 0..random.random_range(1..6) {
            damage(random, &mut bytes);
        }
    }
    bytes
}

/// A request of any part.
fn any(random: &mut ChaCha8Rng, known: &Knowledge) -> Vec<u8> {
    let target = pick(random, &TARGETS, known);
    let target = if random.random_bool(0.01) {
        target + &"/a".repeat(random.random_range(1..50_000))
    } else {
        target
    };
    let target = if random.random_bool(0.8) { plain(&target) } else { target };
    let body = if random.random_bool(0.5) { Vec::new() } else { body(random, known) };
    let mut head = format!(
        "{} {target} {}\r\n",
        pick(random, &METHODS, known),
        pick(random, &VERSIONS, known)
    );
    if random.random_bool(0.95) {
        head += "Host: localhost\r\n";
    }
    head += &credentials(random, known);
    for _ in 0..[0, 0, 1, 1, 2, 4].choose(random).copied().unwrap_or(0) {
        head += &(pick(random, &HEADERS, known) + "\r\n");
    }
    if random.random_bool(0.01) {
        head += &format!("X-Long: {}\r\n", "a".repeat(random.random_range(1..200_000)));
    }
    if random.random_bool(0.01) {
        head += &"X-Many: a\r\n".repeat(random.random_range(1..300));
    }
    if random.random_bool(0.7) {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", &body].concat()
}

/// A target with what cannot stand in one percent-encoded: it reaches further.
fn plain(target: &str) -> String {
    let encode = |byte: u8| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    target.bytes().map(encode).collect()
}

/// A form or a file that comes near to what is taken.
fn upload(random: &mut ChaCha8Rng, known: &Knowledge) -> Vec<u8> {
    let is_form = random.random_bool(0.7);
    let (target, media, body) = if is_form {
        ("/v1/score?model=demo", "multipart/form-data; boundary=edge", form(random, known))
    } else {
        ("/v1/explain?model=demo&name=a.tsv", "text/tab-separated-values", body(random, known))
    };
    let extra = if random.random_bool(0.3) {
        pick(random, &HEADERS, known) + "\r\n"
    } else {
        String::new()
    };
    let chunked = random.random_bool(0.3);
    let length = if chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {}", body.len())
    };
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {media}\r\n{extra}{length}\r\n\r\n",
        known.token
    );
    let body = if chunked { chunks(random, &body) } else { body };
    [head.as_bytes(), &body].concat()
}

/// The body in chunks, now and then with a wrong length.
fn chunks(random: &mut ChaCha8Rng, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in body.chunks(random.random_range(1..200)) {
        let length = match random.random_range(0..40) {
            0 => "FFFFFFFFFFFFFFFFF".to_owned(),
            1 => "-1".to_owned(),
            2 => format!("{:x};ext=\"EVIL\"", part.len()),
            3 => format!("{:x}", part.len() + 1),
            _ => format!("{:x}", part.len()),
        };
        bytes.extend_from_slice(format!("{length}\r\n").as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn credentials(random: &mut ChaCha8Rng, known: &Knowledge) -> String {
    match random.random_range(0..20) {
        0 => String::new(),
        1 => format!("Authorization: Bearer {}\r\n", known.token.replace("ben", "ann")),
        2 => format!("Authorization: Bearer {}0\r\n", known.token),
        3 => format!("Authorization: bearer  {}\r\nAuthorization: Bearer x\r\n", known.token),
        _ => format!("Authorization: Bearer {}\r\n", known.token),
    }
}

fn body(random: &mut ChaCha8Rng, known: &Knowledge) -> Vec<u8> {
    match random.random_range(0..20) {
        0 => (0..random.random_range(0..400)).map(|_| random.random()).collect(),
        1 => vec![b'a'; random.random_range(60_000..70_000)],
        2 => form(random, known),
        3 => format!("{{\"token\": \"{}\"}}", pick(random, &EVIL, known)).into_bytes(),
        4 => format!("{{\"token\": \"{}\"}}", known.token).into_bytes(),
        5 => b"5\r\nhello\r\n0\r\n\r\nGET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        6 => b"refuse".to_vec(),
        _ => pick(random, &EVIL, known).into_bytes(),
    }
}

fn form(random: &mut ChaCha8Rng, known: &Knowledge) -> Vec<u8> {
    let mut body = String::new();
    let parts = if random.random_bool(0.005) { 1_100 } else { random.random_range(0..4) };
    let line = if random.random_bool(0.95) { "\r\n" } else { "\n" };
    for part in 0..parts {
        let head = match random.random_range(0..3) {
            0 => pick(random, &PARTS, known),
            _ => format!("Content-Disposition: form-data; name=\"file\"; filename=\"f{part}.tsv\""),
        };
        let content = match random.random_range(0..10) {
            0 => format!("--edge--{line}"),
            1 => format!("{line}--edge"),
            2 => "a".repeat(random.random_range(0..40_000)),
            _ => pick(random, &EVIL, known),
        };
        body += &format!("--edge{line}{head}{line}{line}{content}{line}");
    }
    if random.random_bool(0.9) {
        body += "--edge--";
        body += line;
    }
    body.into_bytes()
}

/// One of the texts, with `EVIL` and `VICTIM` in it filled in.
fn pick(random: &mut ChaCha8Rng, texts: &[&str], known: &Knowledge) -> String {
    let mut text = (*texts.choose(random).expect("a table")).to_owned();
    while text.contains("EVIL") {
        let evil = EVIL.choose(random).expect("a table");
        text = text.replacen("EVIL", evil, 1);
    }
    text.replace("VICTIM", &known.victim)
}

/// Changes some bytes.
fn damage(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = random.random_range(0..bytes.len().min(600));
    let end = (at + random.random_range(1..40)).min(bytes.len());
    match random.random_range(0..6) {
        0 => bytes[at] = random.random(),
        1 => bytes[at] ^= 1 << random.random_range(0..8),
        2 => drop(bytes.drain(at..end)),
        3 => bytes.insert(at, *b"\0\r\n \t:;\"%\xff".choose(random).expect("a table")),
        4 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => bytes.truncate(random.random_range(0..=bytes.len())),
    }
}
