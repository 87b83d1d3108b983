use super::*;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;

/// A certificate for `localhost` and its key, in files.
pub(crate) fn files(folder: &TempDir) -> (TlsFiles, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    fs::write(&files.certificate, cert.pem()).unwrap();
    fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    (files, cert.der().clone())
}

fn refused(files: &TlsFiles, folder: &TempDir) -> String {
    let error = acceptor(files).err().expect("refused");
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn faults_name_the_file_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = files(&folder);
    assert!(acceptor(&files).is_ok());
    let swapped = TlsFiles { certificate: files.key.clone(), key: files.certificate.clone() };
    assert_eq!(
        refused(&swapped, &folder),
        "key.pem: no certificate, expected `-----BEGIN CERTIFICATE-----`"
    );
    let missing = TlsFiles { key: folder.path().join("none.pem"), ..files.clone() };
    assert_eq!(refused(&missing, &folder), "cannot read none.pem");
    let no_key = TlsFiles { key: files.certificate.clone(), ..files.clone() };
    assert_eq!(
        refused(&no_key, &folder),
        "cert.pem: expected a private key in PEM, `-----BEGIN PRIVATE KEY-----`"
    );
    let key = fs::read_to_string(&files.key).unwrap();
    fs::write(&files.key, key.replace("PRIVATE", "ENCRYPTED PRIVATE")).unwrap();
    assert_eq!(
        refused(&files, &folder),
        "key.pem: the key is encrypted, expected one without a passphrase: `openssl pkey -in key.pem -out KEY`"
    );
    fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert_eq!(
        refused(&files, &folder),
        "cert.pem and key.pem: expected the certificate of this key first, then those above it"
    );
}
