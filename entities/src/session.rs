//! A dashboard session or an onboarding token. The database stores only the SHA-256 hash of the token.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, SessionFamilyId, SessionId};

crate::text_enums! {
    /// Kind of a token.
    pub enum SessionKind {
        /// Session of a signed-in user.
        Dashboard,
        /// Token of the sign-up wizard, used until a key exists.
        Onboarding,
    }
}

/// A row of `session`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// SHA-256 hash of the token.
    pub token_hash: Vec<u8>,
    /// Kind of the token.
    pub kind: SessionKind,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// When the token was issued, epoch milliseconds.
    pub created_ms: i64,
    /// When the token expires, epoch milliseconds.
    pub expires_ms: i64,
    /// Sign-in that the token descends from. Renewed tokens keep it, and signing out ends all of them.
    pub family_id: SessionFamilyId,
    /// When the token was last used, epoch milliseconds, to the minute.
    pub seen_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
