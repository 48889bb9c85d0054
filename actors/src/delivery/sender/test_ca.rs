//! A certificate authority for tests, and a sender that trusts it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::client::{Sender, client};
use super::misbehaving_server::settings_with;
use super::resolver;
use crate::infra::{Clock, LookupError};

/// Host name of the receivers.
pub(super) const NAME: &str = "hooks.example.com";

/// A certificate authority with a self-signed root.
pub(super) struct TestCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl TestCa {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let names = &mut params.distinguished_name;
        names.push(DnType::CommonName, "Test certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// The TLS side of a receiver whose certificate this authority signed. `change` may make the
    /// certificate invalid. ALPN offers `protocols`.
    pub(super) fn acceptor(
        &self,
        change: impl FnOnce(&mut CertificateParams),
        protocols: &[&str],
    ) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(&certificate, &key, protocols)
    }

    /// A sender built in the same way as in the service, except that it also trusts this authority
    /// and resolves every name to loopback.
    pub(super) fn trusting_sender(&self, timeout: Duration) -> Sender {
        let settings = settings_with(timeout);
        let resolver = || resolver::VettingResolver::new(settings.address_policy(), LoopbackLookup);
        let root = reqwest::Certificate::from_der(self.issuer.der()).unwrap();
        let client = || {
            client(&settings)
                .dns_resolver(resolver())
                .tls_certs_merge([root.clone()])
        };
        Sender::over(client, &settings, &Clock::system(), &Counter::default()).unwrap()
    }
}

/// The TLS side of a receiver with a self-signed certificate.
pub(super) fn self_signed() -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    acceptor(&params.self_signed(&key).unwrap(), &key, &[])
}

/// The URL of a TLS receiver on this port.
pub(super) fn https(port: u16) -> String {
    format!("https://{NAME}:{port}/hook")
}

fn acceptor(certificate: &Certificate, key: &KeyPair, protocols: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A name server that returns the loopback address for every name.
struct LoopbackLookup;

impl resolver::Lookup for LoopbackLookup {
    fn addresses(&self, _name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
    }
}
