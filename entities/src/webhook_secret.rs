//! A signing secret of an endpoint, encrypted at rest.

use sea_orm::entity::prelude::*;

use crate::ids::{EndpointId, WebhookSecretId};

/// A row of `webhook_secret`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_secret")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookSecretId,
    /// The endpoint whose deliveries it signs.
    pub endpoint_id: EndpointId,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// Creation time, epoch milliseconds.
    pub created_ms: i64,
    /// When a rotated secret stops signing, epoch milliseconds.
    pub expires_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
