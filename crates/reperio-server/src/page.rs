//! The page for browsers, and the headers that keep answers from being misused by other pages.
//!
//! Its files stand in the program: nothing is loaded from elsewhere, and the folder of the server holds no code.

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

/// Only the page's own files, no frames around it, nowhere else to send a form.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What answers that are not pages need: nothing at all.
const NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A file of the page.
struct Asset {
    path: &'static str,
    media: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($path:literal, $media:ident, $file:literal) => {
        Asset { path: $path, media: $media, text: include_str!(concat!("page/", $file)) }
    };
}

const ASSETS: [Asset; 14] = [
    asset!("/", HTML, "index.html"),
    asset!("/style.css", STYLE, "style.css"),
    asset!("/api.js", SCRIPT, "api.js"),
    asset!("/app.js", SCRIPT, "app.js"),
    asset!("/card.js", SCRIPT, "card.js"),
    asset!("/dom.js", SCRIPT, "dom.js"),
    asset!("/form.js", SCRIPT, "form.js"),
    asset!("/links.js", SCRIPT, "links.js"),
    asset!("/models.js", SCRIPT, "models.js"),
    asset!("/queue.js", SCRIPT, "queue.js"),
    asset!("/results.js", SCRIPT, "results.js"),
    asset!("/session.js", SCRIPT, "session.js"),
    asset!("/tsv.js", SCRIPT, "tsv.js"),
    asset!("/uploads.js", SCRIPT, "uploads.js"),
];

/// Headers of every answer that does not set them itself.
const GENERAL: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, NO_PAGE),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// The files of the page, which need no token: they hold no data.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let tag = tag(asset.text);
        router.route(asset.path, get(async move |headers: HeaderMap| answer(asset, &tag, &headers)))
    })
}

/// Adds what keeps an answer from being misused: shown in a frame, read as another type, or kept where others read it.
pub(crate) async fn secure(mut response: Response) -> Response {
    for (name, value) in GENERAL {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The file, or that the browser has it.
fn answer(asset: &'static Asset, tag: &str, asked: &HeaderMap) -> Response {
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|own| own.to_str().ok());
    let mut tags = known.flat_map(|own| own.split(',')).map(str::trim);
    let is_known = tags.any(|own| own == "*" || own.trim_start_matches("W/") == tag);
    let headers = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, asset.media)], asset.text).into_response()
}

/// The SHA-256 of a file, in quotation marks.
fn tag(text: &str) -> String {
    format!("\"{:x}\"", Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, Request};
    use axum::middleware::map_response;
    use tower::ServiceExt;

    use super::*;

    async fn ask(method: Method, path: &str, known: Option<&str>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(tag) = known {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let router: Router = routes().layer(map_response(secure));
        let request = request.body(Body::empty()).expect("a request");
        router.oneshot(request).await.expect("an answer")
    }

    fn field<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }

    #[tokio::test]
    async fn every_file_has_its_type_and_a_strict_policy() {
        for Asset { path, media, .. } in &ASSETS {
            let response = ask(Method::GET, path, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(field(&response, "content-type"), *media, "{path}");
            assert_eq!(field(&response, "cache-control"), "no-cache", "{path}");
            assert_eq!(field(&response, "content-security-policy"), POLICY, "{path}");
            assert_eq!(field(&response, "x-content-type-options"), "nosniff", "{path}");
            assert_eq!(field(&response, "referrer-policy"), "no-referrer", "{path}");
            assert_eq!(field(&response, "cross-origin-opener-policy"), "same-origin", "{path}");
            assert!(field(&response, "permissions-policy").contains("camera=()"), "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_is_sent_again_only_if_it_has_changed() {
        let first = ask(Method::GET, "/app.js", None).await;
        let tag = field(&first, "etag");
        assert_eq!(tag.len(), 66, "{tag}");
        for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
            let again = ask(Method::GET, "/app.js", Some(known)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(field(&again, "content-security-policy"), POLICY);
        }
        let other = ask(Method::GET, "/app.js", Some("\"other\"")).await;
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn files_can_only_be_read() {
        assert_eq!(ask(Method::HEAD, "/", None).await.status(), StatusCode::OK);
        assert_eq!(ask(Method::POST, "/", None).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn answers_that_are_no_page_may_do_nothing() {
        let response = ask(Method::GET, "/nowhere", None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(field(&response, "content-security-policy"), NO_PAGE);
        assert_eq!(field(&response, "cache-control"), "no-store");
    }

    #[test]
    fn the_page_asks_for_nothing_that_its_policy_forbids() {
        let page = ASSETS[0].text;
        for forbidden in ["style=", "<style", "onclick", "onload", "http:", "https:", "//"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        for Asset { path, text, .. } in &ASSETS {
            for risky in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                assert!(!text.contains(risky), "{path}: {risky}");
            }
        }
    }

    #[test]
    fn every_module_that_is_imported_is_served() {
        for Asset { path, text, .. } in &ASSETS {
            for from in text.split(" from \"./").skip(1) {
                let name = from.split('"').next().unwrap_or_default();
                let served = ASSETS.iter().any(|own| own.path.strip_prefix('/') == Some(name));
                assert!(served, "{path} imports {name}");
            }
        }
    }
}
