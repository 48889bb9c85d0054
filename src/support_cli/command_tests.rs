use super::*;

#[test]
fn each_command_maps_to_one_request() {
    let audit = call(SupportCommand::Audit {
        creditor: None,
        action: Some("x".into()),
    });
    assert_eq!(
        (audit.path.as_str(), audit.query),
        ("/audit", vec![("action", "x".to_owned())])
    );
    let id = Uuid::nil();
    let gate = call(SupportCommand::Gate {
        id,
        gate: "../x".into(),
        passed: true,
        reason: "r".into(),
    });
    assert_eq!(gate.path, format!("/creditors/{id}/gates/..%2Fx"));
    let link = call(SupportCommand::LinkStripe {
        id,
        account: "acct_1".into(),
        reason: "r".into(),
    });
    assert_eq!(
        (
            link.method,
            link.body.unwrap()["stripe_account_id"].as_str()
        ),
        (Method::PATCH, Some("acct_1"))
    );
}

/// One command line for each command.
const LINES: &[&str] = &[
    "creditors acme",
    "creditor ID",
    "rotate-key ID --reason r",
    "revoke-key ID --reason r",
    "gate ID msa_on_file --passed true --reason r",
    "link-stripe ID acct_1 --reason r",
    "set-status ID suspended --reason r",
    "set-tier ID growth --reason r",
    "set-limits ID --key-rps 5 --reason r",
    "transition ID ready --reason r",
    "dispute ID --reason r",
    "answer-dispute ID --text t",
    "erase-payloads ID --reason r",
    "deliveries --status exhausted",
    "recover ID --since 2026-01-01T00:00:00Z",
    "recovery ID",
    "actors",
    "audit --action x",
];

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: SupportCommand,
}

#[test]
fn every_support_route_has_a_command() {
    use clap::{CommandFactory as _, Parser as _};
    let id = Uuid::nil().to_string();
    let mut called = std::collections::BTreeSet::new();
    for line in LINES {
        let words = line.replace("ID", &id);
        let parsed = Line::try_parse_from(std::iter::once("x").chain(words.split(' ')));
        let call = call(
            parsed
                .unwrap_or_else(|error| panic!("{line}: {error}"))
                .command,
        );
        let path = call
            .path
            .replace(&id, "{id}")
            .replace("msa_on_file", "{gate}");
        called.insert(format!("{} /support/v1{path}", call.method));
    }
    let rows = crate::router::table().0.into_iter();
    let rows = rows.map(|row| format!("{} {}", row.method, row.path));
    let routes: std::collections::BTreeSet<String> =
        rows.filter(|route| route.contains("/support/")).collect();
    assert_eq!(called, routes);
    assert_eq!(Line::command().get_subcommands().count(), LINES.len());
}

#[test]
fn override_without_a_limit_is_removed() {
    let limits = |key_rps| Limits {
        key_rps,
        key_burst: None,
        tenant_rps: None,
        tenant_burst: None,
        concurrency: None,
    };
    assert_eq!(limits(None).to_json(), Value::Null);
    assert_eq!(limits(Some(5)).to_json(), json!({"key_rps": 5}));
}
