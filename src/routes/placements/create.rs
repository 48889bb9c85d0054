//! `POST /v1/placements`: places an invoice for collection.

use actors::domain::placement::draft::{
    self, DebtorDraft, DraftRejection, NewPlacement, PlacementDraft,
};
use actors::{ApiError, PlacementView};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use crate::error::Result;
use crate::extract::{
    Body, Caller, FieldErrors, FieldType, Fields as _, OptionalKey, request_body,
};
use crate::routes::respond;

request_body! {
    /// An overdue invoice and the company that owes it.
    #[schema(as = NewPlacement)]
    pub(crate) struct Request {
        // The domain rules report what is missing. So the required fields are read as `optional`.
        /// Amount as a decimal string with at most two decimals, greater than zero.
        #[schema(required, nullable = false, example = "7500.00")]
        optional invoice_amount: Amount => String,
        /// Your own invoice number. It must be unique among your placements.
        #[schema(required, nullable = false, max_length = 64, example = "INV-1001")]
        optional invoice_number: String,
        /// Date of the invoice as an ISO 8601 date.
        #[schema(required, nullable = false, format = "date", example = "2026-08-01")]
        optional invoice_date: String,
        /// Due date as an ISO 8601 date, not before `invoice_date`.
        #[schema(required, nullable = false, format = "date", example = "2026-08-31")]
        optional due_date: String,
        /// `preserve` or `escalate`. If absent, the creditor's `posture_default` applies.
        optional posture: String,
        /// Free text.
        #[schema(max_length = 2000)]
        optional notes: String,
        /// Must be absent or null. Configure the webhook URL with `PATCH /v1/settings` instead.
        #[schema(deprecated)]
        optional callback_url: String,
        /// The company that owes the invoice.
        #[schema(required, nullable = false)]
        optional debtor: DebtorBody,
    }
}

request_body! {
    /// The company that owes the invoice.
    #[schema(as = NewDebtor)]
    pub(crate) struct DebtorBody {
        // As above.
        /// Registered name of the company.
        #[schema(required, nullable = false, max_length = 200, example = "Globex LLC")]
        optional company_name: String,
        /// E-mail address.
        #[schema(format = "email")]
        optional primary_email: String,
        /// Phone number of 7 to 15 digits.
        optional primary_phone: String,
        /// Domain without scheme and path.
        #[schema(example = "globex.example")]
        optional primary_domain: String,
        /// Two-letter code of the state.
        optional state: String,
        /// City.
        #[schema(max_length = 100)]
        optional city: String,
        /// Postal code.
        optional zip: String,
        /// Your own id for this debtor.
        #[schema(max_length = 128)]
        optional external_debtor_ref: String,
        /// Must be `business`. A debt of a natural person (`individual`) is rejected with `consumer_debt`.
        #[schema(example = "business")]
        optional kind: String,
    }
}

/// An amount of money as a string, because a JSON number has no defined precision.
pub(crate) struct Amount(pub(crate) String);

impl FieldType for Amount {
    const EXPECTED: &'static str = "must be a decimal string, e.g. \"7500.00\"";

    fn from_json(json: Value) -> Option<Self> {
        String::from_json(json).map(Self)
    }
}

/// Place an invoice
///
/// Creates a placement for the invoice. Its first status is `pending_enrichment`.
#[utoipa::path(
    post, path = "/v1/placements", tag = "Placements", request_body = Request, params(OptionalKey),
    responses(
        (status = 201, description = "The placement", body = PlacementView),
        (status = 403, description = "`account_suspended`, `account_rejected`"),
        (status = 409, description = "`duplicate_invoice` with the member `placement_id`, `idempotency_in_progress`"),
        (status = 422, description = "`validation_failed` with every field error, `consumer_debt`, `idempotency_key_reused`"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    key: OptionalKey,
    body: Body<Request>,
) -> Result<Response> {
    let placement = caller.create_placement(read(body)?, key.key).await?;
    Ok(respond::replayable(StatusCode::CREATED, placement))
}

/// Validates the body. Fields of the right type go to the domain rules; their errors and the type errors are reported
/// together.
pub(super) fn read(body: Body<Request>) -> Result<NewPlacement, ApiError> {
    let (body, mut errors) = body.read();
    let draft = PlacementDraft {
        invoice_amount: body.invoice_amount.map(|amount| amount.0),
        invoice_number: body.invoice_number,
        invoice_date: body.invoice_date,
        due_date: body.due_date,
        posture: body.posture,
        notes: body.notes,
        callback_url: body.callback_url,
        debtor: body
            .debtor
            .map(|debtor| errors.within("debtor", |errors| read_debtor(errors, debtor))),
    };
    let placement = match draft::validate(&draft) {
        Ok(placement) => Some(placement),
        Err(DraftRejection::ConsumerDebt) => return Err(ApiError::ConsumerDebt),
        Err(DraftRejection::Fields(found)) => {
            errors.add_all(found.iter().cloned());
            None
        }
    };
    errors.finish(|| placement)
}

fn read_debtor(errors: &mut FieldErrors, body: DebtorBody) -> DebtorDraft {
    let body = body.read(errors);
    DebtorDraft {
        company_name: body.company_name,
        primary_email: body.primary_email,
        primary_phone: body.primary_phone,
        primary_domain: body.primary_domain,
        state: body.state,
        city: body.city,
        zip: body.zip,
        external_debtor_ref: body.external_debtor_ref,
        kind: body.kind,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(body: Value) -> Vec<String> {
        match read(Body(Request::from_json(body).unwrap())) {
            Err(ApiError::Validation(errors)) => errors
                .iter()
                .map(|error| format!("{}: {}", error.loc.join("."), error.msg))
                .collect(),
            Err(other) => vec![other.to_string()],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn empty_body_reports_every_required_field() {
        let lines = lines(json!({}));
        for field in [
            "invoice_amount",
            "invoice_number",
            "invoice_date",
            "due_date",
            "debtor.company_name",
        ] {
            assert!(
                lines.contains(&format!("body.{field}: is required")),
                "{field} in {lines:?}"
            );
        }
    }

    #[test]
    fn field_of_wrong_type_is_reported_once() {
        let lines = lines(json!({"invoice_amount": 7500.0, "debtor": "Globex"}));
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.starts_with("body.invoice_amount"))
                .count(),
            1
        );
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.starts_with("body.debtor"))
                .collect::<Vec<_>>(),
            ["body.debtor: must be an object"]
        );
    }

    #[test]
    fn consumer_debt_and_unknown_fields_are_rejected() {
        assert!(lines(json!({"debtor": {"kind": "individual"}}))[0].contains("consumer debt"));
        assert!(
            lines(json!({"debtor": {"ssn": "x"}}))
                .contains(&"body.debtor.ssn: unknown field".to_owned())
        );
    }
}
