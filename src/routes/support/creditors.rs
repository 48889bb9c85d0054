//! Support routes of creditors.

use actors::domain::limits::LimitsOverride;
use actors::ids::CreditorId;
use actors::{CreditorPatch, Page, SupportCreditor};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{Body, FieldErrors, Fields as _, PathId, StrictQuery, Support, request_body};

const DEFAULT_LIMIT: u64 = 25;
/// The maximum length of a search text, in characters.
const Q_MAX: usize = 200;

/// Search text and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Part of the name or e-mail address, an id, or the prefix of an API key.
    q: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 25)]
    limit: Option<String>,
    /// Number of rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
}

/// Find creditors
#[utoipa::path(
    get, path = "/support/v1/creditors", tag = "Support", params(Query),
    responses((status = 200, description = "A page of creditors", body = Page<SupportCreditor>))
)]
pub(crate) async fn list(
    support: Support,
    StrictQuery(query, mut errors): StrictQuery<Query>,
) -> Result<Json<Page<SupportCreditor>>> {
    let slice = errors.slice(query.limit, query.offset, DEFAULT_LIMIT);
    let q = errors.search("q", query.q, Q_MAX);
    errors.finish(|| Some(()))?;
    Ok(Json(support.creditors(q, slice).await?))
}

/// Show a creditor
///
/// Returns the gates with the provider events behind them, the API key, the limits and the webhook.
#[utoipa::path(
    get, path = "/support/v1/creditors/{id}", tag = "Support",
    responses((status = 200, description = "The creditor", body = SupportCreditor))
)]
pub(crate) async fn show(
    support: Support,
    id: PathId<CreditorId>,
) -> Result<Json<SupportCreditor>> {
    Ok(Json(support.creditor(id.0).await?))
}

request_body! {
    /// The fields to change. Absent fields stay unchanged.
    #[schema(as = CreditorPatch)]
    pub(crate) struct Request {
        /// Account status. `suspended` suspends the account. Another status ends a suspension or corrects the outcome
        /// of the review.
        optional status: String,
        /// Name of a configured tier.
        optional tier: String,
        /// Limits that override those of the tier. Null removes the override.
        nullable limits: LimitsBody,
        /// Id of the Stripe account. It is linked, and the events that were stored for it are replayed. Null removes
        /// the link.
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
    pub(crate) struct LimitsBody {
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
pub(crate) async fn update(
    support: Support,
    id: PathId<CreditorId>,
    body: Body<Request>,
) -> Result<Json<SupportCreditor>> {
    Ok(Json(support.patch_creditor(id.0, read(body)?).await?))
}

fn read(body: Body<Request>) -> Result<CreditorPatch> {
    let (body, mut errors) = body.read();
    let status = errors.variant("status", body.status);
    let limits = body.limits.map(|limits| {
        limits.map(|limits| errors.within("limits", |errors| read_limits(errors, limits)))
    });
    let stripe = body.stripe_account_id;
    let stripe_account_id = stripe.map(|account| errors.line("stripe_account_id", account, 255));
    let reason = super::reason(&mut errors, body.reason);
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
