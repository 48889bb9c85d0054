//! `POST /v1/placements/batch`: places up to 1,000 invoices in one request.

use actors::domain::placement::draft::NewPlacement;
use actors::{ApiError, BatchPlaced, BatchRowError, FieldError};
use axum::http::StatusCode;
use axum::response::Response;

use super::create;
use crate::error::{Code, Result};
use crate::extract::{Body, Caller, Field, OptionalKey, request_body};
use crate::routes::respond;

/// The maximum number of entries in one request.
const MAX_ROWS: usize = 1_000;
/// The size of all field errors in one response, in bytes, above the first error of each entry. The response is stored
/// with an `Idempotency-Key`.
const MAX_ERROR_BYTES: usize = 256 * 1024;

request_body! {
    /// A batch of overdue invoices.
    pub(crate) struct NewPlacements {
        /// The invoices, 1 to 1,000.
        #[schema(min_items = 1, max_items = 1000)]
        required placements: Vec<Field<create::Request>> => Vec<create::Request>,
    }
}

/// Place many invoices
///
/// Each entry is accepted or rejected on its own, and one commit saves all accepted entries. The response has one
/// result per entry, in the order of the request. A request costs 20 of the rate limits, regardless of the number of
/// entries. With an `Idempotency-Key` the whole response is replayed.
#[utoipa::path(
    post, path = "/v1/placements/batch", tag = "Placements", request_body = NewPlacements, params(OptionalKey),
    responses(
        (status = 200, description = "One result per entry", body = BatchPlaced),
        (status = 403, description = "`account_suspended`, `account_rejected`: no entry was placed"),
        (status = 409, description = "`idempotency_in_progress`"),
        (status = 422, description = "`validation_failed` if the request does not have 1 to 1,000 entries, `idempotency_key_reused`"),
    )
)]
pub(crate) async fn create_batch(
    caller: Caller,
    key: OptionalKey,
    body: Body<NewPlacements>,
) -> Result<Response> {
    let rows = rows(body)?;
    let placed = caller.create_placements(rows, key.key).await?;
    Ok(respond::replayable(StatusCode::OK, placed))
}

fn rows(body: Body<NewPlacements>) -> Result<Vec<Result<NewPlacement, BatchRowError>>, ApiError> {
    let (body, mut errors) = body.read();
    let rows = errors.check("placements", body.placements, |rows| {
        let fits = (1..=MAX_ROWS).contains(&rows.len());
        fits.then_some(rows)
            .ok_or_else(|| format!("must be 1 to {MAX_ROWS} placements"))
    });
    let rows = errors.finish(|| rows)?;
    let mut left = MAX_ERROR_BYTES;
    let validated = rows.into_iter().map(|entry| row(entry, &mut left));
    Ok(validated.collect())
}

/// Validates one entry. The paths of its errors are relative to the entry. Takes their size from `left`.
fn row(row: Field<create::Request>, left: &mut usize) -> Result<NewPlacement, BatchRowError> {
    let read = match row {
        Field::Value(body) => create::read(Body(body)),
        Field::Absent | Field::Null => Err(ApiError::field(&["body"], "must be an object")),
        Field::Wrong(expected) => Err(ApiError::field(&["body"], expected)),
    };
    read.map_err(|mut error| {
        if let ApiError::Validation(errors) = &mut error {
            *left = left.saturating_sub(errors.limit_bytes(*left));
        }
        let detail = error.to_string();
        let (code, errors): (Code, Vec<FieldError>) = match error {
            ApiError::ConsumerDebt => (Code::ConsumerDebt, Vec::new()),
            ApiError::Validation(errors) => (Code::ValidationFailed, errors.listed()),
            _ => (Code::Internal, Vec::new()),
        };
        BatchRowError {
            code: code.as_str().to_owned(),
            detail,
            placement_id: None,
            errors,
        }
    })
}
