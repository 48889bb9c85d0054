//! The route of the documentation page.

pub(crate) mod show;
