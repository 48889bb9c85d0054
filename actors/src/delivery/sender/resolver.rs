//! Resolves host names for the sender. Returns a name's addresses only if the policy permits all of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::domain::safe_address;
use crate::domain::safe_address::{AddressPolicy, UnsafeUrl};
use crate::infra::{HostLookup, LookupError};

/// Why a host name cannot be used.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    /// The lookup failed.
    #[error(transparent)]
    Unknown(LookupError),
    /// The address policy refuses the result.
    #[error(transparent)]
    Unsafe(#[from] UnsafeUrl),
}

/// Looks up the addresses of a host name. Tests replace it.
pub(super) trait Lookup: Send + Sync + 'static {
    /// Returns all addresses of `name`.
    fn addresses(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>>;
}

impl Lookup for HostLookup {
    fn addresses(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        let hosts = self.clone();
        Box::pin(async move { HostLookup::addresses(&hosts, &name).await })
    }
}

/// Refuses a name if any of its addresses is unsafe.
#[derive(Clone)]
pub(super) struct VettingResolver {
    policy: Arc<AddressPolicy>,
    lookup: Arc<dyn Lookup>,
}

impl VettingResolver {
    pub(super) fn new(policy: AddressPolicy, lookup: impl Lookup) -> Self {
        Self {
            policy: Arc::new(policy),
            lookup: Arc::new(lookup),
        }
    }
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let found = self.lookup.addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = found.await.map_err(ResolveError::Unknown)?;
            safe_address::vet(&addresses, &policy).map_err(ResolveError::Unsafe)?;
            // The client replaces port 0 with the port of the URL.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(policy: AddressPolicy) -> Result<usize, String> {
        let resolver = VettingResolver::new(policy, HostLookup::new(&[]).unwrap());
        let resolved = resolver.resolve("localhost".parse().unwrap()).await;
        resolved
            .map(Iterator::count)
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn localhost_is_refused_unless_it_is_allowed() {
        let refused = resolve(AddressPolicy::default()).await.unwrap_err();
        assert!(refused.contains("is not public"), "{refused}");
        let allow = ["127.0.0.0/8", "::1/128"]
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        let policy = AddressPolicy {
            production: false,
            allow,
        };
        assert!(resolve(policy).await.unwrap() > 0);
    }
}
