//! New jobs.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Multipart, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};
use utoipa::{IntoResponses, ToSchema};

use crate::access::Caller;
use crate::app::App;
use crate::clock;
use crate::engine::Kind;
use crate::models::Offer;
use crate::net;
use crate::problem::{Answer, Problem};
use crate::random;
use crate::store::{Accepted, NewJob, StoreError};
use crate::uploads::{self, Upload};

use super::form::{self, Form};
use super::jobs::{Job, view};
use super::{results, wait};

/// An upload of fewer bytes is waited for, if the client prefers nothing else.
const SMALL: u64 = 8 << 20;

/// How long, in seconds.
const WAIT: u64 = 10;

/// A form with files.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read as a stream")]
pub(crate) struct Files {
    /// One or more tables of receptor sequences, in any format and compression that `reperio import` reads; their names
    /// become the ids of the repertoires
    #[schema(inline)]
    file: Vec<Table>,
}

/// The bytes of a file
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes the body")]
struct Table(Vec<u8>);

/// Why there is no job.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes the answers, which are problems of any status")]
pub(crate) enum Refused {
    /// A wrong parameter or name
    #[response(status = 400, content_type = "application/problem+json")]
    Wrong(Problem),
    /// No such model
    #[response(status = 404, content_type = "application/problem+json")]
    NoModel(Problem),
    /// The upload came too slowly
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// Too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The command refused the files, or the key was used with others
    #[response(status = 422, content_type = "application/problem+json")]
    NotUsable(Problem),
    /// The queue is full, or there were too many requests; `Retry-After` says when to come again
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// The server's disk is full
    #[response(status = 507, content_type = "application/problem+json")]
    NoSpace(Problem),
}

/// Score repertoires
///
/// Send a form with one or more files, or the bytes of one file and its name as the parameter `name`. A small upload is waited
/// for, and its result comes back in the form that the header `Accept` asks for. Otherwise the answer is a job. `Prefer:
/// wait=SECONDS` (up to 60) and `Prefer: respond-async` decide otherwise. The same `Idempotency-Key` with the same files gives
/// the same job again.
#[utoipa::path(post, path = "/v1/score", operation_id = "score", tag = "jobs",
    params(
        Form,
        ("Idempotency-Key" = Option<String>, Header, description = "Marks tries of one request"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` or `respond-async`")
    ),
    request_body(content = inline(Files), content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The result", content(
            (serde_json::Value = "application/json"),
            (String = "text/tab-separated-values"),
            (String = "text/html")
        )),
        (status = 202, description = "A job, whose result comes later", body = Job),
        Refused
    ))]
pub(crate) async fn score(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer<Response> {
    submit(app, caller, Kind::Score, query.as_deref(), request).await
}

/// Rank the sequences behind each score
///
/// The body and the headers are those of `score`.
#[utoipa::path(post, path = "/v1/explain", operation_id = "explain", tag = "jobs",
    params(
        Form,
        ("Idempotency-Key" = Option<String>, Header, description = "Marks tries of one request"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` or `respond-async`")
    ),
    request_body(content = inline(Files), content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The result", content(
            (serde_json::Value = "application/json"),
            (String = "text/tab-separated-values"),
            (String = "text/html")
        )),
        (status = 202, description = "A job, whose result comes later", body = Job),
        Refused
    ))]
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer<Response> {
    submit(app, caller, Kind::Explain, query.as_deref(), request).await
}

/// What a request asks for.
struct Asked {
    kind: Kind,
    form: Form,
    options: Vec<(String, String)>,
    offer: Offer,
    key: Option<String>,
}

async fn submit(
    app: Arc<App>,
    caller: Caller,
    kind: Kind,
    query: Option<&str>,
    request: Request,
) -> Answer<Response> {
    let headers = request.headers().clone();
    let shape = results::accepted(&headers)?;
    let asked = ask(&app, kind, query, &headers).await?;
    if asked.key.is_none() {
        refuse_if_full(&app).await?; // Before the upload. A key may be of a job that is already there.
    }
    let id = random::id();
    let mut upload = Upload::begin(app.folders.incoming(&id), app.options.max_upload).await?;
    receive(&mut upload, asked.form.name.as_deref(), request).await?;
    let bytes = upload.bytes();
    let ended = app.workers.ended();
    let accepted = tokio::spawn(accept(Arc::clone(&app), caller.name, (id, upload), asked));
    let id = accepted.await.map_err(|err| Problem::internal(&err))??; // Not given up where the client leaves.
    app.metrics.uploaded(bytes);
    let small = if bytes < SMALL { WAIT } else { 0 };
    let seconds = form::wait_seconds(&headers).unwrap_or(small);
    let job = wait::until_ended(&app, &id, ended, Duration::from_secs(seconds)).await?;
    if job.state.has_ended() {
        return results::of_ended(&app, &job, shape).await;
    }
    let after = app.retry_after(0);
    let job = app.blocking(|app| view(app, job)).await?;
    Ok(later(&job, after))
}

/// Reads what stands beside the files.
async fn ask(
    app: &Arc<App>,
    kind: Kind,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Answer<Asked> {
    let form = Form::parse(query)?;
    let (options, key) = (form.options(kind)?, form::idempotency_key(headers)?);
    let offers = app.blocking(App::offers).await?;
    let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    let text = format!("no model called {:?}, expected one of {}", form.model, names.join(", "));
    let offer = offers.iter().find(|offer| offer.name == form.model);
    let offer = offer.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, text))?;
    if let (true, Some(error)) = (offer.sha256.is_empty(), &offer.error) {
        let text = format!("model {} cannot be used: {error}", offer.name);
        return Err(Problem::new(StatusCode::NOT_FOUND, text));
    }
    Ok(Asked { kind, options, offer: offer.clone(), key, form })
}

async fn refuse_if_full(app: &Arc<App>) -> Answer<()> {
    let waiting = app.blocking(|app| app.store.before(i64::MAX)).await?;
    if waiting >= app.options.queue as u64 { Err(full(app, waiting)) } else { Ok(()) }
}

fn full(app: &App, waiting: u64) -> Problem {
    let text = format!("the queue is full: {waiting} waiting");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, text).after(app.retry_after(waiting))
}

/// Streams the files of a request to the disk.
async fn receive(upload: &mut Upload, name: Option<&str>, request: Request) -> Answer<()> {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.to_ascii_lowercase().starts_with("multipart/") {
        return receive_form(upload, request).await;
    }
    let name = name.ok_or_else(|| {
        Problem::bad_request(
            "the body is no form with files: expected its name as the parameter `name`",
        )
    })?;
    let mut file = upload.file(name).await?;
    let mut body = request.into_body().into_data_stream();
    while let Some(part) = body.next().await {
        file.write(&part.map_err(|err| broken(&err))?).await?;
    }
    file.end().await
}

async fn receive_form(upload: &mut Upload, request: Request) -> Answer<()> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|err| Problem::bad_request(err.body_text()))?;
    while let Some(mut field) = form.next_field().await.map_err(|err| broken(&err))? {
        let name = field.file_name().map(str::to_owned);
        let text = "a field of the form has no file name, expected files";
        let name = name.ok_or_else(|| Problem::bad_request(text))?;
        let mut file = upload.file(&name).await?;
        while let Some(part) = field.chunk().await.map_err(|err| broken(&err))? {
            file.write(&part).await?;
        }
        file.end().await?;
    }
    Ok(())
}

/// The body ended too early, came too slowly, or is no form.
fn broken(err: &(dyn std::error::Error + 'static)) -> Problem {
    if net::is_too_slow(err) {
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
    }
    let chain = std::iter::successors(Some(err), |err| err.source());
    let text = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Problem::bad_request(format!("the body cannot be read: {text}"))
}

/// Gives the upload to a job, or to nobody if it is refused or known. Returns the id of the job.
async fn accept(
    app: Arc<App>,
    owner: String,
    (id, upload): (String, Upload),
    asked: Asked,
) -> Answer<String> {
    let (inputs, input_sha256) = upload.keep().await?;
    let Asked { kind, options, offer, key, .. } = asked;
    let own = id.clone();
    let accept = move |app: &App| {
        if let Err(err) = app.folders.take(&own) {
            return Ok(Err(err));
        }
        let new = NewJob {
            id: &own,
            owner: &owner,
            kind,
            model: &offer.name,
            model_sha256: &offer.sha256,
            options: &options,
            inputs: &inputs,
            input_sha256: &input_sha256,
            fingerprint: &fingerprint(kind, &offer.name, &options, &input_sha256),
            key: key.as_deref(),
        };
        app.store.accept(&new, app.options.queue, clock::now()).map(Ok)
    };
    let accepted = app.blocking(accept).await;
    if !matches!(accepted, Ok(Ok(Accepted::New))) {
        let id = id.clone();
        let refuse = move |app: &App| {
            app.folders.refuse(&id);
            Ok::<_, StoreError>(())
        };
        app.blocking(refuse).await?;
    }
    match accepted?.map_err(|err| uploads::failed(&err))? {
        Accepted::New => {
            app.workers.wake();
            Ok(id)
        }
        Accepted::Known(known) => Ok(known),
        Accepted::Full => Err(full(&app, app.options.queue as u64)),
        Accepted::OtherInput => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the Idempotency-Key was used for another request, expected a new one",
        )),
    }
}

fn fingerprint(
    kind: Kind,
    model: &str,
    options: &[(String, String)],
    input_sha256: &str,
) -> String {
    let all = serde_json::to_string(&(kind, model, options, input_sha256)).expect("plain data");
    format!("{:x}", Sha256::digest(all))
}

/// The answer where the result comes later.
fn later(job: &Job, after: u64) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id)) {
        headers.insert(header::LOCATION, place);
    }
    headers.insert(header::RETRY_AFTER, after.into());
    (StatusCode::ACCEPTED, headers, Json(job)).into_response()
}
