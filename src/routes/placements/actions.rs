//! `POST /v1/placements/{id}/<action>`: the creditor's actions that need no input.
//!
//! Owns the text of each in the OpenAPI document. [`actors::CreditorAction`] owns the rules.

use actors::ids::PlacementId;
use actors::{CreditorAction, PlacementView};
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::Result;
use crate::extract::{Caller, NoBody, OptionalKey, PathId};
use crate::routes::respond;

/// Writes a handler for each action: `name "path" Action`, with the documentation of the route. Codes of the 403
/// follow, if the account can refuse the action.
macro_rules! creditor_actions {
    ($($(#[$text:meta])+ $name:ident $path:literal $action:ident $($refused:literal)?;)+) => {$(
        $(#[$text])+
        #[utoipa::path(
            post, path = $path, tag = "Placements", params(OptionalKey),
            responses(
                (status = 200, description = "The placement after the change", body = PlacementView),
                $((status = 403, description = $refused),)?
                (status = 409, description = "`invalid_transition`, `idempotency_in_progress`"),
            )
        )]
        pub(crate) async fn $name(
            caller: Caller,
            id: PathId<PlacementId>,
            OptionalKey { key }: OptionalKey,
            _body: NoBody,
        ) -> Result<Response> {
            let placement = caller.act_on_placement(id.0, CreditorAction::$action, key);
            Ok(respond::replayable(StatusCode::OK, placement.await?))
        }
    )+};
}

creditor_actions! {
    /// Recall a placement
    ///
    /// Takes the placement back and stops all work on it at once. You can undo the recall within 7 days.
    recall "/v1/placements/{id}/recall" Recall;

    /// Undo a recall
    ///
    /// Restores the status from before the recall. Works within 7 days, and only if you recalled the placement
    /// yourself.
    unrecall "/v1/placements/{id}/unrecall" Unrecall "`account_suspended`, `account_rejected`";

    /// Pause a placement
    ///
    /// Sets the flag `paused` and keeps the status. Outreach stops at once.
    pause "/v1/placements/{id}/pause" Pause "`account_rejected`";

    /// Resume a placement
    ///
    /// Clears the flag `paused`. Outreach continues.
    resume "/v1/placements/{id}/resume" Resume "`account_suspended`, `account_rejected`";
}

#[cfg(test)]
mod tests {
    use actors::CreditorAction;

    #[test]
    fn every_action_has_its_route_and_documents_who_is_refused() {
        let rows = crate::router::table().0;
        for action in CreditorAction::ALL {
            let rule = action.rule();
            let path = format!("/v1/placements/{{id}}/{}", rule.name);
            let row = rows.iter().find(|row| row.path == path);
            let row = row.unwrap_or_else(|| panic!("no route {path}"));
            assert_eq!(row.name, format!("placements::{}", rule.name));
            let document = serde_json::to_string(&(row.document)()).unwrap();
            for status in rule.refused_by {
                let code = format!("account_{}", status.as_str());
                assert!(document.contains(&code), "{path}: {code}");
            }
            assert_eq!(
                document.contains("\"403\""),
                !rule.refused_by.is_empty(),
                "{path}"
            );
        }
    }
}
