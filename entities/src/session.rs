//! A dashboard session or an onboarding token. The database stores only the SHA-256 hash of the token.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionKind {
    /// Session of a signed-in user.
    #[sea_orm(string_value = "dashboard")]
    Dashboard,
    /// Token of the sign-up wizard, used until a key exists.
    #[sea_orm(string_value = "onboarding")]
    Onboarding,
}

impl SessionKind {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Onboarding => "onboarding",
        }
    }
}

/// A row of `session`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
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
    pub family_id: Option<Uuid>,
    /// When the token was last used, epoch milliseconds, to the minute.
    pub seen_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
