//! Whom we trust when rosters are fetched by HTTPS: the public authorities, and those that the operator names.

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// A handful of certificates; a larger file is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const EXPECTED: &str = "expected a file with the certificates of your authority in PEM form";

/// An empty path names no authority. What is wrong is wrong with the file.
pub fn config(ca_file: &Path) -> Result<ClientConfig, String> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if !ca_file.as_os_str().is_empty() {
        for certificate in authorities(ca_file)? {
            roots.add(certificate).map_err(|error| format!("it holds no authority ({error}): {EXPECTED}"))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// What is wrong with the setting `rosters.ca_file`, if something is.
pub fn check_authorities(ca_file: &Path) -> Result<(), String> {
    config(ca_file).map(drop)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("it cannot be read ({error}): {EXPECTED}"))?;
    if size.len() > MAX_FILE_BYTES {
        return Err(format!("its {} bytes are more than certificates have: {EXPECTED}", size.len()));
    }
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("it holds no certificate: {EXPECTED}")),
        Err(error) => Err(format!("it cannot be read ({error}): {EXPECTED}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_authority_is_refused() {
        assert!(check_authorities(Path::new("")).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for text in ["", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&file, text).unwrap();
            assert!(check_authorities(&file).unwrap_err().contains("PEM"), "{text}");
        }
        assert!(check_authorities(&folder.path().join("none")).unwrap_err().contains("cannot be read"));
    }
}
