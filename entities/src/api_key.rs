//! An API key. The database stores only the bcrypt hash of its secret half.
//!
//! Unique indexes allow a creditor one current key of each scope, one retiring key and one automatic key.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, KeyId};

crate::text_enums! {
    /// What a key may do.
    pub enum KeyScope {
        /// May read and write everything of its creditor.
        ReadWrite,
        /// May only read.
        Read,
    }

    /// Lifecycle state of a key.
    pub enum KeyState {
        /// The current key of its scope.
        Current,
        /// Replaced by a rotation, and valid until it expires.
        Retiring,
        /// No longer valid.
        Ended,
    }

    /// How a key was issued.
    pub enum KeyOrigin {
        /// Issued by the gate evaluator when the last gate passed.
        Automatic,
        /// Issued by support.
        Support,
        /// Issued by a rotation from a dashboard session.
        SelfServe,
    }

    /// Why a key ended.
    pub enum KeyEndReason {
        /// The owner or support revoked it.
        Revoked,
        /// A rotation without overlap replaced it.
        Replaced,
        /// Its overlap period ended.
        Expired,
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
    pub ended_reason: Option<KeyEndReason>,
}

impl ActiveModelBehavior for ActiveModel {}
