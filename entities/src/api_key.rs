//! An API key. Only the bcrypt hash of its secret half is ever stored.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, KeyId};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyScope {
    /// Everything of its creditor.
    #[sea_orm(string_value = "read_write")]
    ReadWrite,
    /// Only read.
    #[sea_orm(string_value = "read")]
    Read,
}

impl KeyScope {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read_write",
            Self::Read => "read",
        }
    }
}

/// Whether a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyState {
    /// It is the one key of its scope.
    #[sea_orm(string_value = "current")]
    Current,
    /// It was replaced and still works until it expires.
    #[sea_orm(string_value = "retiring")]
    Retiring,
    /// It works no more.
    #[sea_orm(string_value = "ended")]
    Ended,
}

impl KeyState {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retiring => "retiring",
            Self::Ended => "ended",
        }
    }
}

/// How a key came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyOrigin {
    /// Issued by the gate evaluator when the last gate passed.
    #[sea_orm(string_value = "automatic")]
    Automatic,
    /// Minted by support.
    #[sea_orm(string_value = "support")]
    Support,
    /// Rotated from a session.
    #[sea_orm(string_value = "self_serve")]
    SelfServe,
}

impl KeyOrigin {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Support => "support",
            Self::SelfServe => "self_serve",
        }
    }
}

/// Why a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyEnd {
    /// Somebody revoked it.
    #[sea_orm(string_value = "revoked")]
    Revoked,
    /// A rotation without overlap replaced it.
    #[sea_orm(string_value = "replaced")]
    Replaced,
    /// Its overlap is over.
    #[sea_orm(string_value = "expired")]
    Expired,
}

impl KeyEnd {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
        }
    }
}

/// A row of `api_key`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: KeyId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// The public half, by which it is looked up.
    pub prefix: String,
    /// What it may do.
    pub scope: KeyScope,
    /// Whether it lives.
    pub state: KeyState,
    /// How it came to be.
    pub origin: KeyOrigin,
    /// bcrypt of the secret half; absent until the first reveal.
    pub secret_hash: Option<String>,
    /// When it was issued.
    pub created_ms: i64,
    /// When its secret was drawn and shown.
    pub revealed_ms: Option<i64>,
    /// When a retiring key stops.
    pub expires_ms: Option<i64>,
    /// When it began to retire; the time from here to `expires_ms` is what is left of its life.
    pub retired_ms: Option<i64>,
    /// When its creditor was told that it is still in use near its end.
    pub expiry_notified_ms: Option<i64>,
    /// JSON array of the networks that may use it; absent is everywhere.
    pub allowed_networks: Option<String>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Why it ended.
    pub ended_reason: Option<KeyEnd>,
}

impl ActiveModelBehavior for ActiveModel {}
