//! What is kept of each request: a line of the log, a counter, and, where somebody logs in or fails to, the audit log.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Caller;
use crate::app::App;
use crate::clock;
use crate::store::{Action, Event};

/// Answers a request and keeps that it was answered. Names of files and ids are left out: they may be those of patients.
pub(crate) async fn record(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let showed_token = request.headers().contains_key(header::AUTHORIZATION);
    let response = next.run(request).await;
    let status = response.status();
    app.metrics.request(status.as_u16());
    let route = route.as_deref().unwrap_or("?");
    let millis = begun.elapsed().as_millis();
    tracing::info!("{method} {route} {} {millis} ms", status.as_u16());
    if let Some(action) = action(&method, route, status, showed_token) {
        let caller = response.extensions().get::<Caller>().map(|caller| caller.name.clone());
        let who = caller.unwrap_or_else(|| "unknown".to_owned());
        let note = move |app: &App| app.store.note(Event::new(&who, action), clock::now());
        let _ = app.blocking(note).await; // The log has the fault; the answer is right.
    }
    response
}

/// What a request did that concerns the audit log and is not noted elsewhere.
fn action(method: &Method, route: &str, status: StatusCode, showed_token: bool) -> Option<Action> {
    let session = route == "/session";
    match (method, status) {
        (_, StatusCode::UNAUTHORIZED) if showed_token => Some(Action::Refused),
        (&Method::POST, StatusCode::UNAUTHORIZED) if session => Some(Action::Refused),
        (&Method::POST, StatusCode::OK) if session => Some(Action::LoggedIn),
        (&Method::DELETE, StatusCode::NO_CONTENT) if session => Some(Action::LoggedOut),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_and_wrong_tokens_are_noted() {
        let noted = |method: Method, route, status, token| action(&method, route, status, token);
        let (ok, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
        assert_eq!(noted(Method::POST, "/session", ok, false), Some(Action::LoggedIn));
        assert_eq!(noted(Method::POST, "/session", refused, false), Some(Action::Refused));
        assert_eq!(noted(Method::GET, "/v1/jobs", refused, true), Some(Action::Refused));
        assert_eq!(noted(Method::GET, "/v1/jobs", refused, false), None);
        assert_eq!(noted(Method::GET, "/session", ok, false), None);
    }
}
