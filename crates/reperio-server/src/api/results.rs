//! Results of jobs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::app::App;
use crate::clock;
use crate::problem::{Answer, Problem};
use crate::store::{self, Action, Event, State as JobState};
use crate::uploads;
use crate::workers::REPORT;

use super::extract::{Named, Parameters};
use super::form::As;
use super::jobs::find;

/// What a page of results may do: show itself with its own style, and nothing else. It keeps its origin, so that its links
/// to other pages of the job work in a session.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; sandbox allow-same-origin allow-downloads";

/// The form of a result.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The form; without it, the header `Accept` says
    #[serde(rename = "as")]
    #[param(required = false, inline)]
    form: Option<As>,
}

/// The result of a job
#[utoipa::path(get, path = "/v1/jobs/{id}/result", operation_id = "get_result", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job"), Asked),
    responses(
        (status = 200, description = "What the command prints with `--json`, the table of scores, or the page", content(
            (serde_json::Value = "application/json"),
            (String = "text/tab-separated-values"),
            (String = "text/html")
        )),
        (status = 404, description = "No such job, or it is not done", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The job was cancelled", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The job failed", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn result(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<String>,
    Parameters(Asked { form }): Parameters<Asked>,
    headers: HeaderMap,
) -> Answer<Response> {
    let job = find(&app, &caller, &id).await?;
    let form = match form {
        Some(form) => form,
        None => accepted(&headers)?,
    };
    if job.state == JobState::Done {
        note_read(&app, &caller, &job).await?;
    }
    of_ended(&app, &job, form).await
}

/// The bytes of a file
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes the answer")]
pub(crate) struct Bytes(Vec<u8>);

/// A file of the results
#[utoipa::path(get, path = "/v1/jobs/{id}/files/{path}", operation_id = "get_file", tag = "jobs",
    params(
        ("id" = String, Path, description = "Id of the job"),
        ("path" = String, Path, description = "Path of the file, as the job lists it")
    ),
    responses(
        (status = 200, description = "The file", body = inline(Bytes), content_type = "application/octet-stream"),
        (status = 404, description = "No such job or file", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named((id, path)): Named<(String, String)>,
) -> Answer<Response> {
    let job = find(&app, &caller, &id).await?;
    note_read(&app, &caller, &job).await?;
    send(&app, &job, &path).await
}

/// The form that a client takes.
pub(crate) fn accepted(headers: &HeaderMap) -> Answer<As> {
    As::accepted(headers).ok_or_else(|| {
        let text =
            "the header Accept, expected application/json, text/tab-separated-values or text/html";
        Problem::new(StatusCode::NOT_ACCEPTABLE, text)
    })
}

/// What a job that has ended gives.
pub(crate) async fn of_ended(app: &Arc<App>, job: &store::Job, form: As) -> Answer<Response> {
    let problem = |status, text: &str| Err(Problem::new(status, text).of_job(&job.id));
    match job.state {
        JobState::Done => {
            let path = match form {
                As::Json => REPORT,
                As::Tsv => "scores.tsv",
                As::Html => job.kind.page(),
            };
            let mut response = send(app, job, path).await?;
            let place = format!("/v1/jobs/{}/result", job.id);
            for (name, value) in [("reperio-job", job.id.clone()), ("content-location", place)] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(name, value);
                }
            }
            Ok(response)
        }
        JobState::Failed => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, job.error.as_deref().unwrap_or_default())
        }
        JobState::Cancelled => problem(StatusCode::CONFLICT, "the job was cancelled"),
        JobState::Queued | JobState::Running => {
            problem(StatusCode::NOT_FOUND, "the job is not done")
        }
    }
}

/// Sends a file that the store lists: no other path is ever opened.
async fn send(app: &Arc<App>, job: &store::Job, path: &str) -> Answer<Response> {
    let id = job.id.clone();
    let files = app.blocking(move |app| app.store.files(&id)).await?;
    let listed = files.into_iter().find(|file| file.path == path);
    let listed = listed.ok_or_else(|| Problem::not_found("file"))?;
    let opened = File::open(app.folders.out(&job.id).join(&listed.path)).await;
    let file = opened.map_err(|err| match err.kind() {
        std::io::ErrorKind::NotFound => Problem::not_found("file"), // Removed in this moment.
        _ => uploads::failed(&err),
    })?;
    let media_type = media_type(path);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LENGTH, listed.bytes.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if media_type.starts_with("text/html") {
        let policy = HeaderValue::from_static(PAGE_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

/// Notes who has seen results.
async fn note_read(app: &Arc<App>, caller: &Caller, job: &store::Job) -> Answer<()> {
    let (who, id, model) = (caller.name.clone(), job.id.clone(), job.model_sha256.clone());
    let note = move |app: &App| {
        let event =
            Event { job: Some(&id), model_sha256: Some(&model), ..Event::new(&who, Action::Read) };
        app.store.note(event, clock::now())
    };
    app.blocking(note).await
}

/// What a file is, by its ending.
pub(crate) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "tsv" => "text/tab-separated-values; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "gz" => "application/gzip",
        _ => "application/octet-stream",
    }
}
