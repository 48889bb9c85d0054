//! Support routes of creditors.

pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod update;
