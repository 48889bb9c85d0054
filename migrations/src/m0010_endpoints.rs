//! What an owner may ask of an endpoint beyond its URL.

crate::dialect::step!(
    "m0010_endpoints",
    "
ALTER TABLE webhook_endpoint ADD COLUMN description text NULL;
ALTER TABLE webhook_endpoint ADD COLUMN throttle_per_second integer NULL;
ALTER TABLE webhook_endpoint ADD COLUMN sealed_headers @bytes NULL;
"
);
