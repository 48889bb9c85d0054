//! Onboarding: from a sign-up to a key that was revealed once.
//!
//! Every path that writes a gate's fact (three providers, the agreement, support) opens the
//! creditor's [`file::AccountFile`], which holds its lock until the commit. So two nodes that each
//! see the other's gate still closed cannot both walk away, and the last fact issues the key.

mod accounts;
mod agreement;
mod branch;
mod evaluator;
mod file;
mod gate_facts;
mod keys;
mod provider_event;
mod sessions;
mod setup;
mod status;
mod support_changes;

pub(crate) use accounts::{sign_in, sign_up};
pub(crate) use agreement::agreement_view;
pub(crate) use branch::onboarding_branch;
pub(crate) use evaluator::EvaluatorMsg;
pub(crate) use file::{AccountFile, Subject};
pub(crate) use keys::{reveal, revoke_by_support, rotate_by_support};
pub(crate) use provider_event::verify_and_read;
pub(crate) use sessions::{authenticate, sign_out};
pub(crate) use setup::{setup_view, update_setup};
pub(crate) use status::{
    account_status_of, gate_statuses, gates_from, key_status, onboarding_status,
};
