//! The handle of the keys module: shared dependencies and the usage recorder.

use std::sync::Arc;
use std::time::Duration;

use super::usage_recorder::KeyUsageMsg;
use crate::creditor::Creditors;
use crate::infra::{BcryptPool, Env};
use crate::supervision::ActorHandle;

/// How long a rotation waits for recorded key usage to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Dependencies that every change of a key needs.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) env: Arc<Env>,
    pub(crate) creditors: Arc<Creditors>,
    /// The bcrypt pool for key secrets. It is separate from the pool for logins, so a flood of logins cannot block it.
    pub(crate) bcrypt: Arc<BcryptPool>,
    pub(crate) usage: ActorHandle<KeyUsageMsg>,
}

impl Keys {
    /// Writes the key usage that this process has recorded. A failure is only logged; the recorder retries the write.
    pub(crate) async fn flush_usage(&self) {
        let written = self
            .usage
            .call(FLUSH_TIMEOUT, |reply| KeyUsageMsg::Write { reply });
        if let Err(error) = written.await {
            tracing::warn!(%error, "key usage was not flushed");
        }
    }
}
