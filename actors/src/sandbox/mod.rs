//! The simulator, which plays operations for sandbox placements.

mod handle;
mod simulator;
mod tree;

pub(crate) use handle::Sandbox;
#[cfg(feature = "fault-injection")]
pub(crate) use simulator::SimulatorMsg;
pub(crate) use tree::sandbox_tree;
