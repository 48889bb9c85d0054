//! `PATCH /support/v1/creditors/{id}`: changes status, tier, limits or the linked Stripe account.

use actors::domain::account::AccountStatus;
use actors::domain::limits::LimitsOverride;
use actors::ids::CreditorId;
use actors::{CreditorPatch, PartnerApi, SupportCreditor};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The fields to change. Absent fields stay unchanged.
    #[schema(as = CreditorPatch)]
    pub(crate) struct Request => Values {
        /// Account status. `suspended` suspends the account. Another status ends a suspension or corrects the outcome of
        /// the review.
        optional status: String,
        /// Name of a configured tier.
        optional tier: String,
        /// Limits that override those of the tier. Null removes the override.
        nullable limits: LimitsBody,
        /// Id of the Stripe account. It is linked, and the events that were stored for it are replayed. Null removes the
        /// link.
        #[schema(example = "acct_1032D82eZvKYlo2C")]
        nullable stripe_account_id: String,
        /// Reason for the audit log.
        #[schema(max_length = 500)]
        required reason: String,
    }
}

request_body! {
    /// Limits of one creditor. For absent fields the limits of the tier apply.
    #[schema(as = LimitsOverride)]
    pub(crate) struct LimitsBody => LimitsValues {
        /// Requests per second per API key.
        #[schema(minimum = 1, maximum = 1_000_000)]
        optional key_rps: u32,
        /// Maximum burst of requests per API key.
        #[schema(minimum = 1, maximum = 1_000_000)]
        optional key_burst: u32,
        /// Requests per second for the whole creditor.
        #[schema(minimum = 1, maximum = 1_000_000)]
        optional tenant_rps: u32,
        /// Maximum burst of requests for the whole creditor.
        #[schema(minimum = 1, maximum = 1_000_000)]
        optional tenant_burst: u32,
        /// Maximum number of concurrent requests.
        #[schema(minimum = 1, maximum = 1_000_000)]
        optional concurrency: u32,
    }
}

/// Change a creditor
///
/// Links a Stripe account, suspends the account, or sets the tier or an override of its limits. The change takes effect
/// at once and is recorded in the audit log.
#[utoipa::path(
    patch, path = "/support/v1/creditors/{id}", tag = "Support", request_body = Request,
    responses((status = 200, description = "The creditor after the change", body = SupportCreditor))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<CreditorId>,
    Body(body): Body<Request>,
) -> Result<Json<SupportCreditor>, PartnerError> {
    Ok(Json(
        api.support_patch_creditor(&support.0, id.0, read(body)?)
            .await?,
    ))
}

fn read(body: Request) -> Result<CreditorPatch, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let status = errors.one_of(
        "status",
        body.status,
        &AccountStatus::ALL.map(AccountStatus::as_str),
        AccountStatus::parse,
    );
    let limits = body.limits.map(|limits| {
        limits.map(|limits| errors.within("limits", |errors| read_limits(errors, limits)))
    });
    let stripe = body.stripe_account_id;
    let stripe_account_id = stripe.map(|account| errors.text("stripe_account_id", account, 255));
    let reason = super::super::reason(&mut errors, body.reason);
    Ok(errors.finish(|| {
        Some(CreditorPatch {
            status,
            tier: body.tier,
            limits,
            stripe_account_id,
            reason: reason?,
        })
    })?)
}

fn read_limits(errors: &mut FieldErrors, body: LimitsBody) -> LimitsOverride {
    let body = body.read(errors);
    let limits = LimitsOverride {
        key_rps: body.key_rps,
        key_burst: body.key_burst,
        tenant_rps: body.tenant_rps,
        tenant_burst: body.tenant_burst,
        concurrency: body.concurrency,
    };
    if let Err(refusal) = limits.validate() {
        errors.add(refusal.field, "must be a whole number from 1 to 1000000");
    }
    limits
}
