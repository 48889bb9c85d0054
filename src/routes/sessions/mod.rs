//! Routes of dashboard sessions: sign in, sign out, sign out everywhere.

pub(crate) mod create;
pub(crate) mod delete_all;
pub(crate) mod delete_current;
