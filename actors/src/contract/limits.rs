//! The state of both rate limits, as the `RateLimit` headers show it.

/// One limit as the `RateLimit` headers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitState {
    /// Requests of a full bucket (`q`).
    pub quota: u32,
    /// Seconds in which an empty bucket fills (`w`).
    pub window_s: u64,
    /// Requests left now (`r`).
    pub remaining: u32,
    /// Seconds until the bucket is full (`t`).
    pub reset_s: u64,
}

/// Both limits, from the very decision that admitted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReport {
    /// The key's limit.
    pub key: LimitState,
    /// The creditor's limit.
    pub tenant: LimitState,
}
