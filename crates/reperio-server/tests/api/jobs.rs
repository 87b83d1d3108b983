//! Jobs from their upload to their removal.

use std::fs;

use crate::support::{Place, Server, form};

#[test]
fn a_small_upload_is_answered_with_its_result() {
    let place = Place::new();
    let server = place.start();
    let answer = server.score("12345");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::json!({"out": "scores.tsv", "n": 1}));
    let id = answer.header("reperio-job").to_owned();
    assert_eq!(answer.header("content-location"), format!("/v1/jobs/{id}/result"));
    for (accept, media, content) in [
        (
            "text/tab-separated-values",
            "text/tab-separated-values; charset=utf-8",
            "repertoire_id\tprobability\na.tsv\t5\n",
        ),
        ("text/html", "text/html; charset=utf-8", "<!doctype html><title>page</title>"),
    ] {
        let result =
            server.send("GET", &format!("/v1/jobs/{id}/result"), &[("Accept", accept)], &[]);
        assert_eq!((result.header("content-type"), result.text().as_str()), (media, content));
    }
    let job = server.get(&format!("/v1/jobs/{id}")).json();
    assert_eq!(job["state"], "done");
    assert_eq!(job["owner"], "local");
    assert_eq!(job["inputs"][0]["name"], "a.tsv");
    assert_eq!(job["warnings"], serde_json::json!(["read with []"]));
    let paths: Vec<&str> =
        job["files"].as_array().unwrap().iter().map(|own| own["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["scores.html", "scores.tsv"]);
    assert!(!place.data().join("jobs").join(&id).join("input").exists(), "the upload is gone");
}

#[test]
fn a_form_has_several_files_and_the_url_has_options() {
    let place = Place::new();
    let server = place.start();
    let (media, body) = form(&[("b.tsv", "1"), ("a.tsv", "22")]);
    let headers = [("Content-Type", media.as_str()), ("Accept", "text/tab-separated-values")];
    let answer = server.send("POST", "/v1/explain?model=demo&locus=TRB&top=3", &headers, &body);
    assert_eq!(answer.text(), "repertoire_id\tprobability\nb.tsv\t1\na.tsv\t2\n");
    let id = answer.header("reperio-job").to_owned();
    let job = server.get(&format!("/v1/jobs/{id}")).json();
    assert_eq!(job["warnings"][0], "read with [(\"top\", \"3\"), (\"locus\", \"TRB\")]");
    let page = server.get(&format!("/v1/jobs/{id}/files/repertoires/a/report.html"));
    assert_eq!(page.text(), "<p>a</p>");
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for path in [
        "repertoires",
        "../input/a.tsv",
        "..%2finput%2fa.tsv",
        "%2e%2e/%2e%2e/store.sqlite",
        "/etc/passwd",
        "",
    ] {
        let missing = server.get(&format!("/v1/jobs/{id}/files/{path}"));
        assert_eq!(missing.status, 404, "{path}");
    }
}

#[test]
fn a_refused_file_has_the_text_of_the_command() {
    let place = Place::new();
    let server = place.start();
    let answer = server.score("refuse");
    let id = answer.json()["job"].as_str().unwrap().to_owned();
    let expected = (422, "a.tsv:1: no header, expected one".to_owned());
    assert_eq!(answer.problem(), expected);
    assert_eq!(server.get(&format!("/v1/jobs/{id}/result")).problem(), expected);
    assert_eq!(server.get(&format!("/v1/jobs/{id}")).json()["error"], expected.1);
}

#[test]
fn a_command_that_panics_fails_alone() {
    let place = Place::new();
    let server = place.start();
    let (status, detail) = server.score("panic").problem();
    assert_eq!((status, detail.contains("asked to panic")), (422, false), "{detail}");
    assert_eq!(server.score("12").status, 200);
}

#[test]
fn a_job_that_is_not_waited_for_says_where_it_is() {
    let place = Place::new();
    let server = Server::start(reperio_server::Options { workers: 1, ..place.options() });
    let first = server.submit("wait");
    let running = server.until(&first, &["running"]);
    assert_eq!(running["position"], serde_json::Value::Null);
    let second = server.submit("1");
    assert_eq!(server.get(&format!("/v1/jobs/{second}")).json()["position"], 0);
    assert_eq!(server.get(&format!("/v1/jobs/{second}/result")).problem().0, 404);
    assert_eq!(server.send("DELETE", &format!("/v1/jobs/{first}"), &[], &[]).problem().0, 409);
    server.engine.open();
    server.until(&first, &["done"]);
    server.until(&second, &["done"]);
    assert_eq!(
        server.get(&format!("/v1/jobs/{second}/result?as=tsv")).text(),
        "repertoire_id\tprobability\na.tsv\t1\n"
    );
    let ids: Vec<String> = server.get("/v1/jobs?limit=1").json()["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [second]);
}

#[test]
fn jobs_are_cancelled_where_they_wait_and_where_they_run() {
    let place = Place::new();
    let server = Server::start(reperio_server::Options { workers: 1, ..place.options() });
    let (first, second) = (server.submit("wait"), server.submit("wait"));
    server.until(&first, &["running"]);
    for id in [&second, &first] {
        assert_eq!(server.send("POST", &format!("/v1/jobs/{id}/cancel"), &[], &[]).status, 200);
        server.until(id, &["cancelled"]);
        assert_eq!(
            server.send("POST", &format!("/v1/jobs/{id}/cancel"), &[], &[]).problem().0,
            409
        );
        assert_eq!(server.get(&format!("/v1/jobs/{id}/result")).problem().0, 409);
    }
    assert_eq!(server.send("DELETE", &format!("/v1/jobs/{first}"), &[], &[]).status, 204);
    assert_eq!(server.get(&format!("/v1/jobs/{first}")).problem().0, 404);
    assert!(!place.data().join("jobs").join(&first).exists());
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let place = Place::new();
    let options = reperio_server::Options { workers: 1, queue: 1, ..place.options() };
    let server = Server::start(options);
    let first = server.submit("wait");
    server.until(&first, &["running"]);
    server.submit("1");
    let refused = server.score("2");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.problem(), (429, "the queue is full: 1 waiting".to_owned()));
    server.engine.open();
    server.until(&first, &["done"]);
    let left = fs::read_dir(place.data().join("incoming")).unwrap().count();
    assert_eq!(left, 0, "a refused upload leaves nothing");
}

#[test]
fn a_key_makes_one_job_of_several_tries() {
    let place = Place::new();
    let server = place.start();
    let headers = [("Idempotency-Key", "try 7")];
    let post = |content: &str| {
        server.send("POST", "/v1/score?model=demo&name=a.tsv", &headers, content.as_bytes())
    };
    let (first, again) = (post("12"), post("12"));
    assert_eq!(first.header("reperio-job"), again.header("reperio-job"));
    assert_eq!(post("123").problem().0, 422);
    assert_eq!(server.get("/v1/jobs").json()["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_stopped_server_goes_on_where_it_was() {
    let place = Place::new();
    let server = Server::start(reperio_server::Options { workers: 1, ..place.options() });
    let done = server.score("1234").header("reperio-job").to_owned();
    let (first, second) = (server.submit("wait"), server.submit("12"));
    server.until(&first, &["running"]);
    server.stop();
    let server = Server::start(reperio_server::Options { workers: 1, ..place.options() });
    server.engine.open();
    for (id, score) in [(done, 4), (first, 4), (second, 2)] {
        server.until(&id, &["done"]);
        let result = server.get(&format!("/v1/jobs/{id}/result?as=tsv")).text();
        assert_eq!(result, format!("repertoire_id\tprobability\na.tsv\t{score}\n"));
    }
}

#[test]
fn what_a_dead_server_left_of_ended_jobs_is_removed() {
    let place = Place::new();
    let server = place.start();
    let done = server.score("12").header("reperio-job").to_owned();
    let failed = server.score("refuse").json()["job"].as_str().unwrap().to_owned();
    server.stop();
    let jobs = place.data().join("jobs");
    for left in
        [jobs.join(&done).join("input"), jobs.join(&failed).join("out"), jobs.join("unknown")]
    {
        fs::create_dir(&left).unwrap();
        fs::write(left.join("a.tsv"), "of a patient").unwrap();
    }
    let server = place.start();
    assert_eq!(fs::read_dir(jobs.join(&failed)).unwrap().count(), 0);
    assert_eq!(fs::read_dir(jobs.join(&done)).unwrap().count(), 1);
    assert!(!jobs.join("unknown").exists());
    assert_eq!(server.get(&format!("/v1/jobs/{done}/result")).status, 200);
}

#[test]
fn a_job_runs_with_the_model_that_it_was_accepted_with() {
    let place = Place::new();
    let server = place.start();
    let before = server.get("/v1/models").json()["models"][0].clone();
    assert_eq!(before["targets"][0]["outputs"][0], "sick");
    let id = server.score("1").header("reperio-job").to_owned();
    assert_eq!(server.get(&format!("/v1/jobs/{id}")).json()["model_sha256"], before["sha256"]);
    let (status, detail) =
        server.send("POST", "/v1/score?model=other&name=a.tsv", &[], b"1").problem();
    assert_eq!((status, detail.as_str()), (404, "no model called \"other\", expected one of demo"));
}

#[test]
fn who_waits_for_a_job_of_a_server_that_stops_is_told_where_it_is() {
    let place = Place::new();
    let server = place.start();
    let url = server.url.clone();
    let waiting = std::thread::spawn(move || {
        let path = format!("{url}/v1/score?model=demo&name=a.tsv");
        ureq::post(path).header("Prefer", "wait=60").send("wait").unwrap().status().as_u16()
    });
    let jobs = || server.get("/v1/jobs").json()["jobs"].as_array().unwrap().len();
    assert!((0..5000).any(|_| jobs() == 1), "the job is accepted");
    server.stop();
    assert_eq!(waiting.join().unwrap(), 202);
}

#[test]
fn a_job_that_was_cancelled_does_not_come_back_with_the_next_server() {
    let place = Place::new();
    let server = place.start();
    let id = server.submit("wait");
    server.until(&id, &["running"]);
    assert_eq!(server.send("POST", &format!("/v1/jobs/{id}/cancel"), &[], &[]).status, 200);
    server.stop();
    let server = place.start();
    assert_eq!(server.get(&format!("/v1/jobs/{id}")).json()["state"], "cancelled");
}
