//! Onboarding: from sign-up to the first API key.
//!
//! Three providers, the agreement and support report facts about gates. Each fact is applied in a creditor
//! transaction. The transaction that passes the last gate also issues the key. The module never changes a key that
//! was issued before.

mod agreement;
mod company_profile;
mod evaluator;
mod event_files;
mod event_receiver;
mod handle;
mod lenient_json;
mod provider_event;
mod provider_events;
mod support_operations;
mod tree;

pub(crate) use agreement::agreement_view;
pub(crate) use company_profile::{company_profile_view, update_company_profile};
pub(crate) use evaluator::EvaluatorMsg;
pub use event_receiver::ProviderEventReceiver;
pub(crate) use handle::Onboarding;
pub(crate) use tree::onboarding_tree;
