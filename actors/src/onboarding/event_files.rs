//! The temporary files of provider events that are arriving, and how many there may be.

use std::fs::File;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most temporary files at a time. With the largest body, 10 MiB, they take at most 160 MiB.
const MAX_FILES: usize = 16;
/// The most temporary files of one client network.
const MAX_FILES_OF_NETWORK: usize = 4;

/// The client networks that have temporary files, one entry for each file.
#[derive(Debug, Default)]
pub(super) struct EventFiles(Mutex<Vec<IpAddr>>);

/// The place of one temporary file. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct FilePlace {
    files: Arc<EventFiles>,
    network: IpAddr,
}

impl EventFiles {
    /// Returns `None` if there are too many files, in total or of this client network.
    pub(super) fn take(self: &Arc<Self>, network: IpAddr) -> Option<FilePlace> {
        let mut networks = self.networks();
        let own = networks.iter().filter(|known| **known == network).count();
        if networks.len() >= MAX_FILES || own >= MAX_FILES_OF_NETWORK {
            return None;
        }
        networks.push(network);
        let files = Arc::clone(self);
        Some(FilePlace { files, network })
    }

    fn networks(&self) -> MutexGuard<'_, Vec<IpAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FilePlace {
    fn drop(&mut self) {
        let mut networks = self.files.networks();
        if let Some(place) = networks.iter().position(|known| *known == self.network) {
            networks.swap_remove(place);
        }
    }
}

/// A temporary file. It vanishes with this value, or with the process.
#[derive(Debug)]
pub(super) struct EventFile {
    pub(super) file: File,
    _place: FilePlace,
}

impl EventFile {
    /// Creates a file. Blocks.
    pub(super) fn create(place: FilePlace) -> std::io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile()?,
            _place: place,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn one_network_cannot_take_all_places() {
        let files = Arc::new(EventFiles::default());
        let network = |n: u8| IpAddr::V4(Ipv4Addr::new(203, 0, 113, n));
        let mut taken: Vec<_> = (0..MAX_FILES_OF_NETWORK)
            .map(|_| files.take(network(1)).unwrap())
            .collect();
        assert!(files.take(network(1)).is_none());
        for n in 2..=4 {
            taken.extend((0..MAX_FILES_OF_NETWORK).map(|_| files.take(network(n)).unwrap()));
        }
        assert_eq!(taken.len(), MAX_FILES);
        assert!(files.take(network(5)).is_none());
        taken.pop();
        assert!(files.take(network(5)).is_some());
    }
}
