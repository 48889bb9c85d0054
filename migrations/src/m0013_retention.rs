//! Indexes for the removal of what is no longer needed, and for the endpoints of a creditor that has removed many.

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
CREATE INDEX onboarding_event_age ON onboarding_event (received_ms);
CREATE INDEX onboarding_event_unlinked ON onboarding_event (received_ms) WHERE creditor_id IS NULL;
";
