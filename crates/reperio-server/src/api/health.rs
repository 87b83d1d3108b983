//! Whether the server is well.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::access::Admin;
use crate::app::App;
use crate::problem::{Answer, Problem};

/// Whether the server runs
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operation", security(()),
    responses((status = 200, description = "It runs", body = String)))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the server can take jobs
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operation", security(()),
    responses(
        (status = 200, description = "It can", body = String),
        (status = 503, description = "It cannot", body = Problem, content_type = "application/problem+json")
    ))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Answer<&'static str> {
    let unavailable = |text: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, text);
    let counts = app.blocking(|app| app.store.counts()).await;
    counts.map_err(|_| unavailable("the store fails"))?;
    let offers = app.blocking(App::offers).await;
    let offers = offers.map_err(|_| unavailable("the folder of models cannot be read"))?;
    if offers.iter().all(|offer| offer.sha256.is_empty()) {
        return Err(unavailable("no usable model"));
    }
    Ok("ready\n")
}

/// Counters in the text format of Prometheus
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation",
    responses((status = 200, description = "Counters", body = String, content_type = "text/plain; version=0.0.4")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>, _: Admin) -> Answer<impl IntoResponse> {
    let jobs = app.blocking(|app| app.store.counts()).await?;
    let text = app.metrics.text(&jobs, app.options.workers);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
