//! The table as a value: what the router serves and what the OpenAPI document describes are the same rows.
//!
//! Owns the shape of a row and the macro that writes one. Never names a route itself: that is [`super::table`].

use actors::PartnerApi;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;

use super::BODY_LIMIT;
use super::access::Access;
use crate::app_state::AppState;
use crate::extract::json::BodyLimit;
use crate::layers::guard::{self, Guard};

/// One route.
pub(crate) struct Row {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// The largest body that it takes, in bytes.
    pub(crate) body_limit: usize,
    /// The file that answers, e.g. `placements::create`.
    pub(crate) name: &'static str,
    /// What the handler says about itself.
    pub(crate) document: fn() -> OpenApi,
    pub(crate) handler: MethodRouter<AppState>,
}

/// Every route, in the order of the documentation.
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Table {
    /// Every handler behind the guard that its access demands.
    pub(crate) fn into_router(self, api: &PartnerApi) -> Router<AppState> {
        self.0.into_iter().fold(Router::new(), |router, row| {
            let guard = Guard {
                api: api.clone(),
                access: row.access,
                body_limit: BodyLimit(row.body_limit),
            };
            router.route(
                row.path,
                row.handler
                    .layer(DefaultBodyLimit::max(row.body_limit))
                    .route_layer(from_fn_with_state(guard, guard::check)),
            )
        })
    }
}

/// What a row says about its bodies, or else the limit of every route.
pub(crate) const fn body_limit(kib: &[usize]) -> usize {
    match kib {
        [kib, ..] => *kib * 1_024,
        [] => BODY_LIMIT,
    }
}

/// `METHOD "path" access => module::path;` — the module has a documented function `handle`.
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
                #[openapi(paths($first $(::$more)*::handle))]
                struct Document;
                <Document as utoipa::OpenApi>::openapi
            },
            handler: axum::routing::on(axum::routing::MethodFilter::$method, $first $(::$more)*::handle),
        }),+])
    };
}
pub(crate) use rows;
