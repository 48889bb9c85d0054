//! Support routes of placements.

pub(crate) mod erase_webhook_payloads;
pub(crate) mod open_dispute;
pub(crate) mod transition;
