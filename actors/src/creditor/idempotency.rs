//! What a person or a key asks for under an `Idempotency-Key` and what is done in a creditor's open transaction: done once.
//!
//! The answer is stored as the id of what was made, in the transaction that makes it; a replay shows that as it is now. Two
//! requests with one key wait for each other at the creditor's lock, so the second one finds what the first one did.

use std::fmt::Debug;

use entities::idempotency_record;
use entities::ids::CreditorId;
use entities::queries::writer;
use uuid::Uuid;

use super::transaction::CreditorTransaction;
use crate::contract::{ApiError, DbResultExt as _, IdempotencyKey};
use crate::domain::fingerprint::request_fingerprint;
use crate::infra::Env;

/// Stored answers are replayed for a day.
pub(crate) const IDEMPOTENCY_MS: i64 = 86_400_000;

/// A request, by which it is told from others under the same key.
#[derive(Debug)]
pub(crate) struct IdempotentOperation {
    key: Option<IdempotencyKey>,
    operation: &'static str,
    fingerprint: [u8; 32],
}

impl IdempotentOperation {
    /// The request that `operation` (method and path) makes of `body`.
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

    /// What this request made before, if it did and that is known already: for what costs something before the transaction is
    /// opened. Only [`IdempotentOperation::find_result`] is certain.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the key was used for another one.
    pub(crate) async fn peek(
        &self,
        env: &Env,
        creditor: CreditorId,
    ) -> Result<Option<Uuid>, ApiError> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let found = writer::idempotency_record(env.db.reader(), creditor, key.as_str()).await;
        self.answer(found.map_db_error()?, env.clock.now_ms())
    }

    /// What this request made before, if it did.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the key was used for another one.
    pub(crate) async fn find_result(
        &self,
        transaction: &CreditorTransaction<'_>,
    ) -> Result<Option<Uuid>, ApiError> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let creditor = transaction.creditor.id;
        let found = writer::idempotency_record(&transaction.db, creditor, key.as_str()).await;
        self.answer(found.map_db_error()?, transaction.outbox.now_ms())
    }

    fn answer(
        &self,
        record: Option<idempotency_record::Model>,
        now_ms: i64,
    ) -> Result<Option<Uuid>, ApiError> {
        let alive =
            |record: &idempotency_record::Model| record.created_ms > now_ms - IDEMPOTENCY_MS;
        let Some(record) = record.filter(alive) else {
            return Ok(None);
        };
        if record.fingerprint != self.fingerprint {
            return Err(ApiError::IdempotencyKeyReused);
        }
        let made = serde_json::from_str(&record.outcome);
        made.map(Some).map_err(|_| ApiError::IdempotencyKeyReused)
    }

    /// Stores that this was made.
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
        // In the place of one that has outlived its day.
        writer::replace_idempotency_records(&transaction.db, vec![record])
            .await
            .map_db_error()
    }
}
