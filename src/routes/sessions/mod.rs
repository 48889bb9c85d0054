//! Sessions of the dashboard: sign in, sign out here, sign out everywhere.

pub(crate) mod create;
pub(crate) mod delete_all;
pub(crate) mod delete_current;
