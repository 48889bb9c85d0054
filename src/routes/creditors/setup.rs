//! The setup checklist: what a creditor still has to provide before the gates can pass.

use actors::{BusinessAddress, SetupPatch, SetupView};
use axum::Json;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Result;
use crate::extract::{Body, Caller, FieldErrors, Fields as _, request_body};

/// Setup checklist
///
/// Lists the steps in order: company details, business verification, payout account and agreement. `next_step` is the
/// first open step.
#[utoipa::path(
    get, path = "/v1/creditors/me/setup", tag = "Onboarding",
    responses((status = 200, description = "The checklist", body = SetupView))
)]
pub(crate) async fn show(caller: Caller) -> Result<Json<SetupView>> {
    Ok(Json(caller.setup().await?))
}

request_body! {
    /// Company details. Absent fields stay unchanged.
    #[schema(as = SetupPatch)]
    pub(crate) struct Request {
        /// Registered name of the company.
        #[schema(max_length = 200)]
        optional legal_name: String,
        /// Employer Identification Number: nine digits, with an optional dash after the second. Never returned.
        #[schema(example = "12-3456789")]
        optional ein: SecretString => String,
        /// Industry of the company.
        #[schema(max_length = 100)]
        optional industry: String,
        /// Two-letter code of the state.
        #[schema(example = "DE")]
        optional state_of_incorporation: String,
        /// Registered address. It replaces the stored address as a whole.
        optional business_address: AddressBody => BusinessAddress,
    }
}

request_body! {
    struct AddressBody {
        required line1: String,
        optional line2: String,
        required city: String,
        optional state: String,
        required postal_code: String,
        required country: String,
    }
}

/// Save company details
///
/// Returns the checklist after the change. Company details are locked once business verification has started.
#[utoipa::path(
    patch, path = "/v1/creditors/me/setup", tag = "Onboarding", request_body = Request,
    responses(
        (status = 200, description = "The checklist after the change", body = SetupView),
        (status = 409, description = "`setup_locked`: business verification has started"),
    )
)]
pub(crate) async fn update(caller: Caller, body: Body<Request>) -> Result<Json<SetupView>> {
    Ok(Json(caller.update_company_profile(read(body)?).await?))
}

fn read(body: Body<Request>) -> Result<SetupPatch> {
    let (body, mut errors) = body.read();
    let legal_name = errors.line("legal_name", body.legal_name, 200);
    let ein = errors.check("ein", body.ein, |ein| {
        let right = is_ein(ein.expose_secret());
        right
            .then_some(ein)
            .ok_or("must be nine digits, e.g. 12-3456789")
    });
    let industry = errors.line("industry", body.industry, 100);
    let state = body.state_of_incorporation;
    let state_of_incorporation =
        errors.check("state_of_incorporation", state, |text| two_letters(&text));
    let business_address = body.business_address.and_then(|address| {
        errors.within("business_address", |errors| read_address(errors, address))
    });
    Ok(errors.finish(|| {
        Some(SetupPatch {
            legal_name,
            ein,
            industry,
            state_of_incorporation,
            business_address,
        })
    })?)
}

fn read_address(errors: &mut FieldErrors, body: AddressBody) -> Option<BusinessAddress> {
    let body = body.read(errors);
    let line1 = errors.line("line1", body.line1, 200);
    let line2 = body.line2.filter(|text| !text.trim().is_empty());
    let line2 = errors.line("line2", line2, 200);
    let city = errors.line("city", body.city, 100);
    let state = body.state.filter(|text| !text.trim().is_empty());
    let state = errors.line("state", state, 100);
    let postal_code = errors.line("postal_code", body.postal_code, 20);
    let country = errors.check("country", body.country, |text| two_letters(&text));
    Some(BusinessAddress {
        line1: line1?,
        line2,
        city: city?,
        state,
        postal_code: postal_code?,
        country: country?,
    })
}

fn two_letters(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let right = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    right
        .then(|| text.to_ascii_uppercase())
        .ok_or("must be two letters, e.g. US or DE")
}

fn is_ein(text: &str) -> bool {
    let digits = match text.as_bytes() {
        [prefix @ .., _, _, _, _, _, _, _] if prefix.len() == 3 && prefix[2] == b'-' => {
            text.replacen('-', "", 1)
        }
        _ => text.to_owned(),
    };
    digits.len() == 9 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ein_must_have_nine_digits() {
        assert!(is_ein("12-3456789") && is_ein("123456789"));
        assert!(
            !is_ein("1-23456789")
                && !is_ein("12-345678")
                && !is_ein("12-34567890")
                && !is_ein("123-45-6789")
                && !is_ein("éé-456789")
        );
    }
}
