//! The HTTP server of the partner platform. Each request becomes one call of [`actors::PartnerApi`].
//!
//! ```text
//!  cli          commands                        router     the URL table and the order of the layers
//!  support_cli  the support API from a shell    layers/    middleware around every handler
//!  config       sources of the settings         extract/   extractors: typed parts of a request
//!  telemetry    log format and log filter       routes/    the handlers, one file per resource
//!  threads      the tokio runtime               error      maps causes to status and code
//!  server       start and stop                  problem    the body of every error
//!  accept_loop  sockets and their timeouts      openapi    the OpenAPI document
//!  shutdown     graceful shutdown               docs_page  the documentation page
//!  demo/        the main workflow, step by step
//! ```
//!
//! Never implements a business rule; those are in the `actors` crate.

pub mod cli;
pub mod config;
pub mod demo;
pub mod server;
pub mod telemetry;
pub mod threads;

mod accept_loop;
mod app_state;
mod connections;
mod docs_page;
mod error;
mod extract;
mod http_metrics;
mod layers;
mod openapi;
mod problem;
mod router;
mod routes;
mod session_cookie;
mod shutdown;
mod support_cli;
