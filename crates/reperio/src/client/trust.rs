//! Whom to trust under TLS: the system's authorities, or those in a file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsConfigBuilder, parse_pem};

use super::error::ClientError;

/// Trusts the certificates in the file `authorities`; without one, those of the system.
pub(super) fn by(authorities: Option<&Path>) -> Result<TlsConfig, ClientError> {
    let roots = match authorities {
        Some(path) => in_file(path)?,
        None => of_system(),
    };
    Ok(builder().root_certs(RootCerts::Specific(Arc::new(roots))).build())
}

/// Trusts everybody: for a question without secrets to this machine, whose certificate has another name.
pub(super) fn everybody() -> TlsConfig {
    builder().disable_verification(true).build()
}

/// Trusts nobody: for connections without certificates.
pub(super) fn nobody() -> TlsConfig {
    builder().root_certs(RootCerts::Specific(Arc::default())).build()
}

fn builder() -> TlsConfigBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    TlsConfig::builder().unversioned_rustls_crypto_provider(provider)
}

fn in_file(path: &Path) -> Result<Vec<Certificate<'static>>, ClientError> {
    let content = fs::read(path);
    let content = content.map_err(|source| ClientError::Read { path: path.to_owned(), source })?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(own)) => Some(own),
        _ => None,
    };
    let found: Vec<_> = parse_pem(&content).filter_map(certificate).collect();
    if found.is_empty() {
        return Err(ClientError::NoCertificate { path: path.to_owned() });
    }
    Ok(found)
}

/// Without any, no certificate is trusted, which the error of the connection says.
fn of_system() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|own| Certificate::from_der(own).to_owned()).collect()
}
