//! Looks up the addresses of host names.
//!
//! The resolver of the operating system blocks a thread for as long as a name server is silent, and its threads are
//! shared with file access and hashing. This one needs no thread, looks up a name once at a time, and gives up after
//! [`LOOKUP_TIMEOUT`]. It reads `/etc/resolv.conf` and `/etc/hosts` at the start.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{Resolver, TokioResolver};
use thiserror::Error;
use tokio::sync::{Semaphore, watch};

/// How long a lookup may take, including the wait for a free place.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one question to a name server may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a question is repeated if no name server answers.
const RETRIES: usize = 1;
/// The most lookups at once. Each has up to two sockets.
const MAX_LOOKUPS: usize = 512;
/// The most requests at once on one connection to a name server.
const MAX_REQUESTS: usize = 4 * MAX_LOOKUPS;
/// How long an answer is used, if its own time to live is longer.
const MAX_KEPT: Duration = Duration::from_secs(300);
/// How long the answer that a name does not exist is used, so that a new name works soon.
const MAX_KEPT_NEGATIVE: Duration = Duration::from_secs(1);

/// Why a host name has no addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum LookupError {
    /// The name does not exist, or has no address.
    #[error("the host name does not resolve")]
    NotFound,
    /// No name server answered.
    #[error("the host name could not be looked up")]
    Unavailable,
}

type Addresses = Result<Arc<[IpAddr]>, LookupError>;

/// Looks up host names. Clones share the lookups in progress and the cache.
#[derive(Clone)]
pub(crate) struct HostLookup(Arc<Inner>);

struct Inner {
    resolver: TokioResolver,
    /// The lookup in progress of each name. It holds its result when it ends.
    running: Mutex<HashMap<String, watch::Receiver<Option<Addresses>>>>,
    free: Semaphore,
}

impl std::fmt::Debug for HostLookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostLookup").finish_non_exhaustive()
    }
}

impl HostLookup {
    /// Asks these name servers, or those of the operating system if there are none.
    ///
    /// # Errors
    /// The configuration of the resolver is invalid.
    pub(crate) fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let system = TokioResolver::builder_tokio()
            .ok()
            .filter(|_| servers.is_empty());
        let mut builder = system.unwrap_or_else(|| {
            // Without a configuration, the operating system asks a name server of its own host.
            let own = [SocketAddr::from((Ipv4Addr::LOCALHOST, 53))];
            let servers = if servers.is_empty() { &own } else { servers };
            let servers = servers.iter().copied().map(name_server).collect();
            let config = ResolverConfig::from_name_servers(servers);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        });
        let options = builder.options_mut();
        options.timeout = QUESTION_TIMEOUT;
        options.attempts = RETRIES;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.max_active_requests = MAX_REQUESTS;
        options.positive_max_ttl = Some(MAX_KEPT);
        options.negative_max_ttl = Some(MAX_KEPT_NEGATIVE);
        Ok(Self(Arc::new(Inner {
            resolver: builder.build()?,
            running: Mutex::default(),
            free: Semaphore::new(MAX_LOOKUPS),
        })))
    }

    /// All addresses of `name`, at least one.
    ///
    /// # Errors
    /// The name does not resolve, or no name server answered within [`LOOKUP_TIMEOUT`].
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let mut lookup = self.join(name);
        let done = lookup.wait_for(Option::is_some).await;
        let addresses = done.ok().and_then(|done| done.clone());
        let addresses = addresses.unwrap_or(Err(LookupError::Unavailable))?;
        Ok(addresses.to_vec())
    }

    /// The lookup of `name` in progress, or a new one.
    fn join(&self, name: &str) -> watch::Receiver<Option<Addresses>> {
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A lookup that ended without a result has panicked.
        if let Some(lookup) = running
            .get(name)
            .filter(|lookup| lookup.has_changed().is_ok())
        {
            return lookup.clone();
        }
        let (ended, lookup) = watch::channel(None);
        running.insert(name.to_owned(), lookup.clone());
        let (inner, name) = (Arc::clone(&self.0), name.to_owned());
        tokio::spawn(async move {
            let found = tokio::time::timeout(LOOKUP_TIMEOUT, inner.look_up(&name)).await;
            let found = found.unwrap_or(Err(LookupError::Unavailable));
            let mut running = inner.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.remove(&name);
            let _ = ended.send(Some(found));
        });
        lookup
    }
}

impl Inner {
    async fn look_up(&self, name: &str) -> Addresses {
        let Ok(_place) = self.free.acquire().await else {
            return Err(LookupError::Unavailable);
        };
        // Not every host name is one by the old rules: `my_hooks.example.com` is in use.
        let mut name = Name::from_ascii(name).map_err(|_| LookupError::NotFound)?;
        // The search list of the machine is for names without a dot. Others belong to somebody else.
        name.set_fqdn(name.is_fqdn() || name.num_labels() > 1);
        let found = self.resolver.lookup_ip(name).await.map_err(|error| {
            let is_absent = error.is_no_records_found() || matches!(error, NetError::Proto(_));
            match is_absent {
                true => LookupError::NotFound,
                false => LookupError::Unavailable,
            }
        })?;
        let addresses: Arc<[IpAddr]> = found.iter().collect();
        match addresses.is_empty() {
            true => Err(LookupError::NotFound),
            false => Ok(addresses),
        }
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let [mut udp, mut tcp] = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    (udp.port, tcp.port) = (address.port(), address.port());
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}
