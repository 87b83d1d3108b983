//! Who calls: tokens, sessions of browsers, roles, and how often.

mod buckets;
mod hosts;
mod known;
mod routes;
mod secret;
mod sessions;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};

pub(crate) use hosts::guard;
pub(crate) use routes::routes;
pub use tokens::{Role, TokensError, add_token};

use crate::clock::{self, Millis};
use crate::net::Peer;
use crate::options::Options;
use crate::problem::{Answer, Problem};
use buckets::{Buckets, Pace};
use hosts::Hosts;
use known::Known;
use sessions::{Session, Sessions};
use tokens::Token;

/// Tokens whose requests are counted.
const COUNTED: usize = 4096;
/// Seconds' worth of requests that a token may make at once.
const BURST: f64 = 5.0;

/// Decides who is let in. Clones share everything.
#[derive(Clone)]
pub(crate) struct Access(Arc<Inner>);

struct Inner {
    /// None where nobody needs a token.
    known: Option<Known>,
    sessions: Sessions,
    requests: Buckets<String>,
    hosts: Hosts,
    has_tls: bool,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The token's name; `local` where there are no tokens.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

/// A caller with the role `admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin(pub(crate) Caller);

impl Access {
    /// Reads the tokens.
    ///
    /// # Errors
    ///
    /// If their file is missing or cannot be used.
    pub(crate) fn new(options: &Options, now: Millis) -> Result<Self, TokensError> {
        let known = options.tokens.as_deref().map(|file| Known::open(file, now)).transpose()?;
        let rate = f64::from(options.rate.max(1));
        let pace = Pace { burst: BURST * rate, per_second: rate };
        Ok(Self(Arc::new(Inner {
            known,
            sessions: Sessions::default(),
            requests: Buckets::new(pace, COUNTED),
            hosts: Hosts::new(options),
            has_tls: options.tls.is_some(),
        })))
    }

    fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// Who makes a request: by its token, or by its session.
    ///
    /// # Errors
    ///
    /// 401 if nobody, 400 for a header that is none, 403 for a session without its CSRF token, 429 if it makes too many.
    pub(crate) async fn caller(&self, parts: &Parts, now: Millis) -> Answer<Caller> {
        let Some(known) = &self.0.known else { return Ok(local()) };
        let token = match bearer(&parts.headers)? {
            Some(token) => known.verify(token, address(parts), now).await?,
            None => self.session(known, parts, now)?.1,
        };
        self.count(&token, now)?;
        Ok(caller(&token))
    }

    /// The session of a request, and its token as it is now.
    fn session(&self, known: &Known, parts: &Parts, now: Millis) -> Answer<(Session, Arc<Token>)> {
        let Some(id) = sessions::cookie(&parts.headers) else {
            return Err(unauthorized("expected a token: `Authorization: Bearer TOKEN`"));
        };
        let set = known.set(now)?;
        let session = self.0.sessions.find(id);
        let found = session.and_then(|session| {
            let token = session.valid_token(&set, now)?;
            Some((session, token))
        });
        let Some((session, token)) = found else {
            self.0.sessions.close(id);
            return Err(unauthorized("the session has ended"));
        };
        if !matches!(parts.method, Method::GET | Method::HEAD)
            && !has_csrf(&parts.headers, &session)
        {
            let text = "expected the session's `csrf` in the header `X-CSRF-Token`";
            return Err(Problem::new(StatusCode::FORBIDDEN, text));
        }
        Ok((session, token))
    }

    /// Counts a request of a token.
    fn count(&self, token: &Token, now: Millis) -> Answer<()> {
        self.0.requests.take(&token.name, now).map_err(|seconds| {
            let text = "too many requests with this token";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, text).after(seconds)
        })
    }
}

fn caller(token: &Token) -> Caller {
    Caller { name: token.name.clone(), role: token.role }
}

/// Everybody, where there are no tokens.
fn local() -> Caller {
    Caller { name: "local".to_owned(), role: Role::Admin }
}

fn unauthorized(text: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, text)
}

/// The token in the headers.
fn bearer(headers: &HeaderMap) -> Answer<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (token, values.next()) {
        (Some((_, token)), None) => Ok(Some(token.trim())),
        _ => Err(Problem::bad_request("expected one header `Authorization: Bearer TOKEN`")),
    }
}

fn has_csrf(headers: &HeaderMap, session: &Session) -> bool {
    let sent = headers.get("x-csrf-token");
    sent.is_some_and(|sent| secret::is_same(sent.as_bytes(), session.csrf.as_bytes()))
}

/// The client's address. Without one (nothing listens) all clients count as one.
fn address(parts: &Parts) -> IpAddr {
    parts.extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Access: FromRef<S>,
{
    type Rejection = Problem;

    /// Asked twice of one request, the answer is the same and counts once.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let caller = Access::from_ref(state).caller(parts, clock::now()).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Access: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::Score => {
                let text =
                    format!("token {:?} has the role `score`, expected `admin`", caller.name);
                Err(Problem::new(StatusCode::FORBIDDEN, text))
            }
        }
    }
}

#[cfg(test)]
mod tests;
