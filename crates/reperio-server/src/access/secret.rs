//! Tokens as their owners hold them, and the hashes that the server keeps instead.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 of a secret: a key under which it can be looked up without a comparison whose time depends on the secret.
pub(crate) type Fingerprint = [u8; 32];

/// The fingerprint of a secret.
pub(crate) fn fingerprint(secret: &str) -> Fingerprint {
    Sha256::digest(secret.as_bytes()).into()
}

/// 256 random bits in hexadecimal digits.
///
/// # Errors
///
/// If the operating system has no randomness to give.
pub(crate) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is below 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A token's text.
pub(crate) fn token(name: &str, digits: &str) -> String {
    format!("rpr_{name}_{digits}")
}

/// The name in a token's text, if that is what it is.
pub(crate) fn name_in(token: &str) -> Option<&str> {
    let (name, digits) = token.strip_prefix("rpr_")?.split_once('_')?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (is_name(name) && digits.len() == 64 && digits.bytes().all(is_digit)).then_some(name)
}

/// Whether a token may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=40).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// Hashes a token by Argon2id with 19 MiB and two passes, which OWASP's cheat sheet on the storage of passwords names as the
/// least.
///
/// # Errors
///
/// If the operating system has no randomness to give.
pub(crate) fn hash(token: &str) -> Result<String, Error> {
    let params = Params::new(19_456, 2, 1, None).expect("within Argon2's bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(argon2.hash_password(token.as_bytes())?.to_string())
}

/// Parses the text of an Argon2id hash.
pub(crate) fn parse_hash(text: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(text).ok()?;
    let is_known = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(&hash).is_ok();
    (is_known && hash.salt.is_some() && hash.hash.is_some()).then_some(hash)
}

/// Whether `hash` is that of `token`. Takes Argon2's time and memory, whatever the answer.
pub(crate) fn is_hash_of(hash: &PasswordHash, token: &str) -> bool {
    let (Ok(params), Some(salt), Some(expected)) = (Params::try_from(hash), hash.salt, hash.hash)
    else {
        return false;
    };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut found = vec![0; expected.len()];
    let hashed = argon2.hash_password_into(token.as_bytes(), salt.as_ref(), &mut found);
    hashed.is_ok() && is_same(&found, expected.as_bytes())
}

/// Compares two secrets in a time that depends on their lengths alone.
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_own_hash_only() {
        let digits = random().unwrap();
        let token = token("pipeline", &digits);
        assert_eq!(name_in(&token), Some("pipeline"));
        let text = hash(&token).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let hash = parse_hash(&text).unwrap();
        assert!(is_hash_of(&hash, &token));
        assert!(!is_hash_of(&hash, &token[..token.len() - 1]));
        assert!(!is_hash_of(&hash, &token.replace("pipeline", "pipelinf")));
    }

    #[test]
    fn what_is_no_token_has_no_name() {
        let digits = "0".repeat(64);
        for text in [
            String::new(),
            "rpr_".to_owned(),
            format!("rpr__{digits}"),
            format!("rpr_A_{digits}"),
            format!("rpr_a_{digits}0"),
            format!("rpr_a_{}", digits.replace('0', "F")),
            format!("rpr_a_b_{digits}"),
            format!("rpr_{}_{digits}", "a".repeat(41)),
            format!(" rpr_a_{digits}"),
        ] {
            assert_eq!(name_in(&text), None, "{text:?}");
        }
        assert_eq!(
            name_in(&format!("rpr_{}_{digits}", "a-9".repeat(13))),
            Some(&*"a-9".repeat(13))
        );
    }

    #[test]
    fn hashes_of_other_kinds_are_refused() {
        let good = hash("secret").unwrap();
        assert!(parse_hash(&good).is_some());
        for text in
            ["", "secret", &good.replace("argon2id", "argon2i"), &good.replace("v=19", "v=16")]
        {
            assert!(parse_hash(text).is_none(), "{text}");
        }
        assert!(parse_hash(&good[..good.rfind('$').unwrap()]).is_none());
        assert!(
            parse_hash("$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW").is_none()
        );
    }

    #[test]
    fn random_secrets_differ_and_are_hexadecimal() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert!(a != b && a.len() == 64, "{a} {b}");
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
        assert_eq!(hex(&fingerprint("abc"))[..8], *"ba7816bf");
    }
}
