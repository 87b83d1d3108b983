//! Requests to a server, and its answers.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reperio_data::progress::Observer;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Response, Uri, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, SendBody};

use super::error::{ClientError, Problem};
use super::form::{Body, Files};
use super::{retry, trust};

/// How long a connection may take to begin.
const CONNECT: Duration = Duration::from_secs(10);

/// How long it may stand still.
const STILL: Duration = Duration::from_mins(2);

/// Bytes of an answer that is kept in memory.
const LONGEST_ANSWER: u64 = 1 << 30;

/// A server, and who calls it.
pub(crate) struct Server {
    agent: Agent,
    /// Without a slash at its end.
    url: String,
    token: Option<String>,
    /// Whether an answer has come.
    answered: AtomicBool,
}

/// The answer of a server that is content.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    body: ureq::Body,
}

impl Server {
    /// The server at `url`. Certificates are held against those in the file `authorities`, or against the system's.
    pub(crate) fn new(
        url: &str,
        token: Option<String>,
        authorities: Option<&Path>,
    ) -> Result<Self, ClientError> {
        let host = host(url)?;
        let is_plain = url.starts_with("http:");
        if is_plain && !is_loopback(&host) {
            tracing::warn!(
                "{url} is not encrypted: others on the way can read the sequences and the token"
            );
        }
        let trust = if is_plain { trust::nobody() } else { trust::by(authorities)? };
        Ok(Self::with(url, token, trust, is_loopback(&host)))
    }

    fn with(url: &str, token: Option<String>, trust: TlsConfig, is_here: bool) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0) // The token is for this server alone.
            .max_redirects_will_error(false)
            .user_agent(concat!("reperio/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(STILL))
            .timeout_per_write(Some(STILL))
            .tls_config(trust);
        if is_here {
            config = config.proxy(None);
        }
        let (agent, url) = (config.build().new_agent(), url.trim_end_matches('/').to_owned());
        Self { agent, url, token, answered: AtomicBool::new(false) }
    }

    /// Sends files; `key` marks all tries of this one request.
    pub(super) fn post_files(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        files: &Files,
        key: &str,
        observer: &dyn Observer,
    ) -> Result<Answer, ClientError> {
        let boundary = format!("reperio-{key}");
        let mut body = Body::new(files, &boundary, observer);
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in parameters {
            request = request.query(name, value);
        }
        let sent = self
            .authorised(request)
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header(header::CONTENT_LENGTH, body.len())
            .header(header::EXPECT, "100-continue") // A refusal comes before the files are sent.
            .header("idempotency-key", key)
            .header("prefer", "respond-async")
            .send(SendBody::from_reader(&mut body));
        match body.failed.take() {
            Some(err) => Err(err),
            None => self.answer(sent),
        }
    }

    /// Sends nothing but the request.
    pub(super) fn post(&self, path: &str) -> Result<Answer, ClientError> {
        let request = self.agent.post(format!("{}{path}", self.url));
        self.answer(self.authorised(request).send_empty())
    }

    /// Asks for something.
    pub(super) fn get(&self, path: &str) -> Result<Answer, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.answer(self.authorised(request).call())
    }

    /// Asks for a JSON object, more than once if need be.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        path: &str,
        observer: &dyn Observer,
    ) -> Result<T, ClientError> {
        retry::until_it_passes(observer, || self.object(self.get(path)?))
    }

    /// The object in an answer.
    pub(super) fn object<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, ClientError> {
        let body = answer.body.into_with_config().limit(LONGEST_ANSWER).read_to_vec();
        let body = body.map_err(|err| self.lost(err))?;
        serde_json::from_slice(&body)
            .map_err(|source| ClientError::Version { url: self.url.clone(), source })
    }

    fn authorised<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    fn answer(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, ClientError> {
        let (parts, body) = answer.map_err(|err| self.lost(err))?.into_parts();
        self.answered.store(true, Ordering::Relaxed);
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        if parts.status.is_success() { Ok(answer) } else { Err(self.refusal(answer)) }
    }

    fn refusal(&self, answer: Answer) -> ClientError {
        let status = answer.status;
        let retry_after = answer.header("retry-after").and_then(|text| text.parse().ok());
        match self.object::<Problem>(answer) {
            Ok(problem) => ClientError::Refused(Problem { retry_after, ..problem }),
            Err(_) => ClientError::Foreign { url: self.url.clone(), status },
        }
    }

    pub(super) fn lost(&self, source: ureq::Error) -> ClientError {
        let url = self.url.clone();
        if let Some(source) = untrusted(&source) {
            return ClientError::Untrusted { url, source };
        }
        let answered = self.answered.load(Ordering::Relaxed);
        ClientError::Lost { url, answered, source: Box::new(source) }
    }
}

/// What is wrong with a certificate, if that ended the connection.
fn untrusted(err: &ureq::Error) -> Option<rustls::Error> {
    let ureq::Error::Io(err) = err else { return None };
    let source = err.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(source, rustls::Error::InvalidCertificate(_)).then(|| source.clone())
}

impl Answer {
    /// A header that is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What came behind the headers.
    pub(super) fn into_reader(self) -> impl Read {
        self.body.into_reader()
    }
}

/// Whether the server at `url` can take jobs. Its certificate may be for another name: nothing secret is sent.
pub(crate) fn is_ready(url: &str) -> Result<(), ClientError> {
    let host = host(url)?;
    Server::with(url, None, trust::everybody(), is_loopback(&host)).get("/readyz")?;
    Ok(())
}

/// The host in an address.
fn host(url: &str) -> Result<String, ClientError> {
    let wrong = || ClientError::Address { url: url.to_owned() };
    let parsed: Uri = url.parse().map_err(|_| wrong())?;
    let scheme = parsed.scheme_str().unwrap_or_default();
    let authority = parsed.authority().ok_or_else(wrong)?;
    let is_good = ["http", "https"].contains(&scheme)
        && !authority.host().is_empty()
        && !authority.as_str().contains('@')
        && parsed.query().is_none();
    if is_good { Ok(authority.host().to_owned()) } else { Err(wrong()) }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|own| own.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        for (url, expected) in [
            ("http://127.0.0.1:8750", "127.0.0.1"),
            ("https://reperio.example.org/", "reperio.example.org"),
            ("http://[::1]:8750", "[::1]"),
            ("https://example.org/reperio", "example.org"),
        ] {
            assert_eq!(host(url).unwrap(), expected);
        }
        for wrong in
            ["", "localhost:8750", "ftp://a", "http://", "http://a?b", "http://a:b@c", "/a"]
        {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("[::1]", true),
            ("localhost", true),
            ("10.0.0.1", false),
            ("localhost.org", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
