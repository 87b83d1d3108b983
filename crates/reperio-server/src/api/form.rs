//! What a request for a job asks for, beside its files.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::engine::Kind;
use crate::problem::{Answer, Problem};

use super::extract;

/// Longest idempotency key, in bytes.
const LONGEST_KEY: usize = 200;

/// Longest time that a request waits for its result, in seconds.
const LONGEST_WAIT: u64 = 60;

/// The parameters in the URL.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Form {
    /// Name of the model
    pub(crate) model: String,
    /// Name of the file, where the body is the file itself and not a form
    #[param(required = false)]
    pub(crate) name: Option<String>,
    /// Share of repertoires whose prediction set should contain their class, in (0, 1); of `score`
    #[param(required = false, minimum = 0, maximum = 1)]
    coverage: Option<f64>,
    /// Rows to keep in each ranking, 0 for all; of `explain`
    #[param(required = false, minimum = 0)]
    top: Option<u64>,
    /// Format of the files, if their headers do not say
    #[param(required = false)]
    format: Option<String>,
    /// Species of the genes, if the files do not say
    #[param(required = false)]
    species: Option<String>,
    /// Keep only this locus, for example TRB; may be repeated
    #[serde(default)]
    #[param(required = false)]
    locus: Vec<String>,
    /// Shortest junction to keep, in residues
    #[param(required = false, minimum = 0)]
    min_length: Option<u64>,
    /// Longest junction to keep, in residues
    #[param(required = false, minimum = 0)]
    max_length: Option<u64>,
    /// Column that names the repertoire of each row
    #[param(required = false)]
    repertoire_column: Option<String>,
    /// Column of the counts
    #[param(required = false)]
    count_column: Option<String>,
    /// Column that holds FIELD, as FIELD=COLUMN; may be repeated
    #[serde(default)]
    #[param(required = false)]
    column: Vec<String>,
}

impl Form {
    /// Reads the part of a URL behind `?`.
    pub(crate) fn parse(query: Option<&str>) -> Answer<Self> {
        extract::parse(query)
    }

    /// The options of the command line that it stands for.
    pub(crate) fn options(&self, kind: Kind) -> Answer<Vec<(String, String)>> {
        let strays = [
            ("coverage", self.coverage.is_some(), Kind::Score),
            ("top", self.top.is_some(), Kind::Explain),
        ];
        if let Some((name, ..)) = strays.iter().find(|(_, given, of)| *given && *of != kind) {
            let text = format!("`{name}` is no parameter of {}", kind.name());
            return Err(Problem::bad_request(text));
        }
        let one = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let mut options: Vec<(String, String)> = [
            one("coverage", self.coverage.map(|value| value.to_string())),
            one("top", number(self.top)),
            one("format", self.format.clone()),
            one("species", self.species.clone()),
            one("min-length", number(self.min_length)),
            one("max-length", number(self.max_length)),
            one("repertoire-column", self.repertoire_column.clone()),
            one("count-column", self.count_column.clone()),
        ]
        .into_iter()
        .flatten()
        .collect();
        for (name, values) in [("locus", &self.locus), ("column", &self.column)] {
            options.extend(values.iter().map(|value| (name.to_owned(), value.clone())));
        }
        Ok(options)
    }
}

/// How long to wait for a result, as the header `Prefer` says; `None` leaves it to the server.
///
/// # References
///
/// RFC 7240, sections 4.1 and 4.3.
pub(crate) fn wait_seconds(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split([',', ';'])).map(str::trim);
    let mut wait = None;
    for preference in preferences {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "respond-async" => drop(wait.get_or_insert(0)),
            "wait" => {
                let seconds = value.trim().trim_matches('"').parse::<u64>().ok();
                wait = seconds.map(|seconds| seconds.min(LONGEST_WAIT)).or(wait);
            }
            _ => {}
        }
    }
    wait
}

/// The key by which a client marks its tries of one request.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(Problem::bad_request(format!(
            "the header Idempotency-Key, expected 1 to {LONGEST_KEY} visible ASCII characters"
        ))),
    }
}

/// A form of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum As {
    /// What the command prints with `--json`.
    Json,
    /// The table of scores.
    Tsv,
    /// The page.
    Html,
}

impl As {
    /// The first form that the header `Accept` names, JSON if it takes everything; `None` if it names none of them.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let Some(accept) = headers.get("accept").and_then(|value| value.to_str().ok()) else {
            return Some(Self::Json);
        };
        accept.split(',').find_map(|range| {
            match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "application/json" | "application/*" | "*/*" | "" => Some(Self::Json),
                "text/tab-separated-values" => Some(Self::Tsv),
                "text/html" | "text/*" => Some(Self::Html),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(name),
            axum::http::HeaderValue::from_str(value).unwrap(),
        )])
    }

    #[test]
    fn parameters_are_options_of_the_command_line() {
        let form =
            Form::parse(Some("model=demo&locus=TRB&locus=TRA&coverage=0.5&column=v_call%3DV"))
                .unwrap();
        let options = form.options(Kind::Score).unwrap();
        let options: Vec<String> =
            options.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(options, ["coverage 0.5", "locus TRB", "locus TRA", "column v_call=V"]);
        assert_eq!(
            form.options(Kind::Explain).unwrap_err().detail,
            "`coverage` is no parameter of explain"
        );
    }

    #[test]
    fn what_is_no_parameter_is_an_error() {
        let told = |query| Form::parse(query).unwrap_err();
        assert!(told(None).detail.contains("model"));
        assert!(told(Some("model=a&out=/etc")).detail.contains("out"));
        assert_eq!(told(Some("model=a&top=-1")).status, 400);
    }

    #[test]
    fn waiting_is_as_preferred() {
        let wait = |text| wait_seconds(&headers("prefer", text));
        assert_eq!(wait("respond-async"), Some(0));
        assert_eq!(wait("respond-async, wait=7"), Some(7));
        assert_eq!(wait("wait = 5; foo"), Some(5));
        assert_eq!(wait("wait=1000000"), Some(60));
        assert_eq!(wait("wait=soon"), None);
        assert_eq!(wait_seconds(&HeaderMap::new()), None);
    }

    #[test]
    fn the_first_known_form_is_taken() {
        let accepted = |text| As::accepted(&headers("accept", text));
        assert_eq!(accepted("text/html,application/xhtml+xml,*/*;q=0.8"), Some(As::Html));
        assert_eq!(accepted("text/tab-separated-values"), Some(As::Tsv));
        assert_eq!(accepted("image/png, */*"), Some(As::Json));
        assert_eq!(accepted("image/png"), None);
        assert_eq!(As::accepted(&HeaderMap::new()), Some(As::Json));
    }

    #[test]
    fn keys_are_short_and_visible() {
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
        let key = |text: &str| idempotency_key(&headers("idempotency-key", text));
        assert_eq!(key("a b").unwrap().as_deref(), Some("a b"));
        assert_eq!(key("").unwrap_err().status, 400);
        assert_eq!(key(&"a".repeat(201)).unwrap_err().status, 400);
    }
}
