//! Metrics of deliveries.
//!
//! The cardinality of labels is bounded: no label contains a creditor, an endpoint or text from a receiver.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::retry::{FailureCause, Outcome};

/// One label, whose value is one of a fixed set.
type Label = [(&'static str, &'static str); 1];

/// The metrics of one process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    lag: Histogram,
    attempt_duration: Histogram,
    attempts: Family<Label, Counter>,
    leases: Family<Label, Counter>,
    pub(crate) connections: Counter,
    leases_in_use: Gauge,
    queue: Family<Label, Gauge>,
    circuits: Family<Label, Gauge>,
}

/// How a row was leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum LeaseOrigin {
    /// It was inserted pre-leased.
    Preleased,
    /// It was claimed.
    Claimed,
}

/// Values that are read when the metrics are scraped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GaugeValues {
    /// Rows of the queue, by state.
    pub(crate) queue: Vec<(&'static str, i64)>,
    /// Leases and reservations of this process.
    pub(crate) leases_in_use: i64,
    /// Endpoints whose circuit is open.
    pub(crate) open: i64,
    /// Endpoints whose circuit is half open and lets one probe through.
    pub(crate) half_open: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("partner_api"),
            // 1 ms to about six days, longer than all retries of a delivery take.
            lag: Histogram::new(exponential_buckets(0.001, 2.0, 30)),
            // 1 ms to about nine minutes, longer than the largest timeout that can be set.
            attempt_duration: Histogram::new(exponential_buckets(0.001, 2.0, 20)),
            attempts: Family::default(),
            leases: Family::default(),
            connections: Counter::default(),
            leases_in_use: Gauge::default(),
            queue: Family::default(),
            circuits: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "delivery_lag",
            "Time from an event to its delivery with a 2xx response",
            Unit::Seconds,
            self.lag.clone(),
        );
        registry.register_with_unit(
            "delivery_attempt_duration",
            "Duration of a delivery attempt, failed ones included: DNS, connect, request and response",
            Unit::Seconds,
            self.attempt_duration.clone(),
        );
        registry.register(
            "delivery_attempts",
            "Delivery attempts by outcome",
            self.attempts.clone(),
        );
        registry.register(
            "delivery_leases",
            "Deliveries leased by this process, by origin: inserted with a lease (preleased), or claimed from the queue",
            self.leases.clone(),
        );
        registry.register(
            "delivery_connections_opened",
            "Connections that the sender tried to open, failed ones included; the other attempts reused one",
            self.connections.clone(),
        );
        registry.register(
            "delivery_leases_in_use",
            "Leases and reservations of this process: deliveries that are being sent, wait to be sent, or wait to be recorded",
            self.leases_in_use.clone(),
        );
        registry.register(
            "delivery_queue_depth",
            "Rows of the queue by state, of all processes: aggregate with max, not sum; counted up to one million",
            self.queue.clone(),
        );
        registry.register(
            "delivery_circuits",
            "Endpoints of this process whose circuit is not closed",
            self.circuits.clone(),
        );
    }

    /// Records an attempt. `lag_ms` is the time since the event.
    pub(super) fn attempted(&self, outcome: &Outcome, latency_ms: i64, lag_ms: i64) {
        let label = [("outcome", name_of(outcome))];
        self.attempts.get_or_create(&label).inc();
        self.attempt_duration.observe(seconds(latency_ms));
        if *outcome == Outcome::Delivered {
            self.lag.observe(seconds(lag_ms));
        }
    }

    /// Records `rows` leased rows.
    pub(crate) fn leased(&self, origin: LeaseOrigin, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        let origin = [("origin", origin.into())];
        self.leases.get_or_create(&origin).inc_by(rows);
    }

    /// Renders all metrics in the text format of OpenMetrics 1.0.
    pub(crate) fn render(&self, levels: &GaugeValues) -> Result<String, fmt::Error> {
        self.leases_in_use.set(levels.leases_in_use);
        for (state, rows) in &levels.queue {
            self.queue.get_or_create(&[("state", *state)]).set(*rows);
        }
        for (state, endpoints) in [("open", levels.open), ("half_open", levels.half_open)] {
            self.circuits
                .get_or_create(&[("state", state)])
                .set(endpoints);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[allow(clippy::cast_precision_loss)] // the precision is sufficient for a measurement
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1_000.0
}

fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Gone => "gone",
        Outcome::RetryAfter { .. } => "retry_after",
        Outcome::Failed { cause } => match cause {
            FailureCause::Status(300..=399) => "http_3xx",
            FailureCause::Status(400..=499) => "http_4xx",
            FailureCause::Status(500..=599) => "http_5xx",
            FailureCause::Status(_) => "http_other",
            FailureCause::Timeout => "timeout",
            FailureCause::Connect => "connect",
            FailureCause::Resolve => "resolve",
            FailureCause::UnsafeAddress => "unsafe_address",
            FailureCause::Tls => "tls",
            FailureCause::Protocol => "protocol",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_values_appear_in_rendered_metrics() {
        let metrics = Metrics::default();
        metrics.attempted(&Outcome::Delivered, 3, 1_500);
        metrics.attempted(
            &Outcome::Failed {
                cause: FailureCause::Status(502),
            },
            30,
            0,
        );
        metrics.leased(LeaseOrigin::Preleased, 2);
        let levels = GaugeValues {
            queue: vec![("pending", 7)],
            leases_in_use: 1,
            open: 2,
            half_open: 0,
        };
        let text = metrics.render(&levels).unwrap();
        for line in [
            "partner_api_delivery_attempts_total{outcome=\"delivered\"} 1",
            "partner_api_delivery_attempts_total{outcome=\"http_5xx\"} 1",
            "partner_api_delivery_lag_seconds_count 1",
            "partner_api_delivery_lag_seconds_sum 1.5",
            "partner_api_delivery_leases_total{origin=\"preleased\"} 2",
            "partner_api_delivery_queue_depth{state=\"pending\"} 7",
            "partner_api_delivery_leases_in_use 1",
            "partner_api_delivery_circuits{state=\"open\"} 2",
            "partner_api_delivery_connections_opened_total 0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
