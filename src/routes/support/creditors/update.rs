//! `PATCH /support/v1/creditors/{id}`: changes status, tier, limits or the linked Stripe account.

use actors::domain::account::AccountStatus;
use actors::domain::limits::LimitsOverride;
use actors::{CreditorPatch, PartnerApi, SupportCreditor};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Creditor};

/// The fields to change. Absent fields stay unchanged.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = CreditorPatch)]
pub(crate) struct Request {
    /// Account status. `suspended` suspends the account. Another status ends a suspension or corrects the outcome of
    /// the review.
    #[serde(default)]
    #[schema(value_type = String)]
    status: Field<String>,
    /// Name of a configured tier.
    #[serde(default)]
    #[schema(value_type = String)]
    tier: Field<String>,
    /// Limits that override those of the tier. Null removes the override.
    #[serde(default)]
    #[schema(value_type = Option<LimitsBody>)]
    limits: Field<LimitsBody>,
    /// Id of the Stripe account. It is linked, and the events that were stored for it are replayed. Null removes the
    /// link.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "acct_1032D82eZvKYlo2C")]
    stripe_account_id: Field<String>,
    /// Reason for the audit log.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 500)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Limits of one creditor. For absent fields the limits of the tier apply.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = LimitsOverride)]
pub(crate) struct LimitsBody {
    /// Requests per second per API key.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    key_rps: Field<u32>,
    /// Maximum burst of requests per API key.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    key_burst: Field<u32>,
    /// Requests per second for the whole creditor.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    tenant_rps: Field<u32>,
    /// Maximum burst of requests for the whole creditor.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    tenant_burst: Field<u32>,
    /// Maximum number of concurrent requests.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    concurrency: Field<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}
impl Fields for LimitsBody {}

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
    id: PathId<Creditor>,
    Body(body): Body<Request>,
) -> Result<Json<SupportCreditor>, PartnerError> {
    Ok(Json(
        api.support_patch_creditor(&support.0, id.0, read(body)?)
            .await?,
    ))
}

fn read(body: Request) -> Result<CreditorPatch, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let status = errors.optional("status", body.status);
    let status = errors.one_of(
        "status",
        status,
        &AccountStatus::ALL.map(AccountStatus::as_str),
        AccountStatus::parse,
    );
    let tier = errors.optional("tier", body.tier);
    let limits = errors.nullable("limits", body.limits);
    let limits = limits.map(|limits| {
        limits.map(|limits| errors.within("limits", |errors| read_limits(errors, limits)))
    });
    let stripe = errors.nullable("stripe_account_id", body.stripe_account_id);
    let stripe_account_id = stripe.map(|account| errors.text("stripe_account_id", account, 255));
    let reason = super::super::reason(&mut errors, body.reason);
    errors.unknown(&body.unknown);
    Ok(errors.finish(|| {
        Some(CreditorPatch {
            status,
            tier,
            limits,
            stripe_account_id,
            reason: reason?,
        })
    })?)
}

fn read_limits(errors: &mut FieldErrors, body: LimitsBody) -> LimitsOverride {
    let limits = LimitsOverride {
        key_rps: errors.optional("key_rps", body.key_rps),
        key_burst: errors.optional("key_burst", body.key_burst),
        tenant_rps: errors.optional("tenant_rps", body.tenant_rps),
        tenant_burst: errors.optional("tenant_burst", body.tenant_burst),
        concurrency: errors.optional("concurrency", body.concurrency),
    };
    if let Err(refusal) = limits.validate() {
        errors.add(refusal.field, "must be a whole number from 1 to 1000000");
    }
    errors.unknown(&body.unknown);
    limits
}
