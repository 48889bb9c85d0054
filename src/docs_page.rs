//! The documentation page, rendered on the server from the OpenAPI document.
//!
//! Owns the HTML. Escapes every text from the document. Never includes a script or an external asset.

mod html_text;

use std::fmt::Write as _;

use serde_json::Value;

use self::html_text::{anchor, escape, kind, members, prose, reference, text};
use crate::router::{self, table::Row};

const STYLE: &str = include_str!("docs_page/style.css");
const INTRODUCTION: &str = include_str!("docs_page/introduction.html");
/// What to do in each step of the setup checklist, which links here.
const SETUP: &str = include_str!("docs_page/setup.html");

/// Renders the whole page.
pub(crate) fn render(document: &Value) -> String {
    let title = escape(text(&document["info"]["title"]));
    let version = escape(text(&document["info"]["version"]));
    // The table lists routes in the order in which a partner needs them. The document sorts them alphabetically.
    let routes = router::table().0;
    let mut contents = String::new();
    let mut sections = String::new();
    for tag in members(&document["tags"]) {
        let name = text(&tag["name"]);
        let description = text(&tag["description"]);
        let _ = write!(
            contents,
            "<li><a href=\"#{}\">{}</a></li>",
            anchor(name),
            escape(name)
        );
        section(&mut sections, document, &routes, name, description);
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><nav><strong>{title}</strong> {version}<ul>{contents}<li><a href=\"#errors\">Errors</a></li>\
         <li><a href=\"#schemas\">Schemas</a></li></ul></nav><main><h1>{title}</h1>{INTRODUCTION}{SETUP}{sections}{}{}</main></body></html>\n",
        errors(document),
        schemas(document)
    )
}

fn section(sections: &mut String, document: &Value, routes: &[Row], tag: &str, description: &str) {
    let anchor = anchor(tag);
    let _ = write!(
        sections,
        "<section id=\"{anchor}\"><h2>{}</h2><p>{}</p>",
        escape(tag),
        prose(description)
    );
    for row in routes {
        let method = row.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][row.path][&method];
        if members(&operation["tags"]).iter().any(|name| name == tag) {
            sections.push_str(&operation_html(&method, row.path, operation));
        }
    }
    sections.push_str("</section>");
}

fn operation_html(method: &str, path: &str, operation: &Value) -> String {
    let id = escape(text(&operation["operationId"]));
    let mut html = format!(
        "<article id=\"{id}\"><h3><span class=\"{method}\">{}</span> <code>{}</code></h3><p><b>{}</b> {}</p><p class=\"who\">{}</p>",
        method.to_uppercase(),
        escape(path),
        escape(text(&operation["summary"])),
        prose(text(&operation["description"])),
        credentials(operation),
    );
    html.push_str(&parameters(operation));
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        let _ = write!(html, "<p>Body: {}</p>", kind(body));
    }
    html.push_str("<table><tr><th>Status</th><th>When</th><th>Body</th></tr>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let content = response["content"]
            .as_object()
            .and_then(|content| content.values().next());
        let schema = content
            .map(|content| kind(&content["schema"]))
            .unwrap_or_default();
        let when = prose(text(&response["description"]));
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{when}</td><td>{schema}</td></tr>",
            escape(status)
        );
    }
    html.push_str("</table></article>");
    html
}

fn credentials(operation: &Value) -> String {
    let schemes = members(&operation["security"])
        .iter()
        .filter_map(|scheme| scheme.as_object()?.keys().next());
    let names: Vec<&str> = schemes
        .map(|name| match name.as_str() {
            "apiKey" => "API key",
            "session" => "session",
            "sessionCookie" => "session cookie",
            "onboardingToken" => "onboarding token",
            _ => "support token",
        })
        .collect();
    if names.is_empty() {
        "No credentials".to_owned()
    } else {
        let scope = operation["x-required-scope"].as_str();
        let cost = operation["x-rate-limit-cost"].as_u64();
        let of_key = scope.zip(cost).map(|(scope, cost)| {
            format!(
                ". With an API key: scope <code>{}</code>, cost {cost}",
                escape(scope)
            )
        });
        format!(
            "Credentials: {}{}",
            names.join(", "),
            of_key.unwrap_or_default()
        )
    }
}

fn parameters(operation: &Value) -> String {
    let rows = members(&operation["parameters"]).iter().map(|parameter| {
        let required = if parameter["required"] == true {
            "required"
        } else {
            ""
        };
        format!(
            "<tr><td><code>{}</code> {}</td><td>{}</td><td>{required}</td><td>{}</td></tr>",
            escape(text(&parameter["name"])),
            escape(text(&parameter["in"])),
            kind(&parameter["schema"]),
            prose(text(&parameter["description"]))
        )
    });
    table(
        "<tr><th>Parameter</th><th>Type</th><th></th><th></th></tr>",
        rows,
    )
}

fn errors(document: &Value) -> String {
    let rows = members(&document["x-error-codes"]).iter().map(|entry| {
        let code = escape(text(&entry["code"]));
        let title = escape(text(&entry["title"]));
        format!(
            "<tr id=\"error-{code}\"><td><code>{code}</code></td><td>{}</td><td>{title}</td></tr>",
            entry["status"]
        )
    });
    let rows = table(
        "<tr><th>Code</th><th>Status</th><th>Meaning</th></tr>",
        rows,
    );
    format!(
        "<section id=\"errors\"><h2>Errors</h2><p>Every error is a {}. Branch on <code>error.code</code> and show <code>detail</code> to people.</p>{rows}</section>",
        reference("Problem")
    )
}

fn schemas(document: &Value) -> String {
    let mut html = String::from("<section id=\"schemas\"><h2>Schemas</h2>");
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let required = members(&schema["required"]);
        let rows = schema["properties"].as_object().into_iter().flatten().map(
            |(field, property)| {
                let mark = if required.iter().any(|name| name == field) {
                    "required"
                } else {
                    ""
                };
                let text = prose(text(&property["description"]));
                format!(
                    "<tr><td><code>{}</code></td><td>{}</td><td>{mark}</td><td>{text}</td></tr>",
                    escape(field),
                    kind(property)
                )
            },
        );
        let rows = table(
            "<tr><th>Field</th><th>Type</th><th></th><th></th></tr>",
            rows,
        );
        let text = prose(text(&schema["description"]));
        let _ = write!(
            html,
            "<article id=\"schema-{0}\"><h3>{0}</h3><p>{text}</p>{rows}</article>",
            escape(name)
        );
    }
    html + "</section>"
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() {
        rows
    } else {
        format!("<table>{head}{rows}</table>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_lists_every_operation_and_error_without_scripts() {
        let page = render(&crate::openapi::document());
        for row in crate::router::table().0 {
            assert!(
                page.contains(&format!("<article id=\"{}\"", row.name.replace("::", "_"))),
                "{}",
                row.name
            );
        }
        for code in crate::error::Code::ALL {
            assert!(page.contains(&format!("id=\"error-{}\"", code.as_str())));
        }
        for forbidden in ["<script", "src=", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
