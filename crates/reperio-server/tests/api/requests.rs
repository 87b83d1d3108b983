//! Requests that are not as they should be.

use std::io::Read as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Place, form};

#[test]
fn wrong_requests_say_what_was_expected() {
    let place = Place::new();
    let server = place.start();
    let post = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        server.send("POST", path, headers, body).problem()
    };
    let (status, detail) = post("/v1/score?model=demo", &[], b"1");
    assert_eq!((status, detail.contains("`name`")), (400, true), "{detail}");
    let (status, detail) = post("/v1/score?name=a.tsv", &[], b"1");
    assert_eq!((status, detail.contains("`model`")), (400, true), "{detail}");
    assert_eq!(post("/v1/score?model=demo&name=a.tsv&colour=red", &[], b"1").0, 400);
    assert_eq!(post("/v1/score?model=demo&name=a.tsv", &[("Accept", "image/png")], b"1").0, 406);
    assert_eq!(post("/v1/score?model=demo&name=../../a.tsv", &[], b"1").0, 400);
    assert_eq!(post("/v1/score?model=demo&name=a.tsv", &[("Idempotency-Key", "")], b"1").0, 400);
    assert_eq!(post("/v1/nothing", &[], b"").0, 404);
    assert_eq!(server.send("PUT", "/v1/score", &[], b"").problem().0, 405);
    assert_eq!(server.get("/v1/jobs?limit=many").problem().0, 400);
    assert_eq!(server.get("/v1/jobs/none").problem().0, 404);
}

#[test]
fn a_form_is_checked_file_by_file() {
    let place = Place::new();
    let server = place.start();
    let post = |files: &[(&str, &str)]| {
        let (media, body) = form(files);
        server.send("POST", "/v1/score?model=demo", &[("Content-Type", &media)], &body).problem()
    };
    assert_eq!(post(&[]).0, 400);
    assert_eq!(post(&[("a.tsv", "1"), ("a.tsv", "2")]).0, 400);
    assert_eq!(post(&[("a.tsv", "1"), ("..", "2")]).0, 400);
    let cut = server.send(
        "POST",
        "/v1/score?model=demo",
        &[("Content-Type", "multipart/form-data; boundary=edge")],
        b"--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc",
    );
    assert_eq!(cut.problem().0, 400);
    let edgeless = server.send(
        "POST",
        "/v1/score?model=demo",
        &[("Content-Type", "multipart/form-data")],
        b"abc",
    );
    assert_eq!(edgeless.problem().0, 400);
    assert_eq!(std::fs::read_dir(place.data().join("incoming")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(place.data().join("jobs")).unwrap().count(), 0);
}

#[test]
fn an_upload_that_is_too_large_is_refused() {
    let place = Place::new();
    let server = place.start();
    let large = vec![b'a'; (1 << 20) + 1];
    let answer = server.send("POST", "/v1/score?model=demo&name=a.tsv", &[], &large);
    assert_eq!(answer.problem().0, 413);
    assert_eq!(server.score(&"a".repeat(1 << 20)).status, 200);
}

#[test]
fn a_bomb_is_refused() {
    let place = Place::new();
    let server = place.start();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::copy(&mut std::io::repeat(b'A').take((1 << 20) + 1), &mut gzip).unwrap();
    let answer =
        server.send("POST", "/v1/score?model=demo&name=a.tsv.gz", &[], &gzip.finish().unwrap());
    let text = "a.tsv.gz: the upload decompresses to more than 1048576 bytes, the most that this server takes";
    assert_eq!(answer.problem(), (422, text.to_owned()));
}
