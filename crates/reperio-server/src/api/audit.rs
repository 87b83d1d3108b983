//! The export of the audit log.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use crate::access::{Admin, Caller};
use crate::app::App;
use crate::clock;
use crate::problem::{Answer, Problem};
use crate::store::{Action, Event, Line};

use super::extract::Parameters;

/// Lines that are read at once.
const PAGE: usize = 1000;

/// Which part.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Only the lines after that of this number
    #[serde(default)]
    after: i64,
}

/// The audit log, a JSON object a line
///
/// Each line has the SHA-256 of the line before, a line feed, and its own fields before `hash` as JSON: a line that was changed
/// or removed shows.
#[utoipa::path(get, path = "/v1/audit", operation_id = "audit", tag = "operation", params(Part),
    responses(
        (status = 200, description = "Lines in order", body = String, content_type = "application/jsonl"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn log(
    State(app): State<Arc<App>>,
    Admin(Caller { name, .. }): Admin,
    Parameters(Part { after }): Parameters<Part>,
) -> Answer<impl IntoResponse> {
    let note = move |app: &App| app.store.note(Event::new(&name, Action::Exported), clock::now());
    app.blocking(note).await?;
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut after = after;
        loop {
            let lines = app.blocking(move |app| app.store.audit(after, PAGE)).await;
            let part = match lines.as_deref() {
                Ok([]) => break,
                Ok([.., last]) => {
                    after = last.seq();
                    Ok(text(lines.as_deref().unwrap_or_default()))
                }
                Err(_) => Err(io::Error::other("the store failed")), // The client sees that the end is missing.
            };
            if send.send(part).await.is_err() {
                break; // The client has gone.
            }
        }
    });
    let body = Body::from_stream(ReceiverStream::new(receive));
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body))
}

fn text(lines: &[Line]) -> Bytes {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).expect("plain data"));
        text.push('\n');
    }
    Bytes::from(text)
}
