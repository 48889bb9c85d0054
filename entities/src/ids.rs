//! Typed ids: the compiler rejects a placement's id where a creditor's is expected.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        // SeaORM requires this of primary keys, but calls it only for auto-increment keys.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    )+};
}

typed_id! {
    /// Id of a creditor, the tenant.
    CreditorId,
    /// Id of a placement.
    PlacementId,
    /// Id of an API key row. Callers see its prefix instead.
    KeyId,
    /// Id of a webhook endpoint.
    EndpointId,
    /// Id of an outbound event. Receivers see it as `webhook-id`.
    MessageId,
    /// Id of the delivery of one message to one endpoint.
    DeliveryId,
    /// Id of a recovery (bulk replay).
    RecoveryId,
    /// Id of an attempt of a delivery.
    AttemptId,
    /// Id of a signing secret of a webhook endpoint.
    WebhookSecretId,
    /// Id of a dispute.
    DisputeId,
    /// Id of a recorded payment.
    PaymentId,
    /// Id of a row in the history of a placement.
    HistoryId,
    /// Id of a dashboard session or an onboarding token.
    SessionId,
    /// Id that the tokens of one sign-in share.
    SessionFamilyId,
    /// Id of an acceptance of the agreement.
    AcceptanceId,
    /// Id of a stored event of a provider.
    OnboardingEventId,
    /// Id of an entry in the audit log.
    AuditEventId,
    /// Id of a commit of a Writer.
    BatchId,
}
