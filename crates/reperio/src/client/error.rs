//! Why a server gave no result.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use reperio_data::atomic::WriteError;
use serde::Deserialize;
use ureq::Timeout;

/// Longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Why a server gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClientError {
    /// What follows `--server` is no address.
    #[error("--server {url}, expected http://HOST:PORT or https://HOST:PORT")]
    Address {
        /// As it was given.
        url: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// File.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// A file that was measured is shorter now.
    #[error("{path} became shorter while it was sent")]
    Shorter {
        /// File.
        path: PathBuf,
    },
    /// There is no token where one should be.
    #[error("{place} holds no token, expected what `reperio token` printed")]
    NoToken {
        /// File or environment variable.
        place: String,
    },
    /// There is no certificate where one should be.
    #[error("{path} holds no certificate, expected PEM")]
    NoCertificate {
        /// File.
        path: PathBuf,
    },
    /// Only files are sent.
    #[error("{path} is no file: name the files that --server is to get, one by one")]
    NotAFile {
        /// A folder, a pipe or a device.
        path: PathBuf,
    },
    /// Files lie in one folder on the server.
    #[error("two inputs are called {name:?}, expected distinct names with --server")]
    SameName {
        /// Their name.
        name: String,
    },
    /// No answer came.
    #[error("cannot reach {url}")]
    Lost {
        /// Server.
        url: String,
        /// Whether it has answered before.
        answered: bool,
        /// Reason.
        source: Box<ureq::Error>,
    },
    /// Nobody who is trusted speaks for the server.
    #[error("the certificate of {url} is not trusted; --ca FILE names whom to trust")]
    Untrusted {
        /// Server.
        url: String,
        /// Reason.
        source: rustls::Error,
    },
    /// The server refused the request.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// The answer is none that a server of this kind gives.
    #[error("{url} answered {status}, expected a server that `reperio serve` started")]
    Foreign {
        /// Server.
        url: String,
        /// Its status.
        status: u16,
    },
    /// An answer cannot be understood.
    #[error("the answer of {url} is of another version")]
    Version {
        /// Server.
        url: String,
        /// Where it deviates.
        source: serde_json::Error,
    },
    /// A file of the results has another hash than the server says.
    #[error("{name} arrived damaged")]
    Damaged {
        /// File.
        name: String,
    },
    /// A result is missing.
    #[error("the server has no {name}: it is of another version")]
    Missing {
        /// File.
        name: String,
    },
    /// The job ended without a result.
    #[error("{0}")]
    Failed(String),
    /// The person asked to stop.
    #[error("interrupted")]
    Stopped,
    /// A result cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The system has no random numbers.
    #[error("no random numbers")]
    Random(#[source] getrandom::Error),
}

/// An error as RFC 9457 has it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Problem {
    /// HTTP status.
    pub(crate) status: u16,
    /// What was found and what was expected.
    pub(crate) detail: String,
    /// Seconds after which another try may succeed.
    #[serde(skip)]
    pub(crate) retry_after: Option<u64>,
}

impl ClientError {
    /// How long to wait before another try, which may succeed; `pause` unless the server says. `None` if none will.
    pub(crate) fn passes_after(&self, pause: Duration) -> Option<Duration> {
        match self {
            Self::Refused(Problem { status: 429 | 503, retry_after, .. }) => {
                let asked = retry_after.map_or(pause, Duration::from_secs);
                Some(asked.min(LONGEST_PAUSE))
            }
            Self::Lost { answered, source, .. } => may_pass(source, *answered).then_some(pause),
            _ => None,
        }
    }
}

/// Whether a connection may succeed later. One that never did is a wrong address before all else.
fn may_pass(err: &ureq::Error, answered: bool) -> bool {
    use io::ErrorKind as Kind;
    match err {
        ureq::Error::Io(err) => match err.kind() {
            Kind::BrokenPipe
            | Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::NotConnected
            | Kind::UnexpectedEof
            | Kind::WouldBlock => true,
            Kind::InvalidData | Kind::InvalidInput => false, // It speaks something else.
            _ => answered,
        },
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed => answered,
        ureq::Error::Timeout(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(2);

    fn refused(status: u16, retry_after: Option<u64>) -> Option<u64> {
        let problem = Problem { status, detail: String::new(), retry_after };
        ClientError::Refused(problem).passes_after(PAUSE).map(|pause| pause.as_secs())
    }

    fn lost(answered: bool, kind: io::ErrorKind) -> bool {
        let source = Box::new(ureq::Error::Io(kind.into()));
        let url = "http://127.0.0.1:1".to_owned();
        ClientError::Lost { url, answered, source }.passes_after(PAUSE).is_some()
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert_eq!(refused(429, Some(7)), Some(7));
        assert_eq!(refused(503, None), Some(2));
        assert_eq!(refused(429, Some(86_400)), Some(60));
        assert_eq!(refused(422, Some(7)), None);
        assert!(lost(false, io::ErrorKind::ConnectionReset));
        assert!(lost(true, io::ErrorKind::ConnectionRefused), "a server that starts again");
        assert!(!lost(false, io::ErrorKind::ConnectionRefused), "no server there");
        assert!(!lost(true, io::ErrorKind::InvalidData), "no server of this kind");
    }
}
