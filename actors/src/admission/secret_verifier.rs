//! The secret verifier checks the secrets of keys with bcrypt.
//!
//! It bounds the bcrypt work of all tenants together. It never merges checks of the same secret: the
//! tenant actor requests one check for each secret.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;

use crate::contract::ApiError;
use crate::infra::BcryptPool;

/// Messages of the [`SecretVerifier`].
#[derive(Debug)]
pub(crate) enum SecretVerifierMsg {
    /// Check whether `secret` matches the bcrypt `hash`.
    Verify {
        secret: SecretString,
        hash: String,
        reply: RpcReplyPort<Result<bool, ApiError>>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Verifies secrets in separate tasks, so that its mailbox does not block.
pub(crate) struct SecretVerifier;

impl Actor for SecretVerifier {
    type Msg = SecretVerifierMsg;
    type State = Arc<BcryptPool>;
    type Arguments = Arc<BcryptPool>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        pool: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(pool)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        pool: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SecretVerifierMsg::Verify {
                secret,
                hash,
                reply,
            } => verify(Arc::clone(pool), secret, hash, reply),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            SecretVerifierMsg::Panic => panic!("injected into the SecretVerifier"),
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
