//! Shared fixtures: servers, accounts and load. Databases, clients and receivers are those of `test_support`.
//!
//! This module contains no tests.

pub(crate) mod account;
pub(crate) mod change_feed;
pub(crate) mod forged_keys;
pub(crate) mod load;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod providers;
pub(crate) mod queue;
pub(crate) mod server;
pub(crate) mod wait;

pub(crate) use account::Account;
pub(crate) use load::Load;
pub(crate) use process::Process;
pub(crate) use server::TestServer;
pub(crate) use test_support::{Http, Receiver, Response, TestDatabase};
pub(crate) use wait::eventually;

/// Makes each of the named functions a test on SQLite and a test on Postgres. A function takes a fresh `TestDatabase`.
///
/// Without any Postgres the second one says so and passes; under `CI` it fails.
macro_rules! on_both_backends {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::TestDatabase::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(database) = crate::harness::postgres::database().await {
                    super::$name(database).await;
                }
            })+
        }
    };
}
pub(crate) use on_both_backends;
