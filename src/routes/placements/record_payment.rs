//! `POST /v1/placements/{id}/payment-received`: records a payment that the creditor has received.

use actors::domain::money::Cents;
use actors::ids::PlacementId;
use actors::{PartnerApi, PaymentRecorded};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::create::Amount;
use crate::error::PartnerError;
use crate::extract::{
    Body, Caller, FieldErrors, PathId, RequiredIdempotencyHeader, RequiredKey, request_body,
};
use crate::routes::respond;

request_body! {
    /// A payment from the debtor to the creditor.
    #[schema(as = PaymentReceived)]
    pub(crate) struct Request => Values {
        /// Amount as a decimal string, at most the outstanding amount.
        #[schema(example = "2500.00")]
        required amount: Amount => String,
    }
}

/// Record a payment
///
/// Records a payment that you received directly from the debtor. Works in every account status. When the payments reach
/// the invoice amount, the placement becomes `paid` and outreach stops at once.
#[utoipa::path(
    post, path = "/v1/placements/{id}/payment-received", tag = "Placements",
    request_body = Request, params(RequiredIdempotencyHeader),
    responses(
        (status = 201, description = "The payment and the new balance", body = PaymentRecorded),
        (status = 409, description = "`invalid_transition`, `idempotency_in_progress`"),
        (status = 422, description = "`validation_failed`, `overpayment`, `idempotency_key_required`, `idempotency_key_reused`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<PlacementId>,
    key: RequiredKey,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let amount = errors.check("amount", body.amount, |amount| Cents::parse(&amount.0));
    let amount = errors.finish(|| amount)?;
    let payment = api.record_payment(&caller.0, id.0, amount, key.0).await?;
    Ok(respond::replayable(StatusCode::CREATED, payment))
}
