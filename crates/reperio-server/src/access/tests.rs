//! Requests to a small router.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::routing::any;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::options::TlsFiles;

/// A server with a file of tokens, and what a client does.
struct Server {
    router: Router,
    folder: TempDir,
}

const NOW: Millis = 1_700_000_000_000;

impl Server {
    fn new(rate: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokens.toml"), "").unwrap();
        let access = Access::new(&options(&folder, rate), 0).unwrap();
        Self { router: router(access), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    fn add(&self, name: &str, role: Role) -> String {
        add_token(&self.file(), name, role, None, clock::now()).unwrap()
    }

    /// Reads the file of tokens at once.
    fn restarted(self, rate: u32) -> Self {
        Self { router: router(Access::new(&options(&self.folder, rate), 0).unwrap()), ..self }
    }

    async fn send(&self, request: &str) -> Response<Body> {
        self.router.clone().oneshot(parse(request)).await.unwrap()
    }

    async fn status(&self, request: &str) -> u16 {
        self.send(request).await.status().as_u16()
    }

    /// Logs in and returns the cookie with its attributes, and the body.
    async fn login(&self, token: &str) -> (String, routes::SessionBody) {
        let response = self.send(&login(token)).await;
        assert_eq!(response.status(), 200);
        assert!(response.extensions().get::<Caller>().is_some(), "for the audit log");
        let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
        (cookie, serde_json::from_str(&text(response).await).unwrap())
    }
}

fn options(folder: &TempDir, rate: u32) -> Options {
    Options {
        address: "127.0.0.1:8750".parse().unwrap(),
        models: PathBuf::new(),
        data: PathBuf::new(),
        tokens: Some(folder.path().join("tokens.toml")),
        tls: None,
        hosts: vec![],
        max_upload: 1,
        workers: 1,
        threads: 1,
        time_limit: Duration::from_secs(1),
        queue: 1,
        keep_days: 1,
        keep_inputs: false,
        rate,
        connections: 1,
    }
}

fn router(access: Access) -> Router {
    let (router, _) = routes::<()>(access.clone()).split_for_parts();
    let own = Router::new()
        .route(
            "/who",
            any(async |caller: Caller| format!("{} {}", caller.name, caller.role.name())),
        )
        .route("/twice", any(async |_: Caller, admin: Admin| admin.0.name))
        .with_state(access.clone());
    router.merge(own).layer(axum::middleware::from_fn_with_state(access, guard))
}

/// `METHOD PATH`, then headers, then a body after an empty line.
fn parse(request: &str) -> Request<Body> {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let mut builder = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        builder = builder.header(name, value);
    }
    let peer: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    builder.extension(Peer(peer)).body(Body::from(body.to_owned())).unwrap()
}

fn login(token: &str) -> String {
    format!("POST /session\ncontent-type: application/json\n\n{{\"token\": \"{token}\"}}")
}

fn who(token: &str) -> String {
    format!("GET /who\nauthorization: Bearer {token}")
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_token_says_who_calls() {
    let server = Server::new(20);
    let (a, b) = (server.add("pipeline", Role::Score), server.add("chief", Role::Admin));
    let server = server.restarted(20);
    assert_eq!(text(server.send(&who(&a)).await).await, "pipeline score");
    assert_eq!(text(server.send(&who(&b)).await).await, "chief admin");
    assert_eq!(
        text(server.send(&format!("GET /who\nauthorization: bearer  {a}")).await).await,
        "pipeline score"
    );
    let swapped = a.replace("pipeline", "chief");
    for request in [who(&swapped), who("nonsense"), who(""), "GET /who".to_owned()] {
        let response = server.send(&request).await;
        assert_eq!(response.status(), 401, "{request}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    for header in
        [format!("Basic {a}"), a.clone(), format!("Bearer {a}\nauthorization: Bearer {b}")]
    {
        assert_eq!(
            server.status(&format!("GET /who\nauthorization: {header}")).await,
            400,
            "{header}"
        );
    }
}

#[tokio::test]
async fn only_an_admin_is_an_admin() {
    let server = Server::new(20);
    let (a, b) = (server.add("pipeline", Role::Score), server.add("chief", Role::Admin));
    let server = server.restarted(20);
    let twice = |token| format!("GET /twice\nauthorization: Bearer {token}");
    let response = server.send(&twice(a)).await;
    assert_eq!(response.status(), 403);
    assert!(text(response).await.contains("role `score`, expected `admin`"));
    assert_eq!(text(server.send(&twice(b)).await).await, "chief");
}

#[tokio::test]
async fn a_token_makes_so_many_requests_and_no_more() {
    let server = Server::new(1);
    let (a, b) = (server.add("a", Role::Admin), server.add("b", Role::Admin));
    let access = Access::new(&options(&server.folder, 1), 0).unwrap();
    let ask = async |token: &str, now| {
        let (parts, ()) = parse(&who(token)).map(|_| ()).into_parts();
        access.caller(&parts, now).await
    };
    for _ in 0..5 {
        ask(&a, NOW).await.unwrap();
    }
    let problem = ask(&a, NOW).await.unwrap_err();
    assert_eq!((problem.status, problem.retry_after), (429, Some(1)));
    ask(&b, NOW).await.unwrap();
    ask(&a, NOW + 1_000).await.unwrap();
    ask(&a, NOW + 1_000).await.unwrap_err();
    ask("wrong", NOW + 1_000).await.unwrap_err();
}

#[tokio::test]
async fn a_caller_asked_for_twice_counts_once() {
    let server = Server::new(1);
    let token = server.add("a", Role::Admin);
    let server = server.restarted(1);
    for _ in 0..5 {
        assert_eq!(server.status(&format!("GET /twice\nauthorization: Bearer {token}")).await, 200);
    }
}

#[tokio::test]
async fn a_browser_logs_in_and_out() {
    let server = Server::new(20);
    let token = server.add("desk", Role::Score);
    let server = server.restarted(20);
    let (cookie, body) = server.login(&token).await;
    assert_eq!((&*body.name, body.role, body.csrf.len()), ("desk", Role::Score, 64));
    let (id, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    let shown = server.send(&format!("GET /session\ncookie: {id}")).await;
    assert_eq!(serde_json::from_str::<routes::SessionBody>(&text(shown).await).unwrap(), body);
    assert_eq!(server.status(&format!("GET /who\ncookie: {id}")).await, 200);
    assert_eq!(server.status(&format!("DELETE /session\ncookie: {id}")).await, 403);
    let out = format!("DELETE /session\ncookie: {id}\nx-csrf-token: {}", body.csrf);
    let response = server.send(&out).await;
    assert_eq!(response.status(), 204);
    let gone = "reperio-session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";
    assert_eq!(response.headers()["set-cookie"], gone);
    assert_eq!(server.status(&format!("GET /session\ncookie: {id}")).await, 401);
    assert_eq!(server.status(&out).await, 401);
}

#[tokio::test]
async fn what_changes_something_needs_the_csrf_token() {
    let server = Server::new(20);
    let (a, b) = (server.add("a", Role::Score), server.add("b", Role::Score));
    let server = server.restarted(20);
    let (cookie, body) = server.login(&a).await;
    let (_, other) = server.login(&b).await;
    let id = cookie.split(';').next().unwrap();
    let post = |headers: &str| format!("POST /who\ncookie: {id}{headers}");
    assert_eq!(server.status(&format!("HEAD /who\ncookie: {id}")).await, 200);
    assert_eq!(server.status(&post("")).await, 403);
    assert_eq!(server.status(&post("\nx-csrf-token: ")).await, 403);
    assert_eq!(server.status(&post(&format!("\nx-csrf-token: {}", other.csrf))).await, 403);
    let good = format!("\nx-csrf-token: {}", body.csrf);
    assert_eq!(server.status(&post(&good)).await, 200);
    assert_eq!(server.status(&post(&format!("{good}\norigin: http://localhost"))).await, 200);
    assert_eq!(server.status(&post(&format!("{good}\norigin: http://evil.example"))).await, 403);
    // A token in the header is no cookie: a foreign page cannot send it.
    assert_eq!(server.status(&format!("POST /who\nauthorization: Bearer {a}")).await, 200);
}

#[tokio::test]
async fn a_login_that_is_none_is_refused() {
    let server = Server::new(20);
    let of = |kind: &str, body: &str| format!("POST /session\ncontent-type: {kind}\n\n{body}");
    for (request, status) in [
        (of("text/plain", "{\"token\":\"a\"}"), 415),
        (of("application/json", "{\"token\":1}"), 400),
        (of("application/json", "{\"token\":\"a\",\"b\":1}"), 400),
        (of("application/json", &format!("{{\"token\":\"{}\"}}", "a".repeat(5_000))), 400),
        (of("application/json; charset=utf-8", "{\"token\":\"a\"}"), 401),
        ("POST /session".to_owned(), 415),
        (format!("{}\n", login("a").replacen('\n', "\norigin: http://evil.example\n", 1)), 403),
    ] {
        assert_eq!(server.status(&request).await, status, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_does_not_arrive_is_given_up() {
    let server = Server::new(20);
    let (parts, ()) = parse(&login("a")).map(|_| ()).into_parts();
    let (_never, body) = tokio::io::duplex(1);
    let body = Body::new(crate::net::tests::Reader::new(body));
    let response = server.router.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
    assert_eq!(response.status(), 408);
}

#[tokio::test]
async fn a_cookie_is_secure_where_the_page_came_by_tls() {
    let server = Server::new(20);
    let token = server.add("desk", Role::Score);
    let files = TlsFiles { certificate: PathBuf::new(), key: PathBuf::new() };
    let options = Options { tls: Some(files), ..options(&server.folder, 20) };
    let server = Server { router: router(Access::new(&options, 0).unwrap()), ..server };
    let (cookie, _) = server.login(&token).await;
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn without_tokens_everybody_here_is_local() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { tokens: None, ..options(&folder, 1) };
    let server = Server { router: router(Access::new(&options, 0).unwrap()), folder };
    for _ in 0..20 {
        assert_eq!(text(server.send("POST /who").await).await, "local admin");
    }
    let shown = text(server.send("GET /session").await).await;
    assert_eq!(shown, r#"{"name":"local","role":"admin","csrf":"","expires":null}"#);
    assert_eq!(server.status("DELETE /session").await, 204);
    assert_eq!(server.status("POST /who\norigin: http://evil.example").await, 403);
    let mut rebound = parse("GET /who");
    rebound.headers_mut().insert("host", "evil.example:8750".parse().unwrap());
    assert_eq!(server.router.clone().oneshot(rebound).await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_or_when_its_token_is_revoked() {
    let server = Server::new(20);
    let token = server.add("desk", Role::Score);
    let access = Access::new(&options(&server.folder, 20), 0).unwrap();
    let server = Server { router: router(access.clone()), ..server };
    let log_in = async || {
        let (cookie, _) = server.login(&token).await;
        let request = format!("GET /who\ncookie: {}", cookie.split(';').next().unwrap());
        parse(&request).into_parts().0
    };
    let (session, now) = (log_in().await, clock::now());
    access.caller(&session, now).await.unwrap();
    let problem = access.caller(&session, now + 12 * 3_600_000).await.unwrap_err();
    assert_eq!((problem.status, &*problem.detail), (401, "the session has ended"));
    let (session, now) = (log_in().await, clock::now());
    assert_eq!(access.caller(&session, now + 2_000).await.unwrap().role, Role::Score);
    // The name is given again: its sessions are another's.
    fs::write(server.file(), "").unwrap();
    server.add("desk", Role::Admin);
    let problem = access.caller(&session, now + 4_000).await.unwrap_err();
    assert_eq!((problem.status, &*problem.detail), (401, "the session has ended"));
}
