//! The OpenAPI document, merged from the doc comments of the handlers and from their rows in the URL table.
//!
//! Owns what routes have in common (credentials, rate limit headers, shared errors), so that no handler repeats it. The
//! document is rendered once. It never lists a route that is not in the table.

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
        description = "Place overdue B2B invoices for collection, track their progress, and receive every change as a signed \
                       webhook. Errors are RFC 9457 problems; `detail` says what to do."
    ),
    tags(
        (name = "Onboarding", description = "From sign-up to the API key, which is issued automatically when all three gates have passed."),
        (name = "Sessions", description = "Sign-in to the dashboard, and sign-out."),
        (name = "Settings", description = "The defaults and limits of a creditor."),
        (name = "API keys", description = "Rotation and revocation of keys, IP allowlists and the read-only key. These routes need a signed-in session."),
        (name = "Webhooks", description = "Events as Standard Webhooks: signed, retried and replayable."),
        (name = "Placements", description = "Overdue invoices that were placed for collection."),
        (name = "Sandbox", description = "Routes that exist in the sandbox only."),
        (name = "Provider events", description = "Webhooks that Stripe, Middesk and DocuSign send to this server."),
        (name = "Support", description = "Routes for the staff and the systems of the platform's operator."),
        (name = "Server", description = "Health, metrics and documentation of the server."),
    ),
    components(schemas(ProblemDocument, ProblemCode, ProblemField))
)]
struct Document;

/// The document as pretty-printed JSON text, rendered on first use.
pub(crate) fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| serde_json::to_string_pretty(&document()).unwrap_or_default())
}

/// Builds the document as a JSON value.
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

/// Adds what the table row says about a route to its operation.
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

/// Appends the shared error codes that the handler's own description does not name.
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

/// Sets `additionalProperties: false` on all request schemas, nested ones included: unknown fields are rejected.
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

/// The names of all schemas that are referenced anywhere in this value.
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
