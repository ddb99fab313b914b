//! Whom to believe, and why not.

use std::{error::Error, io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, InvalidMessage, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::FetchError;

/// TLS with the authorities of the machine, else with those that browsers trust, so that it starts
/// where no CA certificates are installed; and with `authorities`, in PEM.
pub(super) fn config(authorities: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(pem) = authorities {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate
                .map_err(|error| error.to_string())
                .and_then(|der| roots.add(der).map_err(|error| error.to_string()));
            added.map_err(|error| format!("an additional CA certificate: {error}"))?;
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// What TLS had against the server, in words, where `error` comes from TLS.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Option<FetchError> {
    Some(FetchError::Tls(match cause::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another host".to_owned()
            }
            CertificateError::UnknownIssuer => {
                "the certificate's issuer is unknown (self-signed, or an intermediate is missing)"
                    .to_owned()
            }
            CertificateError::Revoked => "the certificate is revoked".to_owned(),
            other => format!("the certificate is invalid: {other}"),
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            return Some(FetchError::NoTls);
        }
        other => other.to_string(),
    }))
}

/// The first error of a type in a chain of causes, also where an I/O error wraps it.
pub(super) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error's source is the source of what it wraps, which would be passed over.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
