//! A recovery: a creditor's deliveries of some time sent again, as a job.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DeliveryId, RecoveryId};

/// How far a recovery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RecoveryState {
    /// It walks the queue, for what has failed or run out.
    #[sea_orm(string_value = "deliveries")]
    Deliveries,
    /// It walks the messages that nobody was told.
    #[sea_orm(string_value = "messages")]
    Messages,
    /// Everything is queued.
    #[sea_orm(string_value = "done")]
    Done,
}

/// A row of `webhook_recovery`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_recovery")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecoveryId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Who asked for it.
    pub requested_by: String,
    /// How far it is.
    pub state: RecoveryState,
    /// Events from then on.
    pub since_ms: i64,
    /// And before then.
    pub until_ms: i64,
    /// The first message of that time.
    pub first_sequence: i64,
    /// The last one; before the first if there is none.
    pub last_sequence: i64,
    /// Deliveries up to this one have been seen to.
    pub delivery_cursor: DeliveryId,
    /// Messages up to this one have been seen to.
    pub message_cursor: i64,
    /// Deliveries that are due again.
    pub requeued: i64,
    /// Deliveries made for messages that had none.
    pub created: i64,
    /// When it was asked for.
    pub created_ms: i64,
    /// When it last got on.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
