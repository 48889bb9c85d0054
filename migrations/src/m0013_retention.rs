//! Indexes for the removal of what is no longer needed, for the endpoints of a creditor that has removed many, and for
//! the leased rows of an endpoint that keeps an order by placement.

pub(crate) const SCRIPT: &str = "
DROP INDEX webhook_endpoint_creditor;
DROP INDEX webhook_endpoint_disabled;
CREATE INDEX webhook_endpoint_creditor ON webhook_endpoint (creditor_id) WHERE url <> '';
CREATE INDEX webhook_endpoint_receiving ON webhook_endpoint (creditor_id, id) WHERE state <> 'disabled';
CREATE INDEX webhook_endpoint_disabled ON webhook_endpoint (updated_ms) WHERE state = 'disabled';
CREATE INDEX webhook_endpoint_removed ON webhook_endpoint (updated_ms) WHERE url = '' AND NOT is_primary;
CREATE INDEX webhook_secret_expiry ON webhook_secret (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX webhook_recovery_done ON webhook_recovery (updated_ms) WHERE state = 'done';
CREATE INDEX api_key_ended ON api_key (ended_ms) WHERE state = 'ended';
CREATE INDEX delivery_leased_order ON delivery (endpoint_id, order_key)
    WHERE owner IS NOT NULL AND order_key <> endpoint_id;
CREATE INDEX onboarding_event_age ON onboarding_event (received_ms);
CREATE INDEX onboarding_event_unlinked ON onboarding_event (received_ms) WHERE creditor_id IS NULL;
";
