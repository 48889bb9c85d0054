//! Transactions under a creditor's lock, the key that they issue, their idempotency records and the account status.
//!
//! Never sends a webhook. Its events go to the outbox.

mod handle;
mod idempotency;
mod key_issuance;
mod list_share;
mod status;
mod transaction;

pub(crate) use handle::Creditors;
pub(crate) use idempotency::{Idempotency, IdempotentOperation, is_expired};
pub(crate) use status::{
    account_status_of, current_key, gate_statuses, gates_from, key_status, onboarding_status,
};
pub(crate) use transaction::CreditorTransaction;
