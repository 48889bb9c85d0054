//! A creditor's account: its file under its lock, its status, its settings, and who signs in to it.
//!
//! Every path that changes a gate, a key, an endpoint or the account itself opens the creditor's
//! [`AccountFile`], which holds its lock until the commit. So two nodes that each see the other's
//! gate still closed cannot both walk away, and the last fact issues the key.

mod file;
mod once;
mod sessions;
mod settings;
mod sign_in;
mod sign_up;
mod status;

pub(crate) use file::{AccountFile, Subject};
pub(crate) use once::Once;
pub(crate) use sessions::{dashboard_session, onboarding_token, sign_out};
pub(crate) use settings::{settings_view, update_settings};
pub(crate) use sign_in::{refuse_support, sign_in};
pub(crate) use sign_up::sign_up;
pub(crate) use status::{
    account_status_of, current_key, gate_statuses, gates_from, key_status, onboarding_status,
};
