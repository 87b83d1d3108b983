//! The file of tokens: who may call the server, as what, and until when.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use argon2::password_hash::phc::PasswordHash;
use reperio_data::atomic::{self, WriteError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::secret;
use crate::clock::Millis;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends inputs and sees its own jobs.
    Score,
    /// Sees all jobs, the audit log and the metrics as well.
    Admin,
}

impl Role {
    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Admin => "admin",
        }
    }
}

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// There is none.
    #[error("{path}: no such file; `reperio token NAME --role admin --tokens {path}` makes one")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// It is no TOML, or has unknown keys.
    #[error("{path}: expected `[[token]]` with `name`, `role`, `hash` and maybe `expires`")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: toml::de::Error,
    },
    /// A name that no token may have.
    #[error("{path}: token {name:?}, expected a name of 1 to 40 letters a-z, digits and hyphens")]
    Name {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// Two tokens of one name.
    #[error("{path}: two tokens named {name:?}, expected distinct names")]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A hash that `reperio token` did not write.
    #[error(
        "{path}: `hash` of token {name:?}: expected $argon2id$v=19$, as `reperio token` writes it"
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// The token.
        name: String,
    },
    /// A token of this name is there already.
    #[error("{path}: token {name:?} exists; remove its lines to revoke it, or choose another name")]
    Exists {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The operating system has no randomness to give.
    #[error("no randomness for a new token")]
    Randomness,
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    role: Role,
    expires: Option<i64>,
    hash: String,
}

/// A token that the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) expires: Option<Millis>,
    pub(crate) hash: PasswordHash,
}

impl Token {
    pub(crate) fn is_expired(&self, now: Millis) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Reads a file of tokens.
///
/// # Errors
///
/// Names the file and, where there is one, the token.
pub(crate) fn read(path: &Path) -> Result<Vec<Token>, TokensError> {
    parse(path, &text_of(path)?)
}

fn text_of(path: &Path) -> Result<String, TokensError> {
    let path = path.to_owned();
    fs::read_to_string(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => TokensError::Missing { path },
        _ => TokensError::Read { path, source },
    })
}

fn parse(path: &Path, text: &str) -> Result<Vec<Token>, TokensError> {
    let path = path.to_owned();
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(source) => return Err(TokensError::Syntax { path, source }),
    };
    let mut tokens: Vec<Token> = Vec::with_capacity(file.token.len());
    for Line { name, role, expires, hash } in file.token {
        if !secret::is_name(&name) {
            return Err(TokensError::Name { path, name });
        }
        if tokens.iter().any(|token| token.name == name) {
            return Err(TokensError::Repeated { path, name });
        }
        let Some(hash) = secret::parse_hash(&hash) else {
            return Err(TokensError::Hash { path, name });
        };
        let expires = expires.map(|seconds| seconds.saturating_mul(1000));
        tokens.push(Token { name, role, expires, hash });
    }
    Ok(tokens)
}

/// Adds a token to the file, which is made if there is none, and returns the token: the file has only its hash.
///
/// `now` is in milliseconds since 1970, and `days` says when the token expires.
///
/// # Errors
///
/// If the name is taken or not allowed, or the file cannot be read or written; it is as it was.
pub fn add_token(
    file: &Path,
    name: &str,
    role: Role,
    days: Option<u32>,
    now: i64,
) -> Result<String, TokensError> {
    let path = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()); // A link stays one.
    let mut text = match text_of(&path) {
        Err(TokensError::Missing { .. }) => String::new(),
        text => text?,
    };
    if parse(&path, &text)?.iter().any(|token| token.name == name) {
        return Err(TokensError::Exists { path, name: name.to_owned() });
    }
    let token = secret::token(name, &secret::random().map_err(|_| TokensError::Randomness)?);
    let hash = secret::hash(&token).map_err(|_| TokensError::Randomness)?;
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(&lines(name, role, days, now, &hash));
    parse(&path, &text)?; // Also checks the new name.
    atomic::write(&path, |new| {
        keep_private(new, fs::metadata(&path).ok().as_ref())?;
        new.write_all(text.as_bytes())
    })?;
    Ok(token)
}

fn lines(name: &str, role: Role, days: Option<u32>, now: Millis, hash: &str) -> String {
    let expires = days.map(|days| now / 1000 + i64::from(days) * 86_400);
    let expires = expires.map_or_else(String::new, |expires| format!("expires = {expires}\n"));
    format!("[[token]]\nname = {name:?}\nrole = \"{}\"\n{expires}hash = \"{hash}\"\n", role.name())
}

/// Lets nobody but the owner write the new file, nor the world read it; owner and group stay those of the `old` one, so that
/// the server of another account still reads it.
#[cfg(unix)]
fn keep_private(new: &fs::File, old: Option<&fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let group = old.map_or(0, |old| old.mode() & 0o040);
    new.set_permissions(fs::Permissions::from_mode(0o600 | group))?;
    let made = new.metadata()?;
    let old = old.filter(|old| (old.uid(), old.gid()) != (made.uid(), made.gid()));
    old.map_or(Ok(()), |old| fchown(new, Some(old.uid()), Some(old.gid())))
}

#[cfg(not(unix))]
fn keep_private(_: &fs::File, _: Option<&fs::Metadata>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
