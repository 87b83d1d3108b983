//! The tokens that the server knows at the moment: the file as it is now, and which tokens were verified.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::buckets::{Buckets, Pace};
use super::secret::{self, Fingerprint};
use super::tokens::{self, Token, TokensError};
use crate::clock::{self, Millis};
use crate::problem::{Answer, Problem};

/// Wrong tokens that an address may send: Argon2 takes the time of a core, and nobody needs many tries.
const GUESSES: Pace = Pace { burst: 10.0, per_second: 1.0 / 6.0 };
/// Addresses whose guesses are counted.
const ADDRESSES: usize = 4096;
/// Argon2 runs at once; each takes 19 MiB.
const HASHES: usize = 2;
/// Longest wait for one's turn to be verified.
const TURN: Duration = Duration::from_secs(5);
/// The file is looked at this often at most.
const LOOK: Millis = 1_000;
/// No token has this hash; verifying against it takes as long as against any other.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The tokens of a file that may change.
pub(crate) struct Known {
    path: PathBuf,
    current: Mutex<Current>,
    guesses: Buckets<IpAddr>,
    turns: Semaphore,
}

struct Current {
    looked: Millis,
    stamp: Option<Stamp>,
    /// None if the file cannot be used.
    set: Option<Arc<Set>>,
}

/// Time and length of the file.
type Stamp = (SystemTime, u64);

/// The tokens of one state of the file. What was verified against another state is worth nothing here.
pub(crate) struct Set {
    tokens: HashMap<String, Arc<Token>>,
    verified: Mutex<HashMap<Fingerprint, Arc<Token>>>,
}

impl Set {
    fn new(tokens: Vec<Token>) -> Arc<Self> {
        let tokens = tokens.into_iter().map(|token| (token.name.clone(), Arc::new(token)));
        Arc::new(Self { tokens: tokens.collect(), verified: Mutex::default() })
    }

    /// The token of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Token>> {
        self.tokens.get(name)
    }

    fn verified(&self, fingerprint: &Fingerprint) -> Option<Arc<Token>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(fingerprint).cloned()
    }

    /// At most one entry per token: only one secret has its hash.
    fn remember(&self, fingerprint: Fingerprint, token: Arc<Token>) {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint, token);
    }
}

impl Known {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it is missing or cannot be used.
    pub(crate) fn open(path: &Path, now: Millis) -> Result<Self, TokensError> {
        let stamp = stamp(path);
        let set = Some(Set::new(tokens::read(path)?));
        Ok(Self {
            path: path.to_owned(),
            current: Mutex::new(Current { looked: now, stamp, set }),
            guesses: Buckets::new(GUESSES, ADDRESSES),
            turns: Semaphore::new(HASHES),
        })
    }

    /// The tokens of the file as it is now, or was a second ago.
    ///
    /// # Errors
    ///
    /// 503 while the file cannot be used: a token that it may have revoked is not let in.
    pub(crate) fn set(&self, now: Millis) -> Answer<Arc<Set>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now.abs_diff(current.looked) >= LOOK.unsigned_abs() {
            current.looked = now;
            let stamp = stamp(&self.path);
            if current.set.is_none() || stamp != current.stamp {
                current.stamp = stamp;
                current.set = self.read();
            }
        }
        current.set.clone().ok_or_else(|| {
            let text = "the server cannot read its tokens; its log says why";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, text).after(2)
        })
    }

    fn read(&self) -> Option<Arc<Set>> {
        match tokens::read(&self.path) {
            Ok(tokens) => {
                tracing::info!(tokens = tokens.len(), "read the tokens again");
                Some(Set::new(tokens))
            }
            Err(error) => {
                let _ = Problem::internal(&error); // Writes the log.
                None
            }
        }
    }

    /// The token that `text` is.
    ///
    /// # Errors
    ///
    /// 401 for a wrong or expired token, 429 after too many wrong ones from this address.
    pub(crate) async fn verify(
        &self,
        text: &str,
        address: IpAddr,
        now: Millis,
    ) -> Answer<Arc<Token>> {
        let set = self.set(now)?;
        let fingerprint = secret::fingerprint(text);
        let token = match set.verified(&fingerprint) {
            Some(token) => token,
            None => self.verify_slowly(&set, text, group(address), now).await?,
        };
        if let Some(at) = token.expires.filter(|_| token.is_expired(now)) {
            self.guesses.take(&group(address), now).map_err(too_many)?;
            let text = format!("token {:?} expired at {}", token.name, clock::text(at));
            return Err(Problem::new(StatusCode::UNAUTHORIZED, text));
        }
        Ok(token)
    }

    async fn verify_slowly(
        &self,
        set: &Arc<Set>,
        text: &str,
        address: IpAddr,
        now: Millis,
    ) -> Answer<Arc<Token>> {
        self.guesses.look(&address, now).map_err(too_many)?;
        let _turn = self.turn().await?;
        let fingerprint = secret::fingerprint(text);
        if let Some(token) = set.verified(&fingerprint) {
            return Ok(token); // By a request that had its turn before.
        }
        self.guesses.take(&address, now).map_err(too_many)?;
        let token = secret::name_in(text).and_then(|name| set.named(name)).cloned();
        let token = compare(token, text.to_owned()).await?;
        let Some(token) = token else {
            tracing::warn!(%address, "a wrong token");
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong token"));
        };
        self.guesses.give_back(&address);
        set.remember(fingerprint, token.clone());
        Ok(token)
    }

    async fn turn(&self) -> Answer<SemaphorePermit<'_>> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many tokens to verify").after(5)
        })
    }
}

/// `token` if `text` is it. A name that is not known takes the same time.
async fn compare(token: Option<Arc<Token>>, text: String) -> Answer<Option<Arc<Token>>> {
    let nobody = || secret::parse_hash(NOBODY).expect("a constant with a test");
    let hash = token.as_ref().map_or_else(nobody, |token| token.hash.clone());
    let is_it = tokio::task::spawn_blocking(move || secret::is_hash_of(&hash, &text)).await;
    let is_it = is_it.map_err(|error| Problem::internal(&error))?;
    Ok(token.filter(|_| is_it))
}

fn too_many(seconds: u64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens").after(seconds)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

/// Whose guesses are counted together: an IPv6 client has a whole /64 of addresses.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
    }
}

#[cfg(test)]
mod tests;
