//! Provider accounts and events, the gates that follow from them, and acceptances of the agreement.

pub(crate) const SCRIPT: &str = "
CREATE TABLE gate (
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    gate text NOT NULL,
    fact_at_ms bigint NOT NULL,
    seen integer NOT NULL,
    source text NOT NULL,
    changed_ms bigint NOT NULL,
    PRIMARY KEY (creditor_id, gate)
);
CREATE TABLE provider_account (
    provider text NOT NULL,
    external_id text NOT NULL,
    creditor_id @uuid NULL REFERENCES creditor (id),
    PRIMARY KEY (provider, external_id)
);
CREATE INDEX provider_account_creditor ON provider_account (creditor_id);
CREATE TABLE onboarding_event (
    id @uuid NOT NULL PRIMARY KEY,
    provider text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    external_id text NOT NULL,
    creditor_id @uuid NULL REFERENCES creditor (id),
    gate text NULL,
    fact_value text NULL,
    names_previous @bool NOT NULL,
    occurred_ms bigint NOT NULL,
    outcome text NOT NULL,
    received_ms bigint NOT NULL,
    UNIQUE (provider, event_id)
);
CREATE INDEX onboarding_event_account ON onboarding_event (provider, external_id, occurred_ms);
CREATE INDEX onboarding_event_creditor ON onboarding_event (creditor_id, received_ms);
CREATE TABLE agreement_acceptance (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    version text NOT NULL,
    signatory_name text NOT NULL,
    source text NOT NULL,
    accepted_ms bigint NOT NULL
);
CREATE INDEX agreement_acceptance_creditor ON agreement_acceptance (creditor_id, accepted_ms);
";
