//! The URL table as a value. The router serves and the OpenAPI document describes the same rows.
//!
//! Owns the shape of a row and the macro that writes one. Never lists a route: [`super::table`] does.

use actors::PartnerApi;
use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;

use super::BODY_LIMIT;
use super::access::Access;
use crate::app_state::AppState;
use crate::extract::body_budget::BodyBudget;
use crate::extract::json::BodyLimit;
use crate::layers::guard::{self, Guard};

/// One route.
pub(crate) struct Row {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// The limit for the size of the request body, in bytes.
    pub(crate) body_limit: usize,
    /// The path of the handler below `routes`, e.g. `placements::create`.
    pub(crate) name: &'static str,
    /// The OpenAPI document of the handler alone.
    pub(crate) document: fn() -> OpenApi,
    pub(crate) handler: MethodRouter<AppState>,
}

/// Every route, in the order of the documentation.
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Table {
    /// Builds the router. Each handler is behind a guard that enforces its access rule.
    pub(crate) fn into_router(self, api: &PartnerApi) -> Router<AppState> {
        let bodies = BodyBudget::default();
        self.0.into_iter().fold(Router::new(), |router, row| {
            let guard = Guard {
                api: api.clone(),
                access: row.access,
                body_limit: BodyLimit(row.body_limit),
                bodies: bodies.clone(),
            };
            router.route(
                row.path,
                row.handler
                    .route_layer(from_fn_with_state(guard, guard::check)),
            )
        })
    }
}

/// The body limit of a row in bytes: the KiB that the row gives, or else [`BODY_LIMIT`].
pub(crate) const fn body_limit(kib: &[usize]) -> usize {
    match kib {
        [kib, ..] => *kib * 1_024,
        [] => BODY_LIMIT,
    }
}

/// Writes rows as `METHOD "path" access() => module::handler;`. The handler must be documented with `utoipa::path`.
macro_rules! rows {
    ($($method:ident $path:literal $access:ident() $(.costing($cost:literal))? $(.taking_kib($kib:literal))? => $first:ident $(::$more:ident)*;)+) => {
        $crate::router::table::Table(vec![$($crate::router::table::Row {
            method: axum::http::Method::$method,
            path: $path,
            access: $access()$(.costing($cost))?,
            body_limit: $crate::router::table::body_limit(&[$($kib)?]),
            name: concat!(stringify!($first) $(, "::", stringify!($more))*),
            document: {
                #[derive(utoipa::OpenApi)]
                #[openapi(paths($first $(::$more)*))]
                struct Document;
                <Document as utoipa::OpenApi>::openapi
            },
            handler: axum::routing::on(axum::routing::MethodFilter::$method, $first $(::$more)*),
        }),+])
    };
}
pub(crate) use rows;
