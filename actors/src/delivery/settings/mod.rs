//! Webhook endpoints as their owner sets them up.
//!
//! Every change runs in the creditor's open file. Owns the tables `webhook_endpoint` and
//! `webhook_secret`; that a receiver answered 410 is the one change that delivery makes by itself.

mod checks;
mod further;
mod primary;
mod secrets;
mod test_event;

pub(crate) use further::{create, headers_of, list, remove, show, update};
pub(crate) use primary::{apply, check, shown_url};
pub(crate) use secrets::{rotate_secret, secret, secret_purpose};
pub(crate) use test_event::send_test;
