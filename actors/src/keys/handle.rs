//! What changes of keys need, and what others may ask of this module.

use std::sync::Arc;
use std::time::Duration;

use super::usage_recorder::KeyUsageMsg;
use crate::creditor::Creditors;
use crate::infra::{BcryptPool, Env};
use crate::supervision::ActorHandle;

/// How long a rotation waits for the last uses of keys to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The means of every change of a key.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) env: Arc<Env>,
    pub(crate) creditors: Arc<Creditors>,
    /// bcrypt of key secrets: a flood of sign-ins does not touch it.
    pub(crate) bcrypt: Arc<BcryptPool>,
    pub(crate) usage: ActorHandle<KeyUsageMsg>,
}

impl Keys {
    /// Writes what this process knows of the last uses of keys. A failure refuses nothing: it is tried again.
    pub(crate) async fn flush_usage(&self) {
        let written = self
            .usage
            .call(FLUSH_TIMEOUT, |reply| KeyUsageMsg::Write { reply });
        if let Err(error) = written.await {
            tracing::warn!(%error, "the last uses of keys were not written now");
        }
    }
}
