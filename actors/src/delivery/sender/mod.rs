//! Sends one signed webhook request, with limits on destination, size and time. Never retries.

pub(crate) mod client;
mod connections;
#[cfg(test)]
mod misbehaving_server;
mod resolver;
mod sanitize;
mod send_error;
#[cfg(test)]
mod test_ca;

pub(crate) use client::{AttemptResponse, OutOfFileDescriptors, Post, Sender, failed};
