//! Onboarding: from a sign-up to the facts that issue the key.
//!
//! Three providers, the agreement and support report facts; each opens the creditor's account
//! file, and the last fact issues the key in the transaction that brings it.

mod agreement;
mod branch;
mod evaluator;
mod gate_facts;
mod provider_event;
mod setup;
mod support_changes;

pub(crate) use agreement::agreement_view;
pub(crate) use branch::onboarding_branch;
pub(crate) use evaluator::EvaluatorMsg;
pub(crate) use provider_event::verify_and_read;
pub(crate) use setup::{setup_view, update_setup};
