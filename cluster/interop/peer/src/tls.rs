//! TLS both ways, from PEM files.

use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Error;
use crate::flags::Flags;

pub struct Tls {
    pub acceptor: TlsAcceptor,
    pub connector: TlsConnector,
}

impl Tls {
    /// None without --tls-cert. --tls-key and --tls-ca belong to it.
    pub fn load(flags: &Flags) -> Result<Option<Self>, Error> {
        let (Some(cert), Some(key), Some(ca)) = (&flags.tls_cert, &flags.tls_key, &flags.tls_ca) else {
            return Ok(None);
        };
        let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(key)?;
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(ca)? {
            roots.add(root?)?;
        }
        let roots = Arc::new(roots);

        let server = ServerConfig::builder();
        let server = if flags.tls_mutual {
            server.with_client_cert_verifier(WebPkiClientVerifier::builder(roots.clone()).build()?)
        } else {
            server.with_no_client_auth()
        };
        let server = server.with_single_cert(chain.clone(), key.clone_key())?;

        let client = ClientConfig::builder().with_root_certificates(roots);
        let client = if flags.tls_mutual {
            client.with_client_auth_cert(chain, key)?
        } else {
            client.with_no_client_auth()
        };
        Ok(Some(Tls {
            acceptor: Arc::new(server).into(),
            connector: Arc::new(client).into(),
        }))
    }
}
