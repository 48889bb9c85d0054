//! The OpenAPI document: what the handlers say about themselves, and what their row in the table says about them.
//!
//! Owns everything that routes have in common (credentials, limits' headers, shared errors), so that no handler repeats it.
//! Rendered once. Never written by hand: a route that is not in the table is not in here.

mod shared;

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::error::Code;
use crate::problem::{CONTENT_TYPE, ProblemCode, ProblemDocument, ProblemField};
use crate::router;
use crate::router::table::Row;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Partner API",
        description = "Hand over overdue B2B invoices, follow what becomes of them, and be told of every change by a signed \
                       webhook. Errors are RFC 9457 problems; `detail` says what to do."
    ),
    tags(
        (name = "Onboarding", description = "From sign-up to the one API key, which is issued by itself when all three gates hold."),
        (name = "Sessions", description = "The dashboard's sessions."),
        (name = "Settings", description = "Defaults and limits of a creditor."),
        (name = "API keys", description = "Rotation, revocation, networks, and the read-only key: from a signed-in session only."),
        (name = "Webhooks", description = "Standard Webhooks: signed, retried, replayable."),
        (name = "Placements", description = "Overdue invoices that were handed over."),
        (name = "Sandbox", description = "Exists in the sandbox only."),
        (name = "Provider events", description = "What Stripe, Middesk and DocuSign report."),
        (name = "Support", description = "The company's own people and systems."),
        (name = "Server", description = "The server itself."),
    ),
    components(schemas(ProblemDocument, ProblemCode, ProblemField))
)]
struct Document;

/// The document as it is served and printed.
pub(crate) fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| serde_json::to_string_pretty(&document()).unwrap_or_default())
}

/// The document as JSON.
pub(crate) fn document() -> Value {
    let table = router::table();
    let merged = table.0.iter().fold(Document::openapi(), |document, row| {
        document.merge_from((row.document)())
    });
    let mut json = serde_json::to_value(merged).unwrap_or_default();
    for row in &table.0 {
        let method = row.method.as_str().to_ascii_lowercase();
        let operation = &mut json["paths"][row.path][method.as_str()];
        complete(operation, row);
    }
    close_request_schemas(&mut json);
    json["components"]["securitySchemes"] = shared::security_schemes();
    json["x-error-codes"] = Code::ALL
        .iter()
        .map(|code| json!({"code": code.as_str(), "status": code.status().as_u16(), "title": code.title()}))
        .collect();
    json
}

/// Adds to a handler's own words what its row says.
fn complete(operation: &mut Value, row: &Row) {
    operation["operationId"] = row.name.replace("::", "_").into();
    operation["security"] = shared::security(row.access);
    if let Some((scope, cost)) = shared::scope_and_cost(row.access) {
        operation["x-required-scope"] = scope.into();
        operation["x-rate-limit-cost"] = cost.into();
    }
    add_path_parameters(operation, row.path);
    let takes_body = operation.get("requestBody").is_some();
    let mut responses = operation["responses"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (status, description) in shared::errors(row, takes_body) {
        match responses.get_mut(status) {
            Some(own) => extend_description(own, &description),
            None => {
                responses.insert(status.to_owned(), json!({"description": description}));
            }
        }
    }
    let replays = operation["parameters"]
        .to_string()
        .contains("Idempotency-Key");
    for (status, response) in &mut responses {
        let headers = shared::headers(row.access, status, replays);
        let own = response
            .get("headers")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        response["headers"] = headers.into_iter().chain(own).collect::<Map<_, _>>().into();
        if status.starts_with(['4', '5']) && response.get("content").is_none() {
            response["content"] =
                json!({CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}});
        }
    }
    operation["responses"] = responses.into();
}

/// The handler's own codes first, then those of every route like it that it did not name.
fn extend_description(response: &mut Value, shared: &str) {
    let own = response["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let missing: Vec<&str> = shared
        .split(", ")
        .filter(|code| !own.contains(*code))
        .collect();
    if !missing.is_empty() {
        response["description"] = format!("{own}; also {}", missing.join(", ")).into();
    }
}

/// Unknown fields are refused, so the schemas of bodies say so, down to their inner objects.
fn close_request_schemas(document: &mut Value) {
    let operations = document["paths"].as_object().into_iter().flatten();
    let operations = operations.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let mut open: Vec<String> = operations
        .flat_map(|(_, operation)| references(&operation["requestBody"]))
        .collect();
    while let Some(name) = open.pop() {
        let schema = &mut document["components"]["schemas"][&name];
        if schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = false.into();
            open.extend(references(&schema["properties"]));
        }
    }
}

/// The names of all schemas that are referred to below this place.
fn references(json: &Value) -> Vec<String> {
    match json {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            let named = named
                .and_then(|path| path.rsplit('/').next())
                .map(str::to_owned);
            named
                .into_iter()
                .chain(members.values().flat_map(references))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn add_path_parameters(operation: &mut Value, path: &str) {
    let named = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let described = named.map(|name| match name {
        "gate" => json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "enum": ["kyb_verified", "payouts_enabled", "msa_on_file"]}}),
        _ => json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}),
    });
    let own = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let all: Vec<Value> = described.chain(own).collect();
    if !all.is_empty() {
        operation["parameters"] = all.into();
    }
}

#[cfg(test)]
#[path = "openapi/tests.rs"]
mod tests;
