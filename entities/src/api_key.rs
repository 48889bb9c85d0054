//! An API key. The database stores only the bcrypt hash of its secret half.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, KeyId};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyScope {
    /// May read and write everything of its creditor.
    #[sea_orm(string_value = "read_write")]
    ReadWrite,
    /// May only read.
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

/// Lifecycle state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyState {
    /// The current key of its scope.
    #[sea_orm(string_value = "current")]
    Current,
    /// Replaced by a rotation, and valid until it expires.
    #[sea_orm(string_value = "retiring")]
    Retiring,
    /// No longer valid.
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

/// How a key was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum KeyOrigin {
    /// Issued by the gate evaluator when the last gate passed.
    #[sea_orm(string_value = "automatic")]
    Automatic,
    /// Issued by support.
    #[sea_orm(string_value = "support")]
    Support,
    /// Issued by a rotation from a dashboard session.
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
    /// The owner or support revoked it.
    #[sea_orm(string_value = "revoked")]
    Revoked,
    /// A rotation without overlap replaced it.
    #[sea_orm(string_value = "replaced")]
    Replaced,
    /// Its overlap period ended.
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
    /// UUID v7; the public identifier of a key is its `prefix`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: KeyId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Public half of the key, used to look it up.
    pub prefix: String,
    /// What the key may do.
    pub scope: KeyScope,
    /// Lifecycle state.
    pub state: KeyState,
    /// How the key was issued.
    pub origin: KeyOrigin,
    /// bcrypt hash of the secret half; absent until the first reveal.
    pub secret_hash: Option<String>,
    /// Issue time, epoch milliseconds.
    pub created_ms: i64,
    /// When the secret was generated and shown, epoch milliseconds.
    pub revealed_ms: Option<i64>,
    /// When a retiring key stops working, epoch milliseconds.
    pub expires_ms: Option<i64>,
    /// Start of the overlap period, epoch milliseconds. The period ends at `expires_ms`.
    pub retired_ms: Option<i64>,
    /// When the creditor was notified that the key is still in use near its expiry, epoch milliseconds.
    pub expiry_notified_ms: Option<i64>,
    /// JSON array of the networks that may use the key; absent means all.
    pub allowed_networks: Option<String>,
    /// When the key ended, epoch milliseconds.
    pub ended_ms: Option<i64>,
    /// Why the key ended.
    pub ended_reason: Option<KeyEnd>,
}

impl ActiveModelBehavior for ActiveModel {}
