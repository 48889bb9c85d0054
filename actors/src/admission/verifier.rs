//! The secret verifier: bcrypt for keys, at most once per key and process.
//!
//! Single-flight is the tenant's: it asks once for each secret. This actor owns how much bcrypt
//! may go on for all tenants together.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use secrecy::SecretString;

use super::bcrypt_pool::BcryptPool;
use super::tenant::{Question, TenantMsg};
use crate::supervision::Address;

/// Messages of the [`SecretVerifier`].
#[derive(Debug)]
pub(crate) enum VerifierMsg {
    /// Is this the secret behind the hash? Answered to the tenant as `TenantMsg::Verified`.
    Verify {
        question: Question,
        secret: SecretString,
        hash: String,
        tenant: Address<TenantMsg>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Verifies secrets beside its mailbox.
pub(crate) struct SecretVerifier;

impl Actor for SecretVerifier {
    type Msg = VerifierMsg;
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
            VerifierMsg::Verify {
                question,
                secret,
                hash,
                tenant,
            } => {
                let pool = Arc::clone(pool);
                tokio::spawn(async move {
                    let verdict = pool.verify(secret, hash).await;
                    let _ = tenant.send(TenantMsg::Verified { question, verdict });
                });
            }
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            VerifierMsg::Panic => panic!("injected into the SecretVerifier"),
        }
        Ok(())
    }
}
