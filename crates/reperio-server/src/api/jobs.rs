//! Jobs: looked at, cancelled, removed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Caller, Role};
use crate::app::App;
use crate::clock;
use crate::engine::Kind;
use crate::problem::{Answer, Problem};
use crate::store::{self, Action, Event, Input, State as JobState, StoreError};
use crate::workers::{Advance, REPORT};

use super::extract::{Named, Parameters};
use super::results::media_type;

/// A command on uploaded files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    pub(crate) id: String,
    /// The command.
    pub(crate) kind: Kind,
    /// Name of the model.
    pub(crate) model: String,
    /// The version of the model that was offered when the job was accepted, and that runs.
    pub(crate) model_sha256: String,
    /// Name of the token that it was made with.
    pub(crate) owner: String,
    /// Where it is.
    pub(crate) state: JobState,
    /// When it was accepted.
    pub(crate) created: String,
    /// When it last began to run.
    pub(crate) started: Option<String>,
    /// When it ended.
    pub(crate) finished: Option<String>,
    /// Jobs that wait before it, while it waits.
    pub(crate) position: Option<u64>,
    /// How far it is, while it runs.
    pub(crate) progress: Option<Advance>,
    /// What was uploaded.
    pub(crate) inputs: Vec<Input>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// What the command warned of, once it is done.
    pub(crate) warnings: Vec<String>,
    /// Its results, once it is done.
    pub(crate) files: Vec<ResultFile>,
}

/// A file of the results.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ResultFile {
    /// Its path in `/v1/jobs/ID/files/PATH`.
    pub(crate) path: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub(crate) sha256: String,
    /// What it is.
    pub(crate) media_type: String,
}

/// Jobs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct JobList {
    /// Newest first.
    pub(crate) jobs: Vec<Job>,
}

/// How many jobs.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Most {
    /// Most jobs to list, up to 1000
    #[serde(default = "hundred")]
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: usize,
}

fn hundred() -> usize {
    100
}

/// The job as clients see it.
pub(crate) fn view(app: &App, job: store::Job) -> Result<Job, StoreError> {
    let (inputs, files) = (app.store.inputs(&job.id)?, app.store.files(&job.id)?);
    let queued = job.state == JobState::Queued;
    let position = queued.then(|| app.store.before(job.number)).transpose()?;
    let running = (job.state == JobState::Running).then(|| app.workers.running(&job.id)).flatten();
    let file = |store::File { path, bytes, sha256 }: store::File| {
        let media_type = media_type(&path).to_owned();
        ResultFile { path, bytes, sha256, media_type }
    };
    Ok(Job {
        kind: job.kind,
        model: job.model,
        model_sha256: job.model_sha256,
        owner: job.owner,
        state: job.state,
        created: clock::text(job.created),
        started: job.started.map(clock::text),
        finished: job.finished.map(clock::text),
        position,
        progress: running.and_then(|running| running.advance()),
        inputs,
        error: job.error,
        warnings: job.warnings,
        files: files.into_iter().filter(|file| file.path != REPORT).map(file).collect(),
        id: job.id,
    })
}

/// The job `id`, if the caller may see it.
pub(crate) async fn find(app: &Arc<App>, caller: &Caller, id: &str) -> Answer<store::Job> {
    let wanted = id.to_owned();
    let job = app.blocking(move |app| app.store.job(&wanted)).await?;
    let own = job.filter(|job| caller.role == Role::Admin || job.owner == caller.name);
    own.ok_or_else(|| Problem::not_found("job"))
}

/// The latest jobs; an admin sees everybody's
#[utoipa::path(get, path = "/v1/jobs", operation_id = "list_jobs", tag = "jobs", params(Most),
    responses((status = 200, description = "Newest first", body = JobList)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(Most { limit }): Parameters<Most>,
) -> Answer<Json<JobList>> {
    let jobs = move |app: &App| {
        let owner = (caller.role != Role::Admin).then_some(caller.name.as_str());
        let jobs = app.store.jobs(owner, limit.clamp(1, 1000))?;
        jobs.into_iter().map(|job| view(app, job)).collect::<Result<Vec<_>, StoreError>>()
    };
    Ok(Json(JobList { jobs: app.blocking(jobs).await? }))
}

/// A job
#[utoipa::path(get, path = "/v1/jobs/{id}", operation_id = "get_job", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The job", body = Job),
        (status = 404, description = "No such job, or somebody else's", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<String>,
) -> Answer<Json<Job>> {
    let job = find(&app, &caller, &id).await?;
    Ok(Json(app.blocking(|app| view(app, job)).await?))
}

/// Cancel a job that waits or runs
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", operation_id = "cancel_job", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The job; one that runs ends as soon as it can", body = Job),
        (status = 404, description = "No such job, or somebody else's", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<String>,
) -> Answer<Json<Job>> {
    let job = find(&app, &caller, &id).await?;
    let ended = || Problem::new(StatusCode::CONFLICT, "the job has ended").of_job(&id);
    if job.state.has_ended() {
        return Err(ended());
    }
    let stop = move |app: &App| {
        let waited = app.store.cancel(&job.id, &caller.name, clock::now())?;
        if waited {
            app.folders.remove_inputs(&job.id);
            app.workers.tell_ended(&job.id);
        }
        Ok::<_, StoreError>(waited || app.workers.cancel(&job.id))
    };
    if !app.blocking(stop).await? {
        return Err(ended());
    }
    let shown = move |app: &App| {
        let job = app.store.job(&id)?;
        job.map(|job| view(app, job)).transpose()
    };
    let job = app.blocking(shown).await?;
    job.map(Json).ok_or_else(|| Problem::not_found("job"))
}

/// Remove an ended job and its results
#[utoipa::path(delete, path = "/v1/jobs/{id}", operation_id = "delete_job", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "No such job, or somebody else's", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has not ended", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<String>,
) -> Answer<StatusCode> {
    let job = find(&app, &caller, &id).await?;
    let remove = move |app: &App| {
        let event = Event { job: Some(&job.id), ..Event::new(&caller.name, Action::Removed) };
        let removed = app.store.remove(&job.id, event, clock::now())?;
        if removed {
            app.folders.remove(&job.id);
        }
        Ok::<_, StoreError>(removed)
    };
    if app.blocking(remove).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(StatusCode::CONFLICT, "the job has not ended; cancel it first").of_job(&id))
}
