//! The simulator, which plays operations for sandbox placements.

mod simulator;
mod tree;

pub(crate) use simulator::SimulatorMsg;
pub(crate) use tree::jobs_branch;
