//! Idempotent operations in a creditor transaction, under an `Idempotency-Key`.
//!
//! The record of an operation is written in the same transaction and holds the id of the created object. A replay shows
//! the object in its current state. Two requests with the same key wait for the same creditor lock, so the second one
//! finds the record of the first.

use std::fmt::Debug;

use entities::idempotency_record;
use entities::ids::CreditorId;
use entities::queries::writer;
use uuid::Uuid;

use super::transaction::CreditorTransaction;
use crate::contract::{ApiError, DbResultExt as _, IdempotencyKey};
use crate::domain::fingerprint::request_fingerprint;
use crate::infra::Env;

/// How long a record is replayed, in milliseconds: one day.
pub(crate) const IDEMPOTENCY_MS: i64 = 86_400_000;

/// The idempotency key of a request, and a fingerprint that detects a different request under the same key.
#[derive(Debug)]
pub(crate) struct IdempotentOperation {
    key: Option<IdempotencyKey>,
    operation: &'static str,
    fingerprint: [u8; 32],
}

impl IdempotentOperation {
    /// The request of `operation` with `body`. Without a `key`, the operation is not idempotent.
    pub(crate) fn new(
        key: Option<IdempotencyKey>,
        operation: &'static str,
        body: &impl Debug,
    ) -> Self {
        let body = format!("{body:?}");
        Self {
            key,
            operation,
            fingerprint: request_fingerprint(operation, body.as_bytes()),
        }
    }

    /// Returns the id of the object that an earlier identical request created, without a lock. It can miss a
    /// concurrent request, so it only saves expensive work before the transaction.
    /// [`IdempotentOperation::find_result`] is reliable.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the key was used for a different request.
    pub(crate) async fn peek(
        &self,
        env: &Env,
        creditor: CreditorId,
    ) -> Result<Option<Uuid>, ApiError> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let found = writer::idempotency_record(env.db.reader(), creditor, key.as_str()).await;
        self.check_record(found.map_db_error()?, env.clock.now_ms())
    }

    /// Returns the id of the object that an earlier identical request created.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the key was used for a different request.
    pub(crate) async fn find_result(
        &self,
        transaction: &CreditorTransaction<'_>,
    ) -> Result<Option<Uuid>, ApiError> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let creditor = transaction.creditor.id;
        let found = writer::idempotency_record(&transaction.db, creditor, key.as_str()).await;
        self.check_record(found.map_db_error()?, transaction.outbox.now_ms())
    }

    fn check_record(
        &self,
        record: Option<idempotency_record::Model>,
        now_ms: i64,
    ) -> Result<Option<Uuid>, ApiError> {
        let valid =
            |record: &idempotency_record::Model| record.created_ms > now_ms - IDEMPOTENCY_MS;
        let Some(record) = record.filter(valid) else {
            return Ok(None);
        };
        if record.fingerprint != self.fingerprint {
            return Err(ApiError::IdempotencyKeyReused);
        }
        let made = serde_json::from_str(&record.outcome);
        made.map(Some).map_err(|_| ApiError::IdempotencyKeyReused)
    }

    /// Stores the record of this operation. `made` is the id of the created object.
    pub(crate) async fn store_result(
        &self,
        transaction: &CreditorTransaction<'_>,
        made: Uuid,
    ) -> Result<(), ApiError> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        let record = idempotency_record::Model {
            creditor_id: transaction.creditor.id,
            key: key.as_str().to_owned(),
            fingerprint: self.fingerprint.to_vec(),
            operation: self.operation.to_owned(),
            placement_id: None,
            outcome: format!("\"{made}\""),
            created_ms: transaction.outbox.now_ms(),
        };
        // Replaces an expired record of the same key.
        writer::replace_idempotency_records(&transaction.db, vec![record])
            .await
            .map_db_error()
    }
}
