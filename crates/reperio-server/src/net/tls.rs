//! TLS: the certificate and its key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::options::TlsFiles;

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The operating system refused.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// The certificates are damaged.
    #[error("{path}: expected certificates in PEM")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// There is no certificate.
    #[error("{path}: no certificate, expected `-----BEGIN CERTIFICATE-----`")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no key, or it is damaged.
    #[error("{path}: expected a private key in PEM, `-----BEGIN PRIVATE KEY-----`")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The key needs a passphrase.
    #[error(
        "{path}: the key is encrypted, expected one without a passphrase: `openssl pkey -in {path} -out KEY`"
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// Key and certificate do not belong together, or are of a kind that is not known.
    #[error(
        "{certificate} and {key}: expected the certificate of this key first, then those above it"
    )]
    Pair {
        /// The file of certificates.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// Reads the certificate and its key. TLS 1.2 and 1.3 are spoken.
///
/// # Errors
///
/// Names the file that cannot be used.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let (chain, key) = (chain(&files.certificate)?, key(&files.key)?);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has cipher suites of both")
        .with_no_client_auth();
    match config.with_single_cert(chain, key) {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(TlsAcceptor::from(Arc::new(config)))
        }
        Err(source) => {
            let TlsFiles { certificate, key } = files.clone();
            Err(TlsError::Pair { certificate, key, source })
        }
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let path = path.to_owned();
    match CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if chain.is_empty() => Err(TlsError::NoCertificate { path }),
        Ok(chain) => Ok(chain),
        Err(source) => Err(TlsError::Certificate { path, source }),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(path)?;
    let path = path.to_owned();
    let is_encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&text).map_err(|source| match source {
        pem::Error::NoItemsFound if is_encrypted => TlsError::Encrypted { path },
        source => TlsError::Key { path, source },
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
pub(crate) mod tests;
