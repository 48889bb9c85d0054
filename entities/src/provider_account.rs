//! An account at a provider, and the creditor that it is linked to.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

crate::text_enums! {
    /// A provider whose events onboarding processes.
    pub enum Provider {
        /// Stripe Connect: payouts.
        Stripe,
        /// Middesk: know-your-business review.
        Middesk,
        /// DocuSign Connect: the signed agreement.
        Docusign,
    }
}

/// A row of `provider_account`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_account")]
pub struct Model {
    /// The provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: Provider,
    /// The provider's id of the account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// Linked creditor; absent until the account is linked. Its events are stored meanwhile.
    pub creditor_id: Option<CreditorId>,
}

impl ActiveModelBehavior for ActiveModel {}
