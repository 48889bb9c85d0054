//! What callers are shown: the typed answers of [`crate::PartnerApi`].
//!
//! Views are rendered as they are; field order is wire order. Money is a decimal string, time an
//! RFC 3339 text in UTC with milliseconds. A view never holds a secret except in the four types
//! that exist to show one, and those keep it in a [`secrecy::SecretString`].

mod account;
mod health;
mod page;
mod placements;
mod support;
mod webhooks;

pub use account::*;
pub use health::*;
pub use page::*;
pub use placements::*;
pub use support::*;
pub use webhooks::*;
