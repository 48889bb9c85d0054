//! When an endpoint failed last: what has been quiet since then is not what fails for days.

crate::dialect::step!(
    "m0015_quiet_endpoints",
    "
ALTER TABLE webhook_endpoint ADD COLUMN last_failed_ms bigint NULL;
UPDATE webhook_endpoint SET last_failed_ms = failing_since_ms;
"
);
