//! Support routes of placements.

use actors::ids::PlacementId;
use actors::{ApiError, DisputeView, ErasedView, TransitionRequest, TransitionResult};
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::extract::{Body, Field, FieldErrors, Fields as _, PathId, Support, request_body};

/// The maximum number of entries in one request.
const MAX_LINES: usize = 1_000;

request_body! {
    /// A placement and its new status.
    pub(crate) struct Transition {
        /// Id of the placement.
        required placement_id: String => Uuid,
        /// The new status.
        #[schema(example = "in_outreach")]
        required to: String,
        /// Reason of the transition.
        #[schema(max_length = 500)]
        optional reason: String,
    }
}

/// One result per entry, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionResults {
    results: Vec<TransitionResult>,
}

/// Report transitions
///
/// Each entry is applied on its own: a rejected entry does not affect the others.
#[utoipa::path(
    post, path = "/support/v1/placements/transitions", tag = "Support",
    request_body(content = Vec<Transition>, description = "1 to 1,000 entries"),
    responses((status = 200, description = "One result per entry", body = TransitionResults))
)]
pub(crate) async fn transition(
    support: Support,
    Body(lines): Body<Vec<Field<Transition>>>,
) -> Result<Json<TransitionResults>> {
    let results = support.transition_placements(read(lines)?).await?;
    Ok(Json(TransitionResults { results }))
}

fn read(lines: Vec<Field<Transition>>) -> Result<Vec<TransitionRequest>, ApiError> {
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(ApiError::field(&["body"], "must have 1 to 1000 entries"));
    }
    let mut errors = FieldErrors::of_body();
    let read_one = |(index, line): (usize, Field<Transition>)| {
        errors.within(index.to_string(), |errors| {
            let line = errors.required("", line)?;
            read_line(errors, line)
        })
    };
    let requests: Vec<Option<TransitionRequest>> =
        lines.into_iter().enumerate().map(read_one).collect();
    errors.finish(|| requests.into_iter().collect())
}

fn read_line(errors: &mut FieldErrors, line: Transition) -> Option<TransitionRequest> {
    let line = line.read(errors);
    let placement_id = errors.id("placement_id", line.placement_id);
    let to = errors.variant("to", line.to);
    let reason = errors.prose("reason", line.reason, super::MAX_REASON);
    Some(TransitionRequest {
        placement_id: placement_id?,
        to: to?,
        reason,
    })
}

request_body! {
    /// The dispute of a debtor.
    pub(crate) struct OpenDispute {
        /// Reason in the words of the debtor.
        #[schema(max_length = 2000)]
        required reason: String,
    }
}

/// Open a dispute
///
/// Records that the debtor disputes the debt. Outreach stops at once.
#[utoipa::path(
    post, path = "/support/v1/placements/{id}/dispute", tag = "Support", request_body = OpenDispute,
    responses(
        (status = 201, description = "The dispute", body = DisputeView),
        (status = 409, description = "`invalid_transition`"),
    )
)]
pub(crate) async fn open_dispute(
    support: Support,
    id: PathId<PlacementId>,
    body: Body<OpenDispute>,
) -> Result<(StatusCode, Json<DisputeView>)> {
    let (body, mut errors) = body.read();
    let reason = errors.prose("reason", body.reason, 2_000);
    let reason = errors.finish(|| reason)?;
    let dispute = support.open_dispute(id.0, reason).await?;
    Ok((StatusCode::CREATED, Json(dispute)))
}

request_body! {
    /// The reason of an erasure.
    pub(crate) struct EraseWebhookPayloads {
        /// Reason for the audit log.
        #[schema(max_length = 2000)]
        required reason: String,
    }
}

/// Erase a placement's webhook payloads
///
/// Erases the payload of every event about the placement. Pending deliveries of these events are not sent any more. The
/// delivery log is kept, without payloads.
#[utoipa::path(
    post, path = "/support/v1/placements/{id}/erase-webhook-payloads", tag = "Support", request_body = EraseWebhookPayloads,
    responses((status = 200, description = "The number of erased payloads and of deliveries that are not sent any more", body = ErasedView))
)]
pub(crate) async fn erase_webhook_payloads(
    support: Support,
    id: PathId<PlacementId>,
    body: Body<EraseWebhookPayloads>,
) -> Result<Json<ErasedView>> {
    let (body, mut errors) = body.read();
    let reason = errors.prose("reason", body.reason, 2_000);
    let reason = errors.finish(|| reason)?;
    Ok(Json(support.erase_payloads(id.0, reason).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::extract::FieldType as _;

    #[test]
    fn error_path_starts_with_the_entry_index() {
        let lines = Vec::<Field<Transition>>::from_json(
            json!([{"placement_id": Uuid::nil(), "to": "ready"}, {"to": "gone"}, 5]),
        )
        .unwrap();
        let text = read(lines).unwrap_err().to_string();
        assert!(
            text.starts_with(
                "1.placement_id: is required; 1.to: must be one of: pending_enrichment"
            ),
            "{text}"
        );
        assert!(text.ends_with("2: must be an object"), "{text}");
    }
}
