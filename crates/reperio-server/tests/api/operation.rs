//! What those who run the server see.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use reperio_server::{Options, Role, ServeError, add_token, serve};

use crate::support::{Place, Server, Sizes};

/// 2026-11-28, in milliseconds.
const NOW: i64 = 1_795_824_000_000;

#[test]
fn health_counters_and_models_are_shown() {
    let place = Place::new();
    let server = place.start();
    assert_eq!(server.get("/healthz").text(), "ok\n");
    assert_eq!(server.get("/readyz").text(), "ready\n");
    server.score("1");
    server.score("refuse");
    let metrics = server.get("/metrics").text();
    for line in [
        "reperio_jobs{state=\"done\"} 1",
        "reperio_jobs_ended_total{kind=\"score\",end=\"failed\"} 1",
        "reperio_uploaded_bytes_total 7",
    ] {
        assert!(metrics.lines().any(|own| own == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn a_server_without_a_model_is_not_ready() {
    let place = Place::new();
    std::fs::remove_file(place.0.path().join("models/demo.safetensors")).unwrap();
    let server = place.start();
    assert_eq!(server.get("/readyz").problem(), (503, "no usable model".to_owned()));
}

#[test]
fn the_audit_log_says_who_did_what_and_no_name_of_a_file() {
    let place = Place::new();
    let server = place.start();
    let id = server.score("1").header("reperio-job").to_owned();
    server.get(&format!("/v1/jobs/{id}/result"));
    server.send("DELETE", &format!("/v1/jobs/{id}"), &[], &[]);
    let log = server.get("/v1/audit");
    assert!(!log.text().contains("a.tsv"));
    let lines: Vec<serde_json::Value> =
        log.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    let expected =
        ["model-loaded", "server-started", "accepted", "done", "read", "removed", "exported"];
    assert_eq!(actions, expected);
    assert_eq!(lines[2]["who"], "local");
    assert_eq!(lines[2]["job"], id);
    let after = lines[5]["seq"].as_i64().unwrap();
    assert_eq!(server.get(&format!("/v1/audit?after={after}")).text().lines().count(), 2);
}

#[test]
fn everybody_sees_only_own_jobs_and_admins_see_all() {
    let place = Place::new();
    let tokens = place.0.path().join("tokens.toml");
    let token = |name, role| add_token(&tokens, name, role, None, NOW).unwrap();
    let (ann, ben, admin) =
        (token("ann", Role::Score), token("ben", Role::Score), token("boss", Role::Admin));
    let server = Server::start(Options { tokens: Some(tokens.clone()), ..place.options() });
    let send = |method: &str, path: &str, token: &str, body: &[u8]| {
        server.send(method, path, &[("Authorization", &format!("Bearer {token}"))], body)
    };
    assert_eq!(server.score("1").problem().0, 401);
    assert_eq!(send("GET", "/v1/models", "rpr_ann_00", &[]).problem().0, 401);
    let posted = send("POST", "/v1/score?model=demo&name=a.tsv", &ann, b"1");
    let id = posted.header("reperio-job").to_owned();
    for (method, path) in [
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/files/scores.tsv"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ] {
        let answer = send(method, &format!("/v1/jobs/{id}{path}"), &ben, &[]);
        assert_eq!(answer.problem(), (404, "no such job".to_owned()), "{method} {path}");
    }
    let count =
        |token| send("GET", "/v1/jobs", token, &[]).json()["jobs"].as_array().unwrap().len();
    assert_eq!([count(&ann), count(&ben), count(&admin)], [1, 0, 1]);
    assert_eq!(send("GET", "/v1/audit", &ann, &[]).problem().0, 403);
    assert!(send("GET", "/v1/audit", &admin, &[]).text().contains("\"refused\""));
}

#[test]
fn a_server_that_all_can_reach_needs_tokens() {
    let place = Place::new();
    let address = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0).into();
    let options = Options { address, ..place.options() };
    let refused = serve(options, Arc::new(Sizes::default()), |_| (), || true).unwrap_err();
    assert!(matches!(refused, ServeError::Open(_)), "{refused}");
}

#[test]
fn one_folder_has_one_server() {
    let place = Place::new();
    let _server = place.start();
    let refused = serve(place.options(), Arc::new(Sizes::default()), |_| (), || true).unwrap_err();
    assert!(matches!(refused, ServeError::Lock(_)), "{refused}");
}

#[test]
fn the_description_names_every_route() {
    let place = Place::new();
    let server = place.start();
    let description = server.get("/v1/openapi.json").json();
    let paths: Vec<&str> =
        description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/healthz",
        "/metrics",
        "/readyz",
        "/session",
        "/v1/audit",
        "/v1/explain",
        "/v1/jobs",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/cancel",
        "/v1/jobs/{id}/files/{path}",
        "/v1/jobs/{id}/result",
        "/v1/models",
        "/v1/score",
    ];
    assert_eq!(paths.len(), expected.len());
    assert!(expected.iter().all(|path| paths.contains(path)), "{paths:?}");
}
