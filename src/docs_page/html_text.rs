//! Renders types, links and prose of the page as HTML. Owns escaping: every result is escaped.

use serde_json::Value;

/// A short description of a schema's type. Named schemas become links.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return reference(name);
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[choice].as_array() {
            return options.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let base = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => String::new(),
    };
    let format = schema["format"]
        .as_str()
        .map(|format| format!(" ({})", escape(format)))
        .unwrap_or_default();
    if base.starts_with("array") {
        format!("array of {}", kind(&schema["items"]))
    } else {
        escape(&base) + &format
    }
}

pub(super) fn reference(name: &str) -> String {
    format!("<a href=\"#schema-{0}\">{0}</a>", escape(name))
}

/// The text of a value. Empty if it is no text.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn members(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn anchor(text: &str) -> String {
    text.to_lowercase().replace(' ', "-")
}

/// Escapes the text and turns backticks into `<code>` elements.
pub(super) fn prose(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(index, part)| {
            if index % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_escapes_html() {
        assert_eq!(prose("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
