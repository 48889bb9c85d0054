//! A creditor: the tenant, its account and its company details.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;
use crate::placement::StoredPosture;

/// A row of `creditor`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "creditor")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditorId,
    /// Company name as given at sign-up.
    pub name: String,
    /// E-mail address of the account, in lower case.
    pub email: String,
    /// Name and e-mail address, folded by [`crate::queries::fold_case`].
    pub search: String,
    /// bcrypt hash of the password.
    pub password_hash: String,
    /// Rate-limit tier.
    pub tier: String,
    /// JSON of the limits that support has set; absent means those of the tier.
    pub limits_override: Option<String>,
    /// When support suspended the account, epoch milliseconds; absent if it is not suspended.
    pub suspended_at_ms: Option<i64>,
    /// Set after a revocation by support: only support can issue keys.
    pub support_only_mint: bool,
    /// Default posture of new placements.
    pub posture_default: StoredPosture,
    /// JSON of the company details, without the EIN.
    pub company: String,
    /// The EIN, encrypted.
    pub ein_sealed: Option<Vec<u8>>,
    /// Sign-up time, epoch milliseconds.
    pub created_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
