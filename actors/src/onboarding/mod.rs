//! Onboarding: from a sign-up to the facts that issue the key.
//!
//! Three providers, the agreement and support report facts; each opens the creditor's account
//! transaction, and the last fact issues the key in the transaction that brings it.

mod agreement;
mod company_profile;
mod evaluator;
mod handle;
mod provider_event;
mod provider_events;
mod support_operations;
mod tree;

pub(crate) use agreement::agreement_view;
pub(crate) use company_profile::{setup_view, update_setup};
pub(crate) use evaluator::EvaluatorMsg;
pub(crate) use handle::Onboarding;
pub(crate) use provider_event::verify_and_read;
pub(crate) use tree::onboarding_tree;
