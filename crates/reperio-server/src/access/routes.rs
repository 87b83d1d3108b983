//! `/session`: a browser logs in by its token, and out.

use std::time::Duration;

use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sessions::{self, Session};
use super::tokens::{Role, Token};
use super::{Access, address, caller, local, unauthorized};
use crate::clock;
use crate::problem::{Answer, Problem};

/// Bytes of a login.
const MOST: usize = 4096;
/// A login that takes longer to arrive is given up.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The routes, with their state.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(access: Access) -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(open, show, close)).with_state(access)
}

/// A token, to log in by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// As `reperio token` printed it.
    token: String,
}

/// Who is logged in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    /// The token's name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// To be sent as `X-CSRF-Token` with every request but GET and HEAD; empty where none is needed.
    pub(crate) csrf: String,
    /// When the session ends.
    #[schema(format = DateTime)]
    pub(crate) expires: Option<String>,
}

impl SessionBody {
    fn new(session: &Session, token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role,
            csrf: session.csrf.clone(),
            expires: Some(clock::text(session.expires)),
        }
    }

    /// Where nobody needs a token.
    fn local() -> Self {
        let caller = local();
        Self { name: caller.name, role: caller.role, csrf: String::new(), expires: None }
    }
}

/// Logs in: the answer sets the cookie `reperio-session`.
#[utoipa::path(
    post,
    path = "/session",
    tag = "session",
    operation_id = "open_session",
    request_body = Login,
    responses(
        (status = 200, description = "Logged in", body = SessionBody),
        (status = 400, description = "No login", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "A wrong token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong tokens", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn open(State(access): State<Access>, request: Request) -> Answer<Response> {
    let Some(known) = &access.0.known else {
        return Ok(Json(SessionBody::local()).into_response());
    };
    let (parts, body) = request.into_parts();
    let Login { token } = read(&parts.headers, body).await?;
    let now = clock::now();
    let token = known.verify(&token, address(&parts), now).await?;
    access.count(&token, now)?;
    let opened = access.0.sessions.open(token.clone(), now);
    let (id, session) = opened.map_err(|error| Problem::internal(&error))?;
    tracing::info!(name = token.name, "opened a session");
    let seconds = (session.expires - now) / 1000;
    let cookie = cookie(&access, &parts, &id, seconds);
    let body = Json(SessionBody::new(&session, &token));
    Ok((Extension(caller(&token)), [(header::SET_COOKIE, cookie)], body).into_response())
}

async fn read(headers: &HeaderMap, body: Body) -> Answer<Login> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        let text = format!("content type {kind:?}, expected application/json");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let bytes = tokio::time::timeout(ARRIVAL, body::to_bytes(body, MOST)).await;
    let bytes =
        bytes.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the login is too slow"))?;
    let expected = || Problem::bad_request("expected {\"token\": \"...\"}");
    serde_json::from_slice(&bytes.map_err(|_| expected())?).map_err(|_| expected())
}

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/session",
    tag = "session",
    operation_id = "show_session",
    responses(
        (status = 200, description = "Logged in, or no token is needed", body = SessionBody),
        (status = 401, description = "Not logged in", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn show(State(access): State<Access>, parts: Parts) -> Answer<Json<SessionBody>> {
    let Some(known) = &access.0.known else { return Ok(Json(SessionBody::local())) };
    let now = clock::now();
    let (session, token) = access.session(known, &parts, now)?;
    access.count(&token, now)?;
    Ok(Json(SessionBody::new(&session, &token)))
}

/// Logs out.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "session",
    operation_id = "close_session",
    responses(
        (status = 204, description = "Logged out"),
        (status = 401, description = "Not logged in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "No CSRF token", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn close(State(access): State<Access>, parts: Parts) -> Answer<Response> {
    let Some(known) = &access.0.known else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let (_, token) = access.session(known, &parts, clock::now())?;
    let id = sessions::cookie(&parts.headers).ok_or_else(|| unauthorized("not logged in"))?;
    access.0.sessions.close(id);
    let cookie = cookie(&access, &parts, "", 0);
    let headers = [(header::SET_COOKIE, cookie)];
    Ok((StatusCode::NO_CONTENT, Extension(caller(&token)), headers).into_response())
}

/// The cookie is sent to this site only and is out of reach for scripts; by TLS alone, if it came so.
fn cookie(access: &Access, parts: &Parts, id: &str, seconds: i64) -> String {
    let origin = parts.headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let is_secret =
        access.0.has_tls || origin.is_some_and(|origin| origin.starts_with(b"https://"));
    let secure = if is_secret { "; Secure" } else { "" };
    let name = sessions::COOKIE;
    format!("{name}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}
