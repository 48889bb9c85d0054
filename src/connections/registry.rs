//! The open connections: slots, and which connection makes room for a new one.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{ConnectionLimits, source_of};

/// The open connections of this process. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: ConnectionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<u64, Connection>,
    sources: HashMap<IpAddr, Source>,
    /// Connections without a request, by the time since when.
    idle: BTreeSet<(Instant, u64)>,
    last_id: u64,
}

#[derive(Debug)]
struct Connection {
    source: IpAddr,
    idle_since: Option<Instant>,
    /// Tells the connection to close.
    close: oneshot::Sender<()>,
}

#[derive(Debug, Default)]
struct Source {
    open: usize,
    idle: BTreeSet<(Instant, u64)>,
}

/// The place of one open connection. It becomes free when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    registry: Registry,
    id: u64,
}

impl Registry {
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        let open = Mutex::default();
        Self(Arc::new(Inner { limits, open }))
    }

    /// Takes a slot for a connection from `address`. The receiver completes when the connection must close to make room
    /// for another. Returns `None` if every connection that could make room is in use.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<(Slot, oneshot::Receiver<()>)> {
        let limits = &self.0.limits;
        let source = source_of(address);
        let mut open = self.open();
        let of_source = open.sources.get(&source);
        if of_source.is_some_and(|found| found.open >= limits.per_address)
            && !limits.is_exempt(address)
        {
            let oldest = of_source.and_then(|found| found.idle.first().copied())?;
            open.evict(oldest.1);
        } else if open.connections.len() >= limits.total {
            let oldest = open.idle.first().copied()?;
            open.evict(oldest.1);
        }
        let (close, closed) = oneshot::channel();
        let id = open.insert(source, close, Instant::now());
        let registry = self.clone();
        Some((Slot { registry, id }, closed))
    }

    /// Number of open connections.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.open().connections.len()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Notes that the connection has a request, so that it makes no room for others.
    pub(crate) fn busy(&self) {
        self.registry.open().set_idle(self.id, None);
    }

    /// Notes that the last request of the connection has ended.
    pub(crate) fn idle(&self) {
        self.registry.open().set_idle(self.id, Some(Instant::now()));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.registry.open().remove(self.id);
    }
}

impl Open {
    fn insert(&mut self, source: IpAddr, close: oneshot::Sender<()>, now: Instant) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let idle_since = None;
        let connection = Connection {
            source,
            idle_since,
            close,
        };
        self.connections.insert(id, connection);
        self.sources.entry(source).or_default().open += 1;
        self.set_idle(id, Some(now));
        id
    }

    fn set_idle(&mut self, id: u64, since: Option<Instant>) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let former = std::mem::replace(&mut connection.idle_since, since);
        let of_source = self.sources.entry(connection.source).or_default();
        if let Some(former) = former {
            self.idle.remove(&(former, id));
            of_source.idle.remove(&(former, id));
        }
        if let Some(since) = since {
            self.idle.insert((since, id));
            of_source.idle.insert((since, id));
        }
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        self.set_idle(id, None);
        let connection = self.connections.remove(&id)?;
        if let Some(of_source) = self.sources.get_mut(&connection.source) {
            of_source.open -= 1;
            if of_source.open == 0 {
                self.sources.remove(&connection.source);
            }
        }
        Some(connection)
    }

    fn evict(&mut self, id: u64) {
        if let Some(connection) = self.remove(id) {
            let _ = connection.close.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(total: usize, per_address: usize) -> Registry {
        let exempt = vec!["10.0.0.0/8".parse().unwrap()];
        Registry::new(ConnectionLimits {
            total,
            per_address,
            exempt,
        })
    }

    fn admit(registry: &Registry, address: &str) -> Option<(Slot, oneshot::Receiver<()>)> {
        registry.admit(address.parse().unwrap())
    }

    #[test]
    fn oldest_connection_without_request_makes_room() {
        let registry = registry(3, 3);
        let (first, mut first_closed) = admit(&registry, "192.0.2.1").unwrap();
        let (_second, mut second_closed) = admit(&registry, "192.0.2.2").unwrap();
        let (_third, mut third_closed) = admit(&registry, "192.0.2.3").unwrap();
        first.busy();
        let _fourth = admit(&registry, "192.0.2.4").unwrap();
        assert!(
            second_closed.try_recv().is_ok(),
            "the oldest idle one is closed"
        );
        assert!(
            first_closed.try_recv().is_err(),
            "a request is never cut off"
        );
        assert!(third_closed.try_recv().is_err());
        first.idle();
        let _fifth = admit(&registry, "192.0.2.5").unwrap();
        assert!(
            third_closed.try_recv().is_ok(),
            "idle for longer than the first"
        );
        assert!(first_closed.try_recv().is_err());
        assert_eq!(registry.len(), 3);
    }

    #[test]
    fn full_of_requests_means_refused() {
        let registry = registry(2, 2);
        let kept: Vec<_> = (0..2)
            .filter_map(|_| admit(&registry, "192.0.2.1"))
            .collect();
        kept.iter().for_each(|(slot, _)| slot.busy());
        assert!(admit(&registry, "192.0.2.2").is_none());
        drop(kept);
        assert_eq!(registry.len(), 0);
        assert!(admit(&registry, "192.0.2.2").is_some());
    }

    #[test]
    fn address_at_its_limit_makes_room_itself() {
        let registry = registry(10, 2);
        let (_other, mut other_closed) = admit(&registry, "192.0.2.9").unwrap();
        let (_first, mut first_closed) = admit(&registry, "192.0.2.1").unwrap();
        let _second = admit(&registry, "192.0.2.1").unwrap();
        let _third = admit(&registry, "192.0.2.1").unwrap();
        assert!(first_closed.try_recv().is_ok());
        assert!(other_closed.try_recv().is_err(), "others are not affected");
        let proxies: Vec<_> = (0..5)
            .filter_map(|_| admit(&registry, "10.0.0.1"))
            .collect();
        assert_eq!(proxies.len(), 5, "a trusted proxy has no limit of its own");
    }
}
