//! The setup checklist: what a creditor still has to give before the gates can pass.

pub(crate) mod show;
pub(crate) mod update;
