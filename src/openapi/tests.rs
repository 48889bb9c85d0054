//! The document describes exactly the routes of the URL table.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_row_documents_its_own_method_and_path() {
    let mut names = BTreeSet::new();
    for row in router::table().0 {
        let document = serde_json::to_value((row.document)()).unwrap();
        let paths: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(paths, [row.path], "{}", row.name);
        let methods: Vec<_> = document["paths"][row.path]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(
            methods,
            [row.method.as_str().to_ascii_lowercase()],
            "{}",
            row.name
        );
        assert!(names.insert(row.name), "{} appears twice", row.name);
    }
}

#[test]
fn every_schema_reference_resolves() {
    let text = text();
    let json: Value = serde_json::from_str(text).unwrap();
    let known: BTreeSet<_> = json["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(known.contains(name), "{name} is referenced but not defined");
    }
}

#[test]
fn request_schemas_are_closed_and_response_schemas_are_open() {
    let schemas = &document()["components"]["schemas"];
    for closed in [
        "NewPlacement",
        "NewDebtor",
        "SetupPatch",
        "BusinessAddress",
        "Transition",
    ] {
        assert_eq!(schemas[closed]["additionalProperties"], false, "{closed}");
    }
    assert!(
        schemas["PlacementView"]
            .get("additionalProperties")
            .is_none()
    );
}

#[test]
fn every_operation_has_a_summary_errors_and_headers() {
    let json = document();
    for row in router::table().0 {
        let operation = &json["paths"][row.path][row.method.as_str().to_ascii_lowercase()];
        assert!(
            !operation["summary"].as_str().unwrap_or_default().is_empty(),
            "{}",
            row.name
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses.keys().any(|status| status.starts_with('2')),
            "{}",
            row.name
        );
        assert!(responses.contains_key("503"), "{}", row.name);
        for (status, response) in responses {
            assert!(
                response["headers"]["X-Request-Id"].is_object(),
                "{} {status}",
                row.name
            );
            assert!(
                !response["description"]
                    .as_str()
                    .unwrap_or_default()
                    .is_empty(),
                "{} {status}",
                row.name
            );
        }
    }
}

#[test]
fn every_error_code_in_a_description_exists() {
    let json = document();
    let known: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    for row in router::table().0 {
        let operation = &json["paths"][row.path][row.method.as_str().to_ascii_lowercase()];
        let errors = operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']));
        for (status, response) in errors {
            let text = response["description"].as_str().unwrap();
            let words = text
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| !word.contains("pending_gates"));
            for word in words
                .filter(|word| !["webhook_url", "webhook_events", "placement_id"].contains(word))
            {
                assert!(known.contains(word), "{} {status}: {word}", row.name);
            }
        }
    }
}
