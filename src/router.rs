//! The whole URL table.
//!
//! A row has a method, a path, an access rule and a handler (`sessions::create` is `create` in `routes/sessions.rs`).
//! The server serves only the routes of this table. A row without an access rule does not compile. Never holds logic.

pub(crate) mod access;
pub(crate) mod table;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;

use self::access::{
    anyone, onboarding_read, onboarding_write, person, read, session, support, write,
};
use self::table::{Table, rows};
use crate::app_state::AppState;
use crate::layers::request_log::RefusalCounts;
use crate::layers::{self, FrontContext};
use crate::routes::{
    agreements, creditors, docs, health, integrations, metrics, openapi, placements, sessions,
    settings, support, test_placements, unknown_path, webhook_deliveries, webhook_events,
    webhook_recoveries,
};

/// The default limit for the size of a request body, in bytes. A row can set its own.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// Every route.
#[rustfmt::skip]
pub(crate) fn table() -> Table {
    rows! {
        // Onboarding: sign up, pass the gates, get the API key.
        POST   "/v1/creditors"                                  anyone()           => creditors::create;
        GET    "/v1/creditors/me/status"                        onboarding_read()  => creditors::status;
        GET    "/v1/creditors/me/setup"                         onboarding_read()  => creditors::setup::show;
        PATCH  "/v1/creditors/me/setup"                         onboarding_write() => creditors::setup::update;
        POST   "/v1/creditors/me/api-key"                       person().costing(5) => creditors::api_key::reveal;
        GET    "/v1/agreements/current"                         onboarding_read()  => agreements::show;
        POST   "/v1/agreements/current/accept"                  person()           => agreements::accept;

        // Dashboard sessions.
        POST   "/v1/sessions"                                   anyone()           => sessions::create;
        DELETE "/v1/sessions/current"                           session()          => sessions::delete_current;
        DELETE "/v1/sessions"                                   session()          => sessions::delete_all;

        // Settings and webhooks.
        GET    "/v1/settings"                                   read()             => settings::show;
        PATCH  "/v1/settings"                                   write()            => settings::update;
        GET    "/v1/settings/api-key"                           session()          => settings::api_key::show;
        POST   "/v1/settings/api-key/rotate"                    session().costing(5) => settings::api_key::rotate;
        POST   "/v1/settings/api-key/revoke"                    session()          => settings::api_key::revoke;
        PUT    "/v1/settings/api-key/allowed-networks"          session()          => settings::api_key::allowed_networks;
        POST   "/v1/settings/read-key/rotate"                   session().costing(5) => settings::read_key::rotate;
        DELETE "/v1/settings/read-key"                          session()          => settings::read_key::delete;
        PUT    "/v1/settings/read-key/allowed-networks"         session()          => settings::read_key::allowed_networks;
        GET    "/v1/settings/webhook-secret"                    session()          => settings::webhook_secret::show;
        POST   "/v1/settings/webhook-secret/rotate"             session()          => settings::webhook_secret::rotate;
        GET    "/v1/settings/webhook-endpoints"                 session()          => settings::webhook_endpoints::list;
        POST   "/v1/settings/webhook-endpoints"                 session()          => settings::webhook_endpoints::create;
        GET    "/v1/settings/webhook-endpoints/{id}"            session()          => settings::webhook_endpoints::show;
        PATCH  "/v1/settings/webhook-endpoints/{id}"            session()          => settings::webhook_endpoints::update;
        DELETE "/v1/settings/webhook-endpoints/{id}"            session()          => settings::webhook_endpoints::delete;
        POST   "/v1/settings/webhook-endpoints/{id}/test"       session().costing(5) => settings::webhook_endpoints::test;
        GET    "/v1/settings/webhook-endpoints/{id}/secret"     session()          => settings::webhook_endpoints::secret;
        POST   "/v1/settings/webhook-endpoints/{id}/secret/rotate" session()       => settings::webhook_endpoints::rotate_secret;
        GET    "/v1/settings/webhook-events"                    read()             => webhook_events::list;
        GET    "/v1/settings/webhook-deliveries"                read()             => webhook_deliveries::list;
        POST   "/v1/settings/webhook-deliveries/test"           write().costing(5)          => webhook_deliveries::test;
        POST   "/v1/settings/webhook-deliveries/recover"        write().costing(10) => webhook_recoveries::create;
        GET    "/v1/settings/webhook-recoveries/{id}"           read()             => webhook_recoveries::show;
        GET    "/v1/settings/webhook-deliveries/{id}"           read()             => webhook_deliveries::show;
        POST   "/v1/settings/webhook-deliveries/{id}/redeliver" write().costing(2) => webhook_deliveries::redeliver;

        // Placements.
        POST   "/v1/placements"                                 write()            => placements::create;
        POST   "/v1/placements/batch"                           write().costing(20).taking_kib(12_288) => placements::create_batch;
        GET    "/v1/placements"                                 read()             => placements::list;
        GET    "/v1/placements/{id}"                            read()             => placements::show;
        GET    "/v1/placements/{id}/audit"                      read()             => placements::audit;
        POST   "/v1/placements/{id}/recall"                     write()            => placements::recall;
        POST   "/v1/placements/{id}/unrecall"                   write()            => placements::unrecall;
        POST   "/v1/placements/{id}/pause"                      write()            => placements::pause;
        POST   "/v1/placements/{id}/resume"                     write()            => placements::resume;
        POST   "/v1/placements/{id}/payment-received"           write()            => placements::record_payment;
        POST   "/v1/test/placements/{id}/advance"               write()            => test_placements::advance;

        // Webhooks from providers. The signature is the credential.
        POST   "/integrations/stripe/webhook"                   anyone().taking_kib(10_240) => integrations::stripe;
        POST   "/integrations/middesk/webhook"                  anyone().taking_kib(10_240) => integrations::middesk;
        POST   "/integrations/docusign/webhook"                 anyone().taking_kib(10_240) => integrations::docusign;

        // Support: staff and internal systems.
        GET    "/support/v1/creditors"                          support()          => support::creditors::list;
        GET    "/support/v1/creditors/{id}"                     support()          => support::creditors::show;
        PATCH  "/support/v1/creditors/{id}"                     support()          => support::creditors::update;
        POST   "/support/v1/creditors/{id}/api-key/rotate"      support()          => support::api_key::rotate;
        POST   "/support/v1/creditors/{id}/api-key/revoke"      support()          => support::api_key::revoke;
        POST   "/support/v1/creditors/{id}/gates/{gate}"        support()          => support::gates::set;
        POST   "/support/v1/placements/transitions"             support()          => support::placements::transition;
        POST   "/support/v1/placements/{id}/dispute"            support()          => support::placements::open_dispute;
        POST   "/support/v1/placements/{id}/erase-webhook-payloads" support()      => support::placements::erase_webhook_payloads;
        POST   "/support/v1/disputes/{id}/answer"               support()          => support::disputes::answer;
        GET    "/support/v1/audit"                              support()          => support::audit::list;
        GET    "/support/v1/webhook-deliveries"                 support()          => support::webhook_deliveries::list;
        POST   "/support/v1/webhook-deliveries/recover"         support()          => support::webhook_recoveries::create;
        GET    "/support/v1/webhook-recoveries/{id}"            support()          => support::webhook_recoveries::show;
        GET    "/support/v1/actors"                             support()          => support::actors::show;

        // The server itself.
        GET    "/health"                                        anyone()           => health::live;
        GET    "/health/deep"                                   anyone()           => health::deep;
        GET    "/metrics"                                       anyone()           => metrics::show;
        GET    "/openapi.json"                                  anyone()           => openapi::show;
        GET    "/docs"                                          anyone()           => docs::show;
    }
}

/// Every path of the table.
pub(crate) fn paths() -> &'static [&'static str] {
    static PATHS: OnceLock<Vec<&'static str>> = OnceLock::new();
    PATHS.get_or_init(|| table().0.iter().map(|row| row.path).collect())
}

/// The path of the table that equals `path`, which the router has matched.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    static PATHS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let known = PATHS.get_or_init(|| paths().iter().copied().collect());
    known.get(path).copied()
}

/// Whether a route stores its answer under an `Idempotency-Key`, by its documentation. Others ignore the header.
pub(crate) fn takes_idempotency_key(method: &Method, path: &str) -> bool {
    static ROUTES: OnceLock<Vec<(Method, &'static str)>> = OnceLock::new();
    let routes = ROUTES.get_or_init(|| {
        let rows = table().0.into_iter();
        let keyed = rows.filter(|row| {
            let document = serde_json::to_value((row.document)()).unwrap_or_default();
            let operation = &document["paths"][row.path][row.method.as_str().to_ascii_lowercase()];
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters
                .into_iter()
                .any(|parameter| parameter["name"] == "Idempotency-Key")
        });
        keyed.map(|row| (row.method, row.path)).collect()
    });
    routes
        .iter()
        .any(|(known, route)| known == method && *route == path)
}

/// The methods of a path for the `Allow` header, e.g. `GET, POST`. `None` for an unknown path.
pub(crate) fn methods_of(path: &str) -> Option<&'static str> {
    static METHODS: OnceLock<BTreeMap<&'static str, String>> = OnceLock::new();
    let methods = METHODS.get_or_init(|| {
        let mut methods: BTreeMap<&'static str, String> = BTreeMap::new();
        for row in table().0 {
            let known = methods.entry(row.path).or_default();
            let comma = if known.is_empty() { "" } else { ", " };
            known.push_str(&format!("{comma}{}", row.method));
        }
        methods
    });
    methods.get(path).map(String::as_str)
}

/// The complete service: the routes of the table, the fallback and the layers around every handler.
pub(crate) fn service(state: &AppState) -> Router {
    let context = FrontContext {
        trusted_proxies: Arc::clone(&state.trusted_proxies),
        draining: state.draining.clone(),
        refusals: RefusalCounts::default(),
        metrics: Arc::clone(&state.metrics),
    };
    let router = table().into_router(&state.api);
    #[cfg(feature = "bench")]
    let router = router.merge(crate::routes::read_without_admission::unguarded());
    router
        .fallback(unknown_path::handle)
        .with_state(state.clone())
        .layer(from_fn_with_state(Arc::new(context), layers::wrap_request))
}
