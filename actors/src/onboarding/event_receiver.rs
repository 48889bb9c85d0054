//! The receipt of a provider event: its body is hashed while it arrives, and read only if the signature matches.
//!
//! Providers send documents of several megabytes with an event. Nobody has authenticated them while they arrive, so a
//! larger body goes to a temporary file, which vanishes with the process.

use std::io::{BufReader, Read as _, Seek as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::event_files::EventFile;
use super::handle::Onboarding;
use super::provider_event::{self, ProviderEvent, Receipt};
use crate::contract::{ApiError, Provider};
use crate::domain::body_signature::BodySignature;

/// The part of a body that is kept in memory, in bytes.
const MEMORY_BYTES: usize = 64 * 1024;
/// A provider event that is arriving.
#[derive(Debug)]
pub struct ProviderEventReceiver {
    onboarding: Arc<Onboarding>,
    /// The address of the client, or the first one of its IPv6 network.
    client: IpAddr,
    pub(crate) provider: Provider,
    signature: BodySignature,
    digest: Sha256,
    /// The last part of the body, at most [`MEMORY_BYTES`].
    buffer: Vec<u8>,
    /// The parts before the buffer.
    file: Option<EventFile>,
}

impl ProviderEventReceiver {
    /// # Errors
    /// [`ApiError::ProviderNotConfigured`], [`ApiError::InvalidSignature`] for malformed headers.
    pub(crate) fn begin(
        onboarding: &Arc<Onboarding>,
        provider: Provider,
        signatures: &[&str],
        client: IpAddr,
    ) -> Result<Self, ApiError> {
        let settings = &onboarding.creditors.env.settings;
        Ok(Self {
            onboarding: Arc::clone(onboarding),
            client,
            provider,
            signature: provider_event::begin_signature(settings, provider, signatures)?,
            digest: Sha256::new(),
            buffer: Vec::new(),
            file: None,
        })
    }

    /// Adds the next part of the body.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if there is no room for a larger body.
    pub async fn push(&mut self, part: &[u8]) -> Result<(), ApiError> {
        self.signature.update(part);
        self.digest.update(part);
        if self.buffer.len() + part.len() <= MEMORY_BYTES {
            self.buffer.extend_from_slice(part);
            return Ok(());
        }
        let mut begun = match self.file.take() {
            Some(begun) => begun,
            None => self.create_file().await?,
        };
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.extend_from_slice(part);
        let written = tokio::task::spawn_blocking(move || {
            begun.file.write_all(&bytes)?;
            bytes.clear();
            Ok((begun, bytes))
        });
        let written: std::io::Result<_> = written.await.map_err(no_room)?;
        let (begun, buffer) = written.map_err(no_room)?;
        self.file = Some(begun);
        self.buffer = buffer;
        Ok(())
    }

    async fn create_file(&self) -> Result<EventFile, ApiError> {
        let place = self.onboarding.event_files.take(self.client);
        let place = place.ok_or(ApiError::Overloaded)?;
        let created = tokio::task::spawn_blocking(|| EventFile::create(place)).await;
        created.map_err(no_room)?.map_err(no_room)
    }

    /// Verifies the signature and reads the event.
    ///
    /// # Errors
    /// [`ApiError::InvalidSignature`].
    pub(crate) async fn finish(self) -> Result<ProviderEvent, ApiError> {
        let env = &self.onboarding.creditors.env;
        let now_ms = env.clock.now_ms();
        provider_event::verify(self.provider, self.signature, now_ms)?;
        let receipt = Receipt {
            now_ms,
            digest: self.digest.finalize().into(),
        };
        let (provider, mode, buffer) = (self.provider, env.settings.mode, self.buffer);
        let Some(mut begun) = self.file else {
            return Ok(provider_event::read(
                provider,
                mode,
                buffer.as_slice(),
                receipt,
            ));
        };
        let read = tokio::task::spawn_blocking(move || {
            begun.file.rewind()?;
            let body = BufReader::new(&begun.file).chain(buffer.as_slice());
            Ok(provider_event::read(provider, mode, body, receipt))
        });
        let read: std::io::Result<_> = read.await.map_err(no_room)?;
        read.map_err(no_room)
    }
}

fn no_room(error: impl std::error::Error) -> ApiError {
    tracing::error!(%error, "the body of a provider event cannot be kept in a temporary file");
    ApiError::Overloaded
}
