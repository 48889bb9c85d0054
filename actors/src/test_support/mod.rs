//! What the tests of several folders share: databases with creditors and endpoints, and modules wired to them.

pub(crate) mod bench;
