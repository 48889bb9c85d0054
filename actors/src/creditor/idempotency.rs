//! Requests under an `Idempotency-Key`: what identifies a repetition, and the record that it is answered from.
//!
//! The record is written in the transaction of the request. Requests with one key wait for the same creditor lock, so
//! the second one finds the record of the first. Writers store the whole outcome. Other operations store the id of the
//! object that they created, and a replay shows the object in its current state.

use entities::idempotency_record::Model;
use entities::ids::{CreditorId, PlacementId};
use entities::queries::writer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::transaction::CreditorTransaction;
use crate::contract::{ApiError, IdempotencyKey};
use crate::domain::fingerprint::request_fingerprint;
use crate::infra::Env;

/// How long a record is replayed, in milliseconds: one day.
const REPLAY_MS: i64 = 86_400_000;

/// Whether a record is too old to be replayed.
pub(crate) fn is_expired(record: &Model, now_ms: i64) -> bool {
    record.created_ms <= now_ms - REPLAY_MS
}

/// An idempotency key and the fingerprint of its request.
///
/// The task of the request computes the fingerprint. A Writer that hashed it would block its database connection
/// meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency {
    pub(crate) key: IdempotencyKey,
    operation: &'static str,
    /// Hash of the operation and its content. Requests with equal fingerprints are the same request.
    fingerprint: [u8; 32],
}

impl Idempotency {
    /// The request of `operation` with `canonical_json` as its content.
    pub(crate) fn new(key: IdempotencyKey, operation: &'static str, canonical_json: &[u8]) -> Self {
        Self {
            key,
            operation,
            fingerprint: request_fingerprint(operation, canonical_json),
        }
    }

    /// The stored outcome of the request. `None` without a record, or if the record has expired.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the record belongs to a different request.
    pub(crate) fn outcome<T: DeserializeOwned>(
        &self,
        record: Option<&Model>,
        now_ms: i64,
    ) -> Result<Option<T>, ApiError> {
        let Some(record) = record.filter(|record| !is_expired(record, now_ms)) else {
            return Ok(None);
        };
        if record.fingerprint != self.fingerprint {
            return Err(ApiError::IdempotencyKeyReused);
        }
        serde_json::from_str(&record.outcome).map_err(|error| {
            tracing::error!(
                %error,
                creditor_id = %record.creditor_id,
                operation = record.operation,
                "the stored response of an idempotency key cannot be parsed"
            );
            ApiError::Internal
        })
    }

    /// The record of the request. `placement` is the placement that it changed, if any.
    pub(crate) fn record(
        &self,
        creditor: CreditorId,
        placement: Option<PlacementId>,
        outcome: &impl Serialize,
        now_ms: i64,
    ) -> Model {
        Model {
            creditor_id: creditor,
            key: self.key.as_str().to_owned(),
            fingerprint: self.fingerprint.to_vec(),
            operation: self.operation.to_owned(),
            placement_id: placement,
            outcome: serde_json::to_string(outcome).unwrap_or_default(),
            created_ms: now_ms,
        }
    }
}

/// An operation in a creditor transaction that creates an object. It is idempotent if the request has a key.
#[derive(Debug)]
pub(crate) struct IdempotentOperation(Option<Idempotency>);

impl IdempotentOperation {
    /// The request of `operation` with `content`.
    pub(crate) fn new(
        key: Option<IdempotencyKey>,
        operation: &'static str,
        content: &impl Serialize,
    ) -> Self {
        Self(key.map(|key| {
            let canonical_json = serde_json::to_vec(content).unwrap_or_default();
            Idempotency::new(key, operation, &canonical_json)
        }))
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
        let Some(idempotency) = &self.0 else {
            return Ok(None);
        };
        let found =
            writer::idempotency_record(env.db.reader(), creditor, idempotency.key.as_str()).await;
        idempotency.outcome(found?.as_ref(), env.clock.now_ms())
    }

    /// Returns the id of the object that an earlier identical request created.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyKeyReused`] if the key was used for a different request.
    pub(crate) async fn find_result(
        &self,
        transaction: &CreditorTransaction<'_>,
    ) -> Result<Option<Uuid>, ApiError> {
        let Some(idempotency) = &self.0 else {
            return Ok(None);
        };
        let (db, creditor) = (&transaction.db, transaction.creditor.id);
        let found = writer::idempotency_record(db, creditor, idempotency.key.as_str()).await;
        idempotency.outcome(found?.as_ref(), transaction.outbox.now_ms())
    }

    /// Stores the record of this operation. `created_id` is the id of the created object.
    pub(crate) async fn store_result(
        &self,
        transaction: &CreditorTransaction<'_>,
        created_id: Uuid,
    ) -> Result<(), ApiError> {
        let Some(idempotency) = &self.0 else {
            return Ok(());
        };
        let now_ms = transaction.outbox.now_ms();
        let record = idempotency.record(transaction.creditor.id, None, &created_id, now_ms);
        // Replaces an expired record of the same key.
        writer::replace_idempotency_records(&transaction.db, vec![record]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use entities::ids::{DeliveryId, EndpointId};

    use super::*;
    use crate::contract::{EndpointChange, RecoveryPeriod};

    fn json(content: &impl Serialize) -> String {
        serde_json::to_string(content).unwrap()
    }

    /// A fingerprint that changes turns the retry of a request from before an upgrade into a conflict. An absent field
    /// is left out, so that a new optional field does not change it.
    #[test]
    fn json_for_the_fingerprint_never_changes() {
        let id = Uuid::from_u128(7);
        let url = || Some("https://example.com".to_owned());
        let endpoint = EndpointChange {
            url: url(),
            ..EndpointChange::default()
        };
        assert_eq!(json(&endpoint), r#"{"url":"https://example.com"}"#);
        let all_events = EndpointChange {
            url: url(),
            events: Some(None),
            ..EndpointChange::default()
        };
        assert_eq!(
            json(&all_events),
            r#"{"url":"https://example.com","events":null}"#
        );
        let period = RecoveryPeriod {
            since_ms: 1,
            until_ms: None,
        };
        assert_eq!(json(&period), r#"{"since_ms":1}"#);
        assert_eq!(json(&DeliveryId(id)), format!("\"{id}\""));
        assert_eq!(json(&Some(EndpointId(id))), format!("\"{id}\""));
        assert_eq!(json(&None::<EndpointId>), "null");
    }
}
