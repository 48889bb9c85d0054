//! A histogram of latencies.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies in microseconds, with a precision of three digits.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // Up to one minute. Longer latencies count as one minute.
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).expect("three digits are allowed"))
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(us.max(1));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the same precision");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency at `percentile` (0 to 100), in microseconds.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn percentile_us(&self, percentile: f64) -> f64 {
        self.0.value_at_percentile(percentile) as f64
    }
}
