//! The setup checklist: what a creditor still has to provide before the gates can pass.

pub(crate) mod show;
pub(crate) mod update;
