//! Metrics of the HTTP front and of the process.
//!
//! The cardinality of labels is bounded: routes are templates, methods and codes come from fixed sets.

use std::fmt;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// One label, whose value is one of a fixed set.
type Label = [(&'static str, &'static str); 1];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

/// The metrics of one front.
#[derive(Debug)]
pub(crate) struct HttpMetrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<Label, Histogram>,
    errors: Family<Label, Counter>,
    running: Gauge,
    pub(crate) connections: Gauge,
    broken: Family<Label, Counter>,
    process: ProcessMetrics,
}

/// One more in a gauge, until it is dropped.
#[derive(Debug)]
pub(crate) struct Running<'a>(&'a Gauge);

impl<'a> Running<'a> {
    pub(crate) fn begin(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request that is being handled. If its client leaves before it ends, it is recorded with [`CLIENT_LEFT`].
#[derive(Debug)]
pub(crate) struct Handling<'a> {
    metrics: &'a HttpMetrics,
    _running: Running<'a>,
    method: &'static str,
    route: &'static str,
    started: Instant,
    end: (u16, Option<&'static str>),
}

/// The status in the metrics of a request without a response. nginx uses the same number.
const CLIENT_LEFT: u16 = 499;

impl<'a> Handling<'a> {
    pub(crate) fn begin(
        metrics: &'a HttpMetrics,
        method: &'static str,
        route: &'static str,
    ) -> Self {
        Self {
            metrics,
            _running: Running::begin(&metrics.running),
            method,
            route,
            started: Instant::now(),
            end: (CLIENT_LEFT, None),
        }
    }

    pub(crate) fn end(mut self, status: u16, code: Option<&'static str>) {
        self.end = (status, code);
    }
}

impl Drop for Handling<'_> {
    fn drop(&mut self) {
        let (status, code) = self.end;
        let took = self.started.elapsed();
        self.metrics
            .ended(self.method, self.route, status, code, took);
    }
}

#[derive(Debug, Default)]
struct ProcessMetrics {
    memory: Gauge,
    descriptors: Gauge,
    threads: Gauge,
    cpu: Gauge<f64, std::sync::atomic::AtomicU64>,
    start: Gauge,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("partner_api"),
            requests: Family::default(),
            // 0.1 ms to 26 s, more than the longest wait of a request.
            durations: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_1, 4.0, 10))
            }),
            errors: Family::default(),
            running: Gauge::default(),
            connections: Gauge::default(),
            broken: Family::default(),
            process: ProcessMetrics::default(),
        };
        metrics.register();
        metrics
    }
}

impl HttpMetrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests by method, route template and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the end of the head of a request to the head of its response, by route template",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "http_errors",
            "Responses with an error, by its code; rate_limited, invalid_api_key and others are the refusals of admission",
            self.errors.clone(),
        );
        registry.register(
            "http_requests_running",
            "Requests whose handler has not returned yet",
            self.running.clone(),
        );
        registry.register(
            "http_connections",
            "Open connections",
            self.connections.clone(),
        );
        registry.register(
            "http_connections_broken",
            "Connections that ended with an error, by kind: what the HTTP library answers itself (400, 414, 431) is invalid_request",
            self.broken.clone(),
        );
        let process = &self.process;
        registry.register_with_unit(
            "process_resident_memory",
            "Resident memory of the process",
            Unit::Bytes,
            process.memory.clone(),
        );
        registry.register(
            "process_open_fds",
            "Open file descriptors of the process",
            process.descriptors.clone(),
        );
        registry.register(
            "process_threads",
            "Threads of the process",
            process.threads.clone(),
        );
        registry.register_with_unit(
            "process_cpu",
            "Processor time that the process has used",
            Unit::Seconds,
            process.cpu.clone(),
        );
        registry.register_with_unit(
            "process_start_time",
            "Start of the process, seconds since the Unix epoch",
            Unit::Seconds,
            process.start.clone(),
        );
    }

    /// Records the end of a request.
    fn ended(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        code: Option<&'static str>,
        took: Duration,
    ) {
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&labels).inc();
        let route = [("route", route)];
        self.durations
            .get_or_create(&route)
            .observe(took.as_secs_f64());
        if let Some(code) = code {
            self.errors.get_or_create(&[("code", code)]).inc();
        }
    }

    /// Records that a connection ended with an error.
    pub(crate) fn broke(&self, kind: &'static str) {
        self.broken.get_or_create(&[("kind", kind)]).inc();
    }

    /// Renders all metrics in the text format of OpenMetrics 1.0, without the mark of the end.
    pub(crate) fn render(&self) -> Result<String, fmt::Error> {
        self.process.read();
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl ProcessMetrics {
    /// Reads the state of the process. Keeps the former values where the system does not tell.
    fn read(&self) {
        let Ok(process) = procfs::process::Process::myself() else {
            return;
        };
        if let Ok(count) = process.fd_count() {
            self.descriptors
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let Ok(stat) = process.stat() else {
            return;
        };
        let memory = stat.rss.saturating_mul(procfs::page_size());
        self.memory.set(i64::try_from(memory).unwrap_or(i64::MAX));
        self.threads.set(stat.num_threads);
        let ticks = u32::try_from(stat.utime + stat.stime).unwrap_or(u32::MAX);
        let per_second = u32::try_from(procfs::ticks_per_second()).unwrap_or(100);
        self.cpu.set(f64::from(ticks) / f64::from(per_second));
        if let Ok(booted) = procfs::boot_time_secs() {
            let started = booted + stat.starttime / u64::from(per_second);
            self.start.set(i64::try_from(started).unwrap_or(i64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_request_its_code_and_the_process() {
        let metrics = HttpMetrics::default();
        let took = Duration::from_millis(3);
        metrics.ended("GET", "/v1/placements", 429, Some("rate_limited"), took);
        metrics.broke("invalid_request");
        drop(Handling::begin(&metrics, "POST", "/v1/placements"));
        let text = metrics.render().unwrap();
        for line in [
            "partner_api_http_requests_total{method=\"GET\",route=\"/v1/placements\",status=\"429\"} 1",
            "partner_api_http_requests_total{method=\"POST\",route=\"/v1/placements\",status=\"499\"} 1",
            "partner_api_http_requests_running 0",
            "partner_api_http_errors_total{code=\"rate_limited\"} 1",
            "partner_api_http_connections_broken_total{kind=\"invalid_request\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        let memory = text
            .lines()
            .find_map(|line| line.strip_prefix("partner_api_process_resident_memory_bytes "));
        assert!(
            memory.unwrap().parse::<u64>().unwrap() > 1_000_000,
            "{text}"
        );
    }
}
