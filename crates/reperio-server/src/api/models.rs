//! What is offered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::App;
use crate::models::Offer;
use crate::problem::Answer;

/// All models.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ModelList {
    /// By name.
    pub(crate) models: Vec<Offer>,
}

/// The models that can be used
#[utoipa::path(get, path = "/v1/models", operation_id = "list_models", tag = "models",
    responses((status = 200, description = "All models", body = ModelList)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Caller) -> Answer<Json<ModelList>> {
    let models = app.blocking(App::offers).await?;
    Ok(Json(ModelList { models }))
}
