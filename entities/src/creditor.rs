//! A creditor: the tenant, its account and its company details.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `creditor`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "creditor")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditorId,
    /// Company name as signed up.
    pub name: String,
    /// Lower-cased e-mail of the account.
    pub email: String,
    /// Name and e-mail, folded by [`crate::queries::folded`].
    pub search: String,
    /// bcrypt of the password.
    pub password_hash: String,
    /// Rate-limit tier.
    pub tier: String,
    /// JSON of the support-set override.
    pub limits_override: Option<String>,
    /// Set while support has suspended the account.
    pub suspended_at_ms: Option<i64>,
    /// After a revocation by support only support mints keys.
    pub support_only_mint: bool,
    /// Posture of new placements.
    pub posture_default: String,
    /// JSON of the company details, without the EIN.
    pub company: String,
    /// The EIN, encrypted.
    pub ein_sealed: Option<Vec<u8>>,
    /// When the account was made.
    pub created_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
