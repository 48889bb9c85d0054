//! Typed ids, so that a placement's id cannot be passed where a creditor's is asked for.

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

        // Required of primary keys; only auto-increment ones are ever made from an integer.
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
    /// Id of a creditor, the tenant of everything else.
    CreditorId,
    /// Id of a placement.
    PlacementId,
    /// Id of an API key row; its prefix is what callers see.
    KeyId,
    /// Id of a webhook endpoint.
    EndpointId,
    /// Id of an outbound event; the receiver sees it as `webhook-id`.
    MessageId,
    /// Id of one message's delivery to one endpoint.
    DeliveryId,
    /// Id of a recovery.
    RecoveryId,
}
