//! The sandbox: a simulator that advances placements as operations would. It never runs in production.

mod handle;
mod simulator;
mod tree;

pub(crate) use handle::Sandbox;
pub(crate) use tree::sandbox_tree;
