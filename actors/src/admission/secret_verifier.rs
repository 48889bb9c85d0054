//! The secret verifier checks the secrets of keys with bcrypt.
//!
//! It bounds the bcrypt work of all tenants together. It never merges checks of the same secret: the
//! tenant actor requests one check for each secret.

use std::sync::Arc;

use ractor::{ActorProcessingErr, RpcReplyPort};
use secrecy::SecretString;

use crate::contract::ApiError;
use crate::infra::BcryptPool;
use crate::supervision::Actor;

/// Messages of the [`SecretVerifier`].
#[derive(Debug)]
pub(crate) enum SecretVerifierMsg {
    /// Check whether `secret` matches the bcrypt `hash`.
    Verify {
        secret: SecretString,
        hash: String,
        reply: RpcReplyPort<Result<bool, ApiError>>,
    },
}

/// Verifies secrets in separate tasks, so that its mailbox does not block.
pub(crate) struct SecretVerifier(pub(super) Arc<BcryptPool>);

impl Actor for SecretVerifier {
    type Msg = SecretVerifierMsg;

    async fn handle(&mut self, message: SecretVerifierMsg) -> Result<(), ActorProcessingErr> {
        match message {
            SecretVerifierMsg::Verify {
                secret,
                hash,
                reply,
            } => verify(Arc::clone(&self.0), secret, hash, reply),
        }
        Ok(())
    }
}

/// Verifies in a separate task. If the task dies, the reply port is dropped and the caller gets an
/// error.
fn verify(
    pool: Arc<BcryptPool>,
    secret: SecretString,
    hash: String,
    reply: RpcReplyPort<Result<bool, ApiError>>,
) {
    tokio::spawn(async move {
        let _ = reply.send(pool.verify(secret, hash).await.map_err(ApiError::from));
    });
}
