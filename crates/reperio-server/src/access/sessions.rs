//! Sessions of browsers: who logged in by a token and got a cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};

use super::known::Set;
use super::secret::{self, Fingerprint};
use super::tokens::Token;
use crate::clock::Millis;

/// The cookie's name.
pub(crate) const COOKIE: &str = "reperio-session";
/// Sessions at once; the oldest makes room.
const MOST: usize = 1_000;
/// Sessions of one token, so that none takes the places of all others.
const MOST_OF_ONE: usize = 100;
/// Seconds that a session lasts.
pub(crate) const SECONDS: i64 = 12 * 3600;

/// All sessions, by the fingerprint of the cookie.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Fingerprint, Session>>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The token that opened it, as it was then.
    pub(crate) token: Arc<Token>,
    /// What every request that changes something must repeat in a header, which other sites cannot.
    pub(crate) csrf: String,
    /// When it ends.
    pub(crate) expires: Millis,
}

impl Session {
    /// The token as it is now, unless it was revoked or expired.
    pub(crate) fn valid_token(&self, set: &Set, now: Millis) -> Option<Arc<Token>> {
        let token = set.named(&self.token.name)?;
        let is_valid = token.hash == self.token.hash && !token.is_expired(now);
        (is_valid && now < self.expires).then(|| token.clone())
    }
}

impl Sessions {
    /// Opens a session and returns the cookie's value.
    ///
    /// # Errors
    ///
    /// If the operating system has no randomness to give.
    pub(crate) fn open(
        &self,
        token: Arc<Token>,
        now: Millis,
    ) -> Result<(String, Session), getrandom::Error> {
        let (id, csrf) = (secret::random()?, secret::random()?);
        let expires = now + SECONDS * 1000;
        let expires = token.expires.map_or(expires, |end| end.min(expires));
        let session = Session { token, csrf, expires };
        let mut sessions = self.lock();
        sessions.retain(|_, session| now < session.expires);
        end_oldest(&mut sessions, MOST_OF_ONE, |other| other.token.name == session.token.name);
        end_oldest(&mut sessions, MOST, |_| true);
        sessions.insert(secret::fingerprint(&id), session.clone());
        Ok((id, session))
    }

    /// The session of a cookie.
    pub(crate) fn find(&self, id: &str) -> Option<Session> {
        self.lock().get(&secret::fingerprint(id)).cloned()
    }

    /// Ends the session of a cookie.
    pub(crate) fn close(&self, id: &str) {
        self.lock().remove(&secret::fingerprint(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the oldest of these sessions if there are `most`.
fn end_oldest(
    sessions: &mut HashMap<Fingerprint, Session>,
    most: usize,
    is_one: impl Fn(&Session) -> bool,
) {
    let of_these = || sessions.iter().filter(|(_, session)| is_one(session));
    if of_these().count() < most {
        return;
    }
    // All last equally long, but for the end of their token.
    if let Some(oldest) = of_these().min_by_key(|(_, session)| session.expires).map(|(id, _)| *id) {
        sessions.remove(&oldest);
    }
}

/// The session's cookie, if the request has one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::tokens::Role;

    fn token(name: &str, expires: Option<Millis>) -> Arc<Token> {
        let hash = secret::parse_hash(&secret::hash(name).unwrap()).unwrap();
        Arc::new(Token { name: name.to_owned(), role: Role::Score, expires, hash })
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_is_closed() {
        let sessions = Sessions::default();
        let (id, session) = sessions.open(token("a", None), 0).unwrap();
        assert_ne!(id, session.csrf);
        assert_eq!(sessions.find(&id).unwrap().csrf, session.csrf);
        assert!(sessions.find(&session.csrf).is_none());
        sessions.close(&id);
        assert!(sessions.find(&id).is_none());
    }

    #[test]
    fn a_session_ends_with_its_token_or_after_twelve_hours() {
        let sessions = Sessions::default();
        let (_, short) = sessions.open(token("a", Some(5_000)), 0).unwrap();
        let (_, long) = sessions.open(token("b", Some(i64::MAX)), 7).unwrap();
        assert_eq!((short.expires, long.expires), (5_000, 12 * 3_600_000 + 7));
    }

    #[test]
    fn a_thousand_sessions_are_kept_and_a_hundred_of_a_token() {
        let sessions = Sessions::default();
        let (first, _) = sessions.open(token("first", None), 0).unwrap();
        let tokens: Vec<_> = (0..12).map(|i| token(&format!("t{i}"), None)).collect();
        for i in 0..200 {
            sessions.open(tokens[0].clone(), 1 + i).unwrap();
        }
        assert_eq!(sessions.lock().len(), 101);
        assert!(sessions.find(&first).is_some());
        for (i, now) in (0..1_100).zip(1_000..) {
            sessions.open(tokens[1 + i % 11].clone(), now).unwrap();
        }
        assert_eq!(sessions.lock().len(), MOST);
        assert!(sessions.find(&first).is_none());
    }

    #[test]
    fn ended_sessions_take_no_place() {
        let sessions = Sessions::default();
        sessions.open(token("a", Some(10)), 0).unwrap();
        sessions.open(token("b", None), 10).unwrap();
        assert_eq!(sessions.lock().len(), 1);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers), None);
        headers.append(header::COOKIE, "a=1; xreperio-session=no; b".parse().unwrap());
        headers.append(header::COOKIE, "c=2; reperio-session=abc ;d=3".parse().unwrap());
        assert_eq!(cookie(&headers), Some("abc"));
    }
}
