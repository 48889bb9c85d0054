//! Names become addresses here, and only judged ones leave.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::domain::safe_address::{self, AddressPolicy, UnsafeUrl};

/// Why a name leads nowhere.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    /// The name server says no, or nothing.
    #[error("{0}")]
    Unknown(#[source] std::io::Error),
    /// It leads where we do not go.
    #[error(transparent)]
    Unsafe(#[from] UnsafeUrl),
}

/// Resolves with the system's resolver and refuses a name of which any address is unsafe.
#[derive(Debug)]
pub(super) struct VettingResolver {
    policy: Arc<AddressPolicy>,
}

impl VettingResolver {
    pub(super) fn new(policy: AddressPolicy) -> Self {
        Self {
            policy: Arc::new(policy),
        }
    }
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            let addresses = resolve_and_vet(name.as_str(), &policy).await?;
            // Port 0 stands for the port of the URL.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

async fn resolve_and_vet(name: &str, policy: &AddressPolicy) -> Result<Vec<IpAddr>, ResolveError> {
    let resolved = tokio::net::lookup_host((name, 0))
        .await
        .map_err(ResolveError::Unknown)?;
    let addresses: Vec<IpAddr> = resolved.map(|address| address.ip()).collect();
    safe_address::vet(&addresses, policy)?;
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_refused_unless_it_is_allowed() {
        let refused = resolve_and_vet("localhost", &AddressPolicy::default()).await;
        assert!(
            matches!(refused, Err(ResolveError::Unsafe(UnsafeUrl::NotPublic(_)))),
            "{refused:?}"
        );
        let allow = ["127.0.0.0/8", "::1/128"]
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        let policy = AddressPolicy {
            production: false,
            allow,
        };
        assert!(resolve_and_vet("localhost", &policy).await.is_ok());
    }
}
