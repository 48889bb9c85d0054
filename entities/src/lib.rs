//! The tables of the partner platform, one file each, and all of its SQL.
//!
//! Models mirror the rows. [`queries`] holds every statement, one file for each subject. Every query of a creditor's
//! data takes the creditor. This crate makes no decisions: the rules are in `actors::domain`, and the actors compose
//! the transactions.
//!
//! Columns that end in `_ms` are epoch milliseconds or durations in milliseconds. Functions that return [`DbErr`] pass
//! on the errors of the database; [`failure_of`] tells what their caller can do. A function documents its errors
//! only if there is more to say.

/// Declares enums whose variants are stored, and sent, as their names in snake case. Once per file.
macro_rules! text_enums {
    ($($(#[$attribute:meta])* pub enum $name:ident { $($variants:tt)+ })+) => {
    $(
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum, strum::IntoStaticStr,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        $(#[$attribute])*
        pub enum $name { $($variants)+ }

        impl $name {
            /// The text in storage and on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+

        #[test]
        fn stored_text_equals_as_str() {
            $(for value in <$name as sea_orm::Iterable>::iter() {
                assert_eq!(sea_orm::ActiveEnum::to_value(&value), value.as_str());
            })+
        }
    };
}
pub(crate) use text_enums;

pub mod database;
pub mod ids;
pub mod queries;
mod sql;

pub mod agreement_acceptance;
pub mod api_key;
pub mod api_key_use;
pub mod audit_event;
pub mod cluster_counter;
pub mod control_feed;
pub mod creditor;
pub mod creditor_position;
pub mod delivery;
pub mod delivery_attempt;
pub mod dispute;
pub mod gate;
pub mod idempotency_record;
pub mod message;
pub mod onboarding_event;
pub mod payment;
pub mod placement;
pub mod placement_history;
pub mod provider_account;
pub mod session;
pub mod webhook_endpoint;
pub mod webhook_recovery;
pub mod webhook_secret;
pub mod writer_batch;

pub use database::{
    Cause, ConnectError, Database, Failure, Pool, PoolSizes, PoolStatus, Timeouts, Transaction,
    failure_of, noting_commits,
};
pub use sea_orm::{ConnectionTrait, DbErr, SqlErr};

/// The result of a query.
pub type Result<T, E = DbErr> = std::result::Result<T, E>;
