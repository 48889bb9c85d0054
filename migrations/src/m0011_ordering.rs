//! Strict order, as an endpoint's owner may ask for it, and since when an endpoint has failed.
//!
//! A delivery's `order_key` says in which line it stands: none, its endpoint's one line
//! (`order_key = endpoint_id`), or its placement's. Each kind is claimed in its own way, by its own
//! partial index, so that a long line never stands in the way of rows that are in none. Its
//! condition says `IS NOT DISTINCT FROM`, because from two `=` the planner of Postgres would derive a
//! third and forget the one that the index needs.

crate::dialect::step!(
    "m0011_ordering",
    "
ALTER TABLE webhook_endpoint ADD COLUMN ordering text NOT NULL DEFAULT 'none';
ALTER TABLE webhook_endpoint ADD COLUMN on_exhausted text NOT NULL DEFAULT 'pause';
ALTER TABLE webhook_endpoint ADD COLUMN failing_since_ms bigint NULL;
UPDATE delivery SET order_key = NULL WHERE order_key IS NOT NULL;
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key IS NULL;
CREATE INDEX delivery_line ON delivery (endpoint_id, sequence)
    WHERE state IN ('pending', 'failed') AND order_key IS NOT DISTINCT FROM endpoint_id;
CREATE INDEX delivery_key ON delivery (endpoint_id, order_key, sequence)
    WHERE state IN ('pending', 'failed') AND order_key <> endpoint_id;
CREATE INDEX delivery_key_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key <> endpoint_id;
"
);
