//! API keys after their issue: reveal, rotation, revocation, IP allowlist, expiry notice and usage.
//!
//! Every change runs in a [`CreditorTransaction`](crate::creditor::CreditorTransaction), so the keys of a creditor
//! change one at a time. The module never decides what a rotation does to older keys:
//! [`crate::domain::key_rotation`] does.

mod changes;
mod expiry_notice;
mod generate;
mod handle;
mod ip_allowlist;
mod list;
mod read_key;
mod reveal;
mod revoke;
mod rotate;
mod usage_recorder;

pub(crate) use changes::Initiator;
pub(crate) use expiry_notice::send_expiry_notice;
pub(crate) use handle::Keys;
pub(crate) use ip_allowlist::{ip_allowlist_of, set_ip_allowlist};
pub(crate) use list::list_keys;
pub(crate) use read_key::{revoke_read_key, rotate_read_key};
pub(crate) use reveal::reveal;
pub(crate) use revoke::revoke;
pub(crate) use rotate::rotate;
pub(crate) use usage_recorder::{KeyUsageMsg, KeyUsageRecorder};
