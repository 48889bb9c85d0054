//! The secret verifier: bcrypt for keys, at most once per key and process.
//!
//! Single-flight is the tenant's: it asks once for each secret. This actor owns how much bcrypt
//! may go on for all tenants together.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;

use crate::contract::ApiError;
use crate::infra::BcryptPool;

/// Messages of the [`SecretVerifier`].
#[derive(Debug)]
pub(crate) enum SecretVerifierMsg {
    /// Is this the secret behind the hash?
    Verify {
        secret: SecretString,
        hash: String,
        reply: RpcReplyPort<Result<bool, ApiError>>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Verifies secrets beside its mailbox.
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

/// Works beside the mailbox. Should it die, the reply port is dropped, and its caller hears that.
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
