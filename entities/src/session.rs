//! A dashboard session or an onboarding token; only the SHA-256 of the token is stored.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionKind {
    /// A signed-in person.
    #[sea_orm(string_value = "dashboard")]
    Dashboard,
    /// The sign-up wizard, until a key exists.
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
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// What it is.
    pub kind: SessionKind,
    /// Whose.
    pub creditor_id: CreditorId,
    /// When it began.
    pub created_ms: i64,
    /// Its absolute end.
    pub expires_ms: i64,
    /// The sign-in that it goes back to: its tokens are renewed, and end together.
    pub family_id: Option<Uuid>,
    /// When it was seen last, to the minute.
    pub seen_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
