//! Support routes of disputes.

pub(crate) mod answer;
