//! The transaction under a creditor's lock, its idempotency records, and the account status that follows from it.

mod handle;
mod idempotency;
mod status;
mod transaction;

pub(crate) use handle::Creditors;
pub(crate) use idempotency::{IDEMPOTENCY_MS, IdempotentOperation};
pub(crate) use status::{
    account_status_of, current_key, gate_statuses, gates_from, key_status, onboarding_status,
};
pub(crate) use transaction::CreditorTransaction;
