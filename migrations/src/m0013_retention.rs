//! Where the walks of retention are, and the trace that an event belongs to.
//!
//! A message without payload is one whose time is over, or that was erased: its log stays readable.

crate::dialect::step!(
    "m0013_retention",
    "
ALTER TABLE message ADD COLUMN traceparent text NULL;
CREATE TABLE retention (
    walk text NOT NULL PRIMARY KEY,
    cursor @uuid NOT NULL
);
INSERT INTO retention (walk, cursor) VALUES ('payloads', @nil);
"
);
