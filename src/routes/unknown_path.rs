//! The fallback for paths that are not in the URL table: 404 with a detail that names the missing feature.
//!
//! The published client can call more routes than this server has. An empty list could be misread as "nothing was
//! paid", so the detail names each unavailable feature. Never responds with anything but an error.

use axum::extract::OriginalUri;

use crate::error::{HttpError, PartnerError};
use crate::router;

const MCP: &str = "the MCP server is not hosted here; run the client's own stdio server with MC_API_BASE_URL set to this server";

/// Unavailable features: the first segments of a path below `/v1` and a name. `*` matches any one segment, and the
/// first match wins.
const FEATURES: &[(&str, &str)] = &[
    ("placements/*/documents", "documents"),
    ("placements/*/upload-link", "document upload links"),
    ("placements/*/remittance", "remittances"),
    ("placements/*/evidence", "evidence"),
    ("placements/*/calls", "call records"),
    ("placements/*/emails", "e-mail records"),
    ("placements/*/context", "placement context"),
    ("placements/*/improve", "improvement hints"),
    ("placements/*/contact-candidates", "contact candidates"),
    ("placements/*/contacts", "contact editing"),
    ("placements/*/outreach-contacts", "outreach contacts"),
    ("placements/*/enrichment", "enrichment on demand"),
    ("placements/*/settlement-floor", "settlement floors"),
    (
        "placements/*/posture",
        "changing the posture of a placement",
    ),
    ("placements/*/debtor", "changing the debtor of a placement"),
    ("placements/*/amend", "amendments"),
    ("placements/*/payments", "the list of payments"),
    ("placements/*/dispute", "disputes"),
    (
        "placements/*/compliance-decision",
        "the compliance decision (see outreach_allowed of the placement)",
    ),
    ("creditors/me/remittances", "remittances"),
    ("creditors/me/notification-settings", "notifications"),
    ("documents", "documents"),
    ("remittances", "remittances"),
    ("statements", "statements"),
    ("evidence", "evidence"),
    ("recovery", "recovery"),
    ("improve", "improvement hints"),
    ("disputes", "disputes"),
    ("payments", "the list of payments"),
    ("debtors", "debtor search"),
    ("analytics", "analytics"),
    ("exports", "exports"),
    ("intake/csv", "CSV intake"),
    ("intake/file", "file intake"),
    ("intake/drafts", "intake drafts"),
    ("intake/addresses", "e-mail intake"),
    ("intake/identity-reviews", "identity reviews"),
    ("intake/webhook", "the intake webhook"),
    ("intake/structured", "structured intake"),
    ("intake", "intake"),
    ("integrations/qbo", "QuickBooks"),
    ("agreements/certificate", "the agreement's certificate"),
    ("settings/settlement", "settlement"),
    ("settings/payout-destination", "the payout destination"),
    ("settings/agent-skills.zip", "the agent skills bundle"),
];

/// Handles every path that no row of the table matches.
pub(crate) async fn handle(OriginalUri(uri): OriginalUri) -> PartnerError {
    missing(uri.path()).into()
}

fn missing(path: &str) -> HttpError {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let detail = match segments.as_slice() {
        ["v1", "partner", ..] => return HttpError::PartnerMembershipRequired,
        ["mcp", ..] => MCP.to_owned(),
        _ if path.ends_with('/') && is_route(&segments) => {
            "no such route; leave out the slash at the end".to_owned()
        }
        ["v1", rest @ ..] => feature(rest).map_or_else(unknown, |name| {
            format!("{name}: not available on this server; see /docs for what is")
        }),
        _ => unknown(),
    };
    HttpError::UnknownRoute { detail }
}

/// Whether a path of the table has these segments.
fn is_route(segments: &[&str]) -> bool {
    let matches = |path: &str| {
        let mut wanted = path.split('/').skip(1);
        let fit = |segment: &&str| {
            wanted
                .next()
                .is_some_and(|wanted| wanted.starts_with('{') || wanted == *segment)
        };
        segments.iter().all(fit) && wanted.next().is_none()
    };
    router::paths().iter().any(|path| matches(path))
}

fn unknown() -> String {
    "no such route; see /docs for every route of this server".to_owned()
}

fn feature(path: &[&str]) -> Option<&'static str> {
    let matches = |pattern: &str| {
        let mut path = path.iter();
        pattern.split('/').all(|wanted| {
            path.next()
                .is_some_and(|segment| wanted == "*" || wanted == *segment)
        })
    };
    FEATURES
        .iter()
        .find(|(pattern, _)| matches(pattern))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_client_path_names_the_missing_feature() {
        assert!(
            missing("/v1/documents")
                .to_string()
                .starts_with("documents: not available")
        );
        assert!(
            missing("/v1/placements/7/evidence/history")
                .to_string()
                .starts_with("evidence:")
        );
        assert!(
            missing("/v1/integrations/qbo/sync-log")
                .to_string()
                .starts_with("QuickBooks:")
        );
        assert!(
            missing("/v1/nonsense")
                .to_string()
                .starts_with("no such route")
        );
        assert!(
            missing("/wp-login.php")
                .to_string()
                .starts_with("no such route")
        );
    }

    #[test]
    fn no_path_of_the_table_counts_as_missing() {
        for row in crate::router::table().0 {
            if let Some(path) = row.path.strip_prefix("/v1/") {
                let segments: Vec<&str> = path.split('/').collect();
                assert_eq!(feature(&segments), None, "{}", row.path);
            }
        }
    }

    #[test]
    fn trailing_slash_is_named() {
        for path in ["/v1/placements/", "/v1/placements/7/audit/", "/health/"] {
            assert!(
                missing(path).to_string().contains("leave out the slash"),
                "{path}"
            );
        }
        assert!(
            missing("/v1/documents/")
                .to_string()
                .starts_with("documents:")
        );
        assert!(
            missing("/v1/nonsense/")
                .to_string()
                .starts_with("no such route; see")
        );
    }

    #[test]
    fn partner_and_mcp_paths_have_their_own_details() {
        for path in ["/v1/partner", "/v1/partner/creditors/7/invite"] {
            assert_eq!(missing(path).to_string(), "Partner membership required");
        }
        for path in ["/mcp", "/mcp/"] {
            assert!(missing(path).to_string().contains("MC_API_BASE_URL"));
        }
    }
}
