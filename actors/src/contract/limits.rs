//! The state of the rate limits that the `RateLimit` headers report.

/// The state of one rate limit. The letters are the parameters of the `RateLimit` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitState {
    /// The capacity of the bucket, in requests (`q`).
    pub quota: u32,
    /// Seconds that an empty bucket needs to fill (`w`).
    pub window_s: u64,
    /// The remaining requests (`r`).
    pub remaining: u32,
    /// Seconds until the bucket is full (`t`).
    pub reset_s: u64,
}

/// The state of both rate limits after the decision that admitted or rejected the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReport {
    /// The limit of the key.
    pub key: LimitState,
    /// The limit of the creditor.
    pub tenant: LimitState,
}
