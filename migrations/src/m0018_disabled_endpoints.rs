//! Endpoints that are switched off are few, and what waits for them is looked for every minute.

crate::dialect::step!(
    "m0018_disabled_endpoints",
    "
CREATE INDEX webhook_endpoint_disabled ON webhook_endpoint (id) WHERE state = 'disabled';
"
);
