//! Routes of placements: overdue invoices that a creditor has placed for collection.

mod actions;
mod audit;
mod create;
mod create_batch;
mod list;

// `placements::create` is `create` in `placements/create.rs`, and so on.
pub(crate) use self::{actions::*, audit::*, create::*, create_batch::*, list::*};

use actors::domain::money::Cents;
use actors::ids::PlacementId;
use actors::{PaymentRecorded, PlacementView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;

use self::create::Amount;
use crate::error::Result;
use crate::extract::{Body, Caller, PathId, RequiredKey, request_body};
use crate::routes::respond;

/// Show a placement
#[utoipa::path(
    get, path = "/v1/placements/{id}", tag = "Placements",
    responses((status = 200, description = "The placement", body = PlacementView))
)]
pub(crate) async fn show(caller: Caller, id: PathId<PlacementId>) -> Result<Json<PlacementView>> {
    Ok(Json(caller.placement(id.0).await?))
}

request_body! {
    /// A payment from the debtor to the creditor.
    pub(crate) struct PaymentReceived {
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
    request_body = PaymentReceived, params(RequiredKey),
    responses(
        (status = 201, description = "The payment and the new balance", body = PaymentRecorded),
        (status = 409, description = "`invalid_transition`, `idempotency_in_progress`"),
        (status = 422, description = "`validation_failed`, `overpayment`, `idempotency_key_required`, `idempotency_key_reused`"),
    )
)]
pub(crate) async fn record_payment(
    caller: Caller,
    id: PathId<PlacementId>,
    key: RequiredKey,
    body: Body<PaymentReceived>,
) -> Result<Response> {
    let (body, mut errors) = body.read();
    let amount = errors.check("amount", body.amount, |amount| Cents::parse(&amount.0));
    let amount = errors.finish(|| amount)?;
    let payment = caller.record_payment(id.0, amount, key.key).await?;
    Ok(respond::replayable(StatusCode::CREATED, payment))
}
