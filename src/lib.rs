//! The HTTP front of the partner platform: HTTP in, one call of [`actors::PartnerApi`] out.
//!
//! ```text
//!  cli        commands                      router     the URL table and the layer order
//!  config     where settings come from      layers/    what happens around every handler
//!  telemetry  what is logged, and where     extract/   what a handler takes from a request
//!  runtime    the threads                   routes/    one folder a resource, one file a verb
//!  startup    bind and serve
//!  shutdown   leave without losing anything error      cause → status and code; problem: the body
//!  demo/      the main job, narrated        openapi    the document of it all
//! ```
//!
//! No rule of the business lives here.

pub mod cli;
pub mod config;
pub mod demo;
pub mod server;
pub mod telemetry;
pub mod threads;

mod accept_loop;
mod app_state;
mod docs_page;
mod error;
mod extract;
mod layers;
mod openapi;
mod problem;
mod router;
mod routes;
mod session_cookie;
mod shutdown;
mod support_cli;
