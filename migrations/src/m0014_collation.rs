//! Compares the text of keys by its bytes, as SQLite does. On Postgres the collation of the machine decided, so an upgrade
//! of its libraries could break indexes, and two machines could sort differently.

pub(crate) const SCRIPT: &str = "
@postgres ALTER TABLE api_key
    ALTER COLUMN prefix TYPE text COLLATE \"C\",
    ALTER COLUMN scope TYPE text COLLATE \"C\";
@postgres ALTER TABLE cluster_counter
    ALTER COLUMN name TYPE text COLLATE \"C\";
@postgres ALTER TABLE creditor
    ALTER COLUMN email TYPE text COLLATE \"C\";
@postgres ALTER TABLE gate
    ALTER COLUMN gate TYPE text COLLATE \"C\";
@postgres ALTER TABLE idempotency_record
    ALTER COLUMN key TYPE text COLLATE \"C\",
    ALTER COLUMN operation TYPE text COLLATE \"C\";
@postgres ALTER TABLE installation
    ALTER COLUMN name TYPE text COLLATE \"C\";
@postgres ALTER TABLE onboarding_event
    ALTER COLUMN event_id TYPE text COLLATE \"C\",
    ALTER COLUMN external_id TYPE text COLLATE \"C\",
    ALTER COLUMN provider TYPE text COLLATE \"C\";
@postgres ALTER TABLE placement
    ALTER COLUMN invoice_number TYPE text COLLATE \"C\",
    ALTER COLUMN status TYPE text COLLATE \"C\";
@postgres ALTER TABLE provider_account
    ALTER COLUMN external_id TYPE text COLLATE \"C\",
    ALTER COLUMN provider TYPE text COLLATE \"C\";
@postgres ALTER TABLE retention_cursor
    ALTER COLUMN name TYPE text COLLATE \"C\";
";
