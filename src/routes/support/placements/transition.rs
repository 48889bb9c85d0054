//! `POST /support/v1/placements/transitions`: changes the status of many placements in one request.

use actors::domain::placement::PlacementStatus;
use actors::{ApiError, PartnerApi, TransitionRequest, TransitionResult};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::{Body, Field, FieldErrors, Support, request_body};

/// The maximum number of entries in one request.
const MAX_LINES: usize = 1_000;

request_body! {
    /// A placement and its new status.
    #[schema(as = Transition)]
    pub(crate) struct Line => Values {
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
#[schema(as = TransitionResults)]
pub(crate) struct Answer {
    results: Vec<TransitionResult>,
}

/// Report transitions
///
/// Each entry is applied on its own: a rejected entry does not affect the others.
#[utoipa::path(
    post, path = "/support/v1/placements/transitions", tag = "Support",
    request_body(content = Vec<Line>, description = "1 to 1,000 entries"),
    responses((status = 200, description = "One result per entry", body = Answer))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    Body(lines): Body<Vec<Field<Line>>>,
) -> Result<Json<Answer>, PartnerError> {
    let results = api.support_transitions(&support.0, read(lines)?).await?;
    Ok(Json(Answer { results }))
}

fn read(lines: Vec<Field<Line>>) -> Result<Vec<TransitionRequest>, ApiError> {
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(ApiError::field(&["body"], "must have 1 to 1000 entries"));
    }
    let mut errors = FieldErrors::of_body();
    let read_one = |(index, line): (usize, Field<Line>)| {
        errors.within(index.to_string(), |errors| {
            let line = errors.required("", line)?;
            read_line(errors, line)
        })
    };
    let requests: Vec<Option<TransitionRequest>> =
        lines.into_iter().enumerate().map(read_one).collect();
    errors.finish(|| requests.into_iter().collect())
}

fn read_line(errors: &mut FieldErrors, line: Line) -> Option<TransitionRequest> {
    let line = line.read(errors);
    let placement_id = errors.id("placement_id", line.placement_id);
    let to = errors.one_of(
        "to",
        line.to,
        &PlacementStatus::ALL.map(PlacementStatus::as_str),
        PlacementStatus::parse,
    );
    let reason = errors.text("reason", line.reason, super::super::MAX_REASON);
    Some(TransitionRequest {
        placement_id: placement_id?,
        to: to?,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::extract::body_field::FieldType as _;

    #[test]
    fn error_path_starts_with_the_entry_index() {
        let lines = Vec::<Field<Line>>::from_json(
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
