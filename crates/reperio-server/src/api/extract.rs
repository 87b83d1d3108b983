//! Parts of requests, refused as problems.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::{Answer, Problem};

/// The parameters behind `?`.
pub(crate) struct Parameters<T>(pub(crate) T);

/// The parameters in the path.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        parse(parts.uri.query()).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let path = path.map_err(|err| Problem::bad_request(err.body_text()))?;
        Ok(Self(path.0))
    }
}

/// Reads the part of a URL behind `?`.
pub(crate) fn parse<T: DeserializeOwned>(query: Option<&str>) -> Answer<T> {
    let parsed = serde_html_form::from_str(query.unwrap_or_default());
    parsed.map_err(|err| Problem::bad_request(format!("the parameters of the URL: {err}")))
}
