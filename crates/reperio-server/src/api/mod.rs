//! The API, version 1, and its description.

mod audit;
mod extract;
mod form;
mod health;
mod jobs;
mod models;
mod results;
mod submit;
mod wait;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{self, Access};
use crate::app::App;

/// What stands above the routes in the description.
#[derive(OpenApi)]
#[openapi(
    info(title = "Reperio", description = "Scores of immune repertoires, and the sequences behind them. For research use only."),
    paths(results::file),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

/// All routes of the API, and the document that describes them.
pub(crate) fn router(access: Access) -> (axum::Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(submit::score))
        .routes(routes!(submit::explain))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::remove))
        .routes(routes!(jobs::cancel))
        .routes(routes!(results::result))
        .routes(routes!(models::list))
        .routes(routes!(audit::log))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .merge(access::routes(access))
        .split_for_parts();
    let served = description.clone();
    let document = move |State(_): State<Arc<App>>| std::future::ready(Json(served.clone()));
    let router = router.route("/v1/openapi.json", get(document));
    // A path of several parts, which OpenAPI cannot say.
    let router = router.route("/v1/jobs/{id}/files/{*path}", get(results::file));
    (router, description)
}
