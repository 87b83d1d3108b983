//! By which names the server is called: requests that a foreign page makes in somebody's browser are refused.
//!
//! Without tokens, everything that reaches the port is let in, so a page whose own name resolves to the loopback address
//! (DNS rebinding) must not: the `Host` that it sends is its own. With or without tokens, a page's `Origin` must be ours for
//! whatever changes something.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Access;
use crate::options::Options;
use crate::problem::{Answer, Problem};

/// Our names.
pub(crate) struct Hosts {
    /// In lower case, as given: with or without a port.
    given: Vec<String>,
    address: IpAddr,
    port: u16,
    /// Whether tokens decide who is let in, under whatever name.
    has_tokens: bool,
}

impl Hosts {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            given: options.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            address: options.address.ip(),
            port: options.address.port(),
            has_tokens: options.tokens.is_some(),
        }
    }

    /// Whether a request was meant for us.
    ///
    /// # Errors
    ///
    /// 403 for a foreign host or origin, 400 for several.
    pub(crate) fn check(&self, method: &Method, headers: &HeaderMap) -> Answer<()> {
        let host = only(headers, &header::HOST)?;
        let host = host.ok_or_else(|| Problem::bad_request("no `Host` header"))?;
        let (name, _) = split(&host);
        if !self.has_tokens && !self.is_ours(name) {
            let text = format!(
                "host {name:?} is not a name of this server; `--host {name}` would make it one"
            );
            return Err(Problem::new(StatusCode::FORBIDDEN, text));
        }
        let origin = only(headers, &header::ORIGIN)?;
        let is_foreign = origin.is_some_and(|origin| !self.is_our_origin(&origin, &host));
        if is_foreign && !matches!(*method, Method::GET | Method::HEAD) {
            let text = "the request comes from a page of another site";
            return Err(Problem::new(StatusCode::FORBIDDEN, text));
        }
        Ok(())
    }

    fn is_ours(&self, name: &str) -> bool {
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let address = bare.parse::<IpAddr>().ok();
        let is_here =
            |address: IpAddr| address.to_canonical().is_loopback() || address == self.address;
        let is_given = self.given.iter().any(|given| split(given).0 == name);
        name == "localhost" || is_given || address.is_some_and(is_here)
    }

    /// Whether a page of this origin is one of ours: of the host that the request names, or of a name given on the command
    /// line, under which a proxy in front of the server is called.
    fn is_our_origin(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let (name, port) = split(authority);
        let port = port.unwrap_or(default);
        let (host, host_port) = split(host);
        if (name, port) == (host, host_port.unwrap_or(default)) {
            return true;
        }
        self.given.iter().any(|given| match split(given) {
            (given, Some(given_port)) => (given, given_port) == (name, port),
            (given, None) => given == name && (port == default || port == self.port),
        })
    }
}

/// The only value of a header, in lower case.
fn only(headers: &HeaderMap, name: &HeaderName) -> Answer<Option<String>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str().map(str::to_ascii_lowercase));
    match (value.transpose(), values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(Problem::bad_request(format!("`{name}` is given twice or is no text"))),
    }
}

/// Name and port of an authority.
fn split(authority: &str) -> (&str, Option<u16>) {
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let Some((name, port)) = port.and_then(|(name, port)| Some((name, port.parse().ok()?))) else {
        return (authority.strip_suffix('.').unwrap_or(authority), None);
    };
    (name.strip_suffix('.').unwrap_or(name), Some(port))
}

/// The middleware, which stands before all routes.
pub(crate) async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    match access.hosts().check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str, given: &[&str], has_tokens: bool) -> Hosts {
        let address: std::net::SocketAddr = address.parse().unwrap();
        let given = given.iter().map(|&name| name.to_owned()).collect();
        Hosts { given, address: address.ip(), port: address.port(), has_tokens }
    }

    fn status(hosts: &Hosts, method: &Method, pairs: &[(HeaderName, &str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        hosts.check(method, &headers).map_or_else(|problem| problem.status, |()| 200)
    }

    const HOST: HeaderName = header::HOST;
    const ORIGIN: HeaderName = header::ORIGIN;

    #[test]
    fn without_tokens_only_our_names_are_served() {
        let hosts = hosts("127.0.0.1:8750", &["lab.example"], false);
        for name in [
            "localhost",
            "localhost:8750",
            "LOCALHOST.:8750",
            "127.0.0.1",
            "127.3.2.1:8750",
            "[::1]:8750",
            "[::1]",
            "lab.example",
            "Lab.Example:8750",
        ] {
            assert_eq!(status(&hosts, &Method::GET, &[(HOST, name)]), 200, "{name}");
        }
        for name in [
            "evil.example",
            "evil.example:8750",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "lab.example.evil.example",
            "10.0.0.1",
            "",
            "0.0.0.0:8750",
            "localhost:8750@evil.example",
            "[::1",
        ] {
            assert_eq!(status(&hosts, &Method::GET, &[(HOST, name)]), 403, "{name}");
        }
        assert_eq!(status(&hosts, &Method::GET, &[]), 400);
        assert_eq!(
            status(&hosts, &Method::GET, &[(HOST, "localhost"), (HOST, "evil.example")]),
            400
        );
    }

    #[test]
    fn with_tokens_any_name_is_served() {
        let hosts = hosts("0.0.0.0:8750", &[], true);
        assert_eq!(status(&hosts, &Method::GET, &[(HOST, "reperio.clinic:8750")]), 200);
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        for has_tokens in [false, true] {
            let hosts = hosts("127.0.0.1:8750", &["lab.example", "other.example:444"], has_tokens);
            let of = |origin| {
                status(&hosts, &Method::POST, &[(HOST, "localhost:8750"), (ORIGIN, origin)])
            };
            for origin in [
                "http://localhost:8750",
                "https://localhost:8750",
                "https://lab.example",
                "http://lab.example:8750",
                "https://other.example:444",
            ] {
                assert_eq!(of(origin), 200, "{origin}");
            }
            for origin in [
                "null",
                "",
                "http://localhost",
                "http://localhost:3000",
                "http://127.0.0.1:8750",
                "http://evil.example",
                "https://lab.example:444",
                "https://other.example",
                "http://localhost:8750.evil.example",
                "file://localhost:8750",
                "https://lab.example:443@evil.example",
            ] {
                assert_eq!(of(origin), 403, "{origin}");
            }
        }
    }

    #[test]
    fn a_default_port_may_be_left_out() {
        let hosts = hosts("0.0.0.0:443", &[], true);
        for (host, origin) in [
            ("lab.example", "https://lab.example"),
            ("lab.example:443", "https://lab.example"),
            ("lab.example:80", "http://lab.example"),
            ("[fe80::1]:443", "https://[fe80::1]"),
        ] {
            assert_eq!(
                status(&hosts, &Method::POST, &[(HOST, host), (ORIGIN, origin)]),
                200,
                "{host}"
            );
        }
    }

    #[test]
    fn reading_is_left_to_the_browser() {
        let hosts = hosts("127.0.0.1:8750", &[], false);
        let headers = [(HOST, "localhost"), (ORIGIN, "http://evil.example")];
        assert_eq!(status(&hosts, &Method::GET, &headers), 200);
        assert_eq!(status(&hosts, &Method::DELETE, &headers), 403);
        assert_eq!(status(&hosts, &Method::OPTIONS, &headers), 403);
    }
}
