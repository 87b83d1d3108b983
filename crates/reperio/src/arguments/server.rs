//! A server that works in place of this machine.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::client::{ClientError, Server};

/// Where the token is, if no file is named.
const VARIABLE: &str = "REPERIO_TOKEN";

/// A server that works in place of this machine.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "On a server")]
pub(crate) struct ServerArgs {
    /// Let the server at this address work, http://HOST:PORT or https://HOST:PORT. --model is then its name of the
    /// model, and the inputs are files, which are sent
    #[arg(
        long,
        value_name = "URL",
        conflicts_with_all = ["metadata", "skip_unreadable", "max_ratio", "device"]
    )]
    server: Option<String>,
    /// File with the token for the server [default: the environment variable `REPERIO_TOKEN`]
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// Certificates that speak for the server, in PEM [default: those of the system]
    #[arg(long, value_name = "FILE", requires = "server")]
    ca: Option<PathBuf>,
}

impl ServerArgs {
    /// The server, if there is one.
    pub(crate) fn open(&self) -> Result<Option<Server>, ClientError> {
        let Some(url) = &self.server else { return Ok(None) };
        Server::new(url, self.token()?, self.ca.as_deref()).map(Some)
    }

    fn token(&self) -> Result<Option<String>, ClientError> {
        let (place, text) = match &self.token_file {
            Some(path) => {
                let text = fs::read_to_string(path);
                let cannot = |source| ClientError::Read { path: path.clone(), source };
                (path.display().to_string(), text.map_err(cannot)?)
            }
            None => match env::var(VARIABLE) {
                Ok(text) => (VARIABLE.to_owned(), text),
                Err(_) => return Ok(None),
            },
        };
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ClientError::NoToken { place });
        }
        Ok(Some(token.to_owned()))
    }
}
