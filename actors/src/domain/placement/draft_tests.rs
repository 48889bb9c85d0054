//! Tests of the validation of drafts.

use proptest::prelude::*;

use super::*;

fn good() -> PlacementDraft {
    let text = |text: &str| Some(text.to_owned());
    PlacementDraft {
        invoice_amount: text("7500.00"),
        invoice_number: text("INV-1"),
        invoice_date: text("2026-01-01"),
        due_date: text("2026-01-31"),
        debtor: Some(DebtorDraft {
            company_name: text("Acme Ltd"),
            ..DebtorDraft::default()
        }),
        ..PlacementDraft::default()
    }
}

fn errors(draft: &PlacementDraft) -> Vec<String> {
    match validate(draft) {
        Err(DraftRejection::Fields(errors)) => errors.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn minimal_draft_is_accepted() {
    let placement = validate(&good()).unwrap();
    assert_eq!(placement.invoice_amount, Cents::from_raw(750_000));
    assert_eq!(placement.debtor.company_name, "Acme Ltd");
    assert_eq!(placement.posture, None);
}

#[test]
fn complete_draft_is_accepted() {
    let json = r#"{"invoice_amount":"0.01","invoice_number":" INV 2 ","invoice_date":"2026-01-01","due_date":"2026-01-01",
        "posture":"escalate","notes":"two\nlines","callback_url":null,"debtor":{"company_name":"Acme","primary_email":
        "ap@acme.com","primary_phone":"+1 415 555 0100","primary_domain":"ACME.com","state":"ca","city":"Oakland",
        "zip":"94103","external_debtor_ref":"C-17","kind":"business"}}"#;
    let placement = validate(&serde_json::from_str(json).unwrap()).unwrap();
    assert_eq!(placement.invoice_number, "INV 2");
    assert_eq!(placement.posture, Some(Posture::Escalate));
    assert_eq!(placement.debtor.primary_domain.as_deref(), Some("acme.com"));
    assert_eq!(placement.debtor.state.as_deref(), Some("CA"));
    let canonical = serde_json::to_string(&placement).unwrap();
    assert_eq!(
        serde_json::from_str::<NewPlacement>(&canonical).unwrap(),
        placement
    );
}

#[test]
fn all_missing_fields_are_reported_together() {
    assert_eq!(
        errors(&PlacementDraft::default()),
        [
            "debtor.company_name: is required",
            "invoice_amount: is required",
            "invoice_number: is required",
            "invoice_date: is required",
            "due_date: is required",
        ]
    );
    let refusal = validate(&PlacementDraft::default()).unwrap_err();
    assert!(
        refusal
            .to_string()
            .starts_with("debtor.company_name: is required; invoice_amount: is required; ")
    );
    let DraftRejection::Fields(fields) = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(fields[0].loc, ["body", "debtor", "company_name"]);
}

#[test]
fn all_invalid_fields_are_reported_together() {
    let text = |text: &str| Some(text.to_owned());
    let draft = PlacementDraft {
        invoice_amount: text("-5"),
        invoice_number: text(&"9".repeat(65)),
        invoice_date: text("01/02/2026"),
        due_date: text("2026-02-30"),
        posture: text("gentle"),
        notes: text(&"n".repeat(2_001)),
        callback_url: text(""),
        debtor: Some(DebtorDraft {
            company_name: text("Acme\u{0}"),
            primary_email: text("acme"),
            primary_phone: text("1"),
            primary_domain: text("https://acme.com"),
            state: text("California"),
            city: text(&"c".repeat(101)),
            zip: text("!"),
            external_debtor_ref: text(&"r".repeat(129)),
            kind: text("government"),
        }),
    };
    let errors = errors(&draft);
    assert_eq!(errors.len(), 16, "{errors:#?}");
    assert!(
        errors.iter().all(|error| !error.contains(['[', ']'])),
        "{errors:#?}"
    );
}

#[test]
fn due_date_before_invoice_date_is_refused() {
    let draft = PlacementDraft {
        due_date: Some("2025-12-31".into()),
        ..good()
    };
    assert_eq!(
        errors(&draft),
        ["due_date: must not be before invoice_date"]
    );
}

#[test]
fn consumer_debt_takes_precedence_over_field_errors() {
    for kind in ["individual", "Individual", " INDIVIDUAL "] {
        let debtor = Some(DebtorDraft {
            kind: Some(kind.into()),
            ..DebtorDraft::default()
        });
        let draft = PlacementDraft {
            debtor,
            ..PlacementDraft::default()
        };
        assert_eq!(validate(&draft), Err(DraftRejection::ConsumerDebt));
    }
}

#[test]
fn blank_text_is_absent_and_blank_choice_is_refused() {
    let mut draft = PlacementDraft {
        notes: Some("  ".into()),
        ..good()
    };
    draft.debtor.as_mut().unwrap().primary_email = Some(String::new());
    let placement = validate(&draft).unwrap();
    assert_eq!(
        (placement.notes, placement.debtor.primary_email),
        (None, None)
    );
    draft.posture = Some(String::new());
    assert_eq!(errors(&draft), ["posture: must be preserve or escalate"]);
}

#[test]
fn unknown_fields_and_numbers_are_refused() {
    for json in [
        r#"{"ssn":"1"}"#,
        r#"{"debtor":{"ssn":"1"}}"#,
        r#"{"invoice_amount":7500.0}"#,
    ] {
        assert!(
            serde_json::from_str::<PlacementDraft>(json).is_err(),
            "{json}"
        );
    }
}

proptest! {
    #[test]
    fn accepted_drafts_are_within_bounds(number in ".{0,80}", name in ".{0,220}", amount in "[0-9.,-]{0,16}") {
        let mut draft = PlacementDraft { invoice_number: Some(number), invoice_amount: Some(amount), ..good() };
        draft.debtor.as_mut().unwrap().company_name = Some(name);
        if let Ok(placement) = validate(&draft) {
            prop_assert!(placement.invoice_amount > Cents::ZERO);
            let (number, name) = (&placement.invoice_number, &placement.debtor.company_name);
            prop_assert!((1..=64).contains(&number.chars().count()) && (1..=200).contains(&name.chars().count()));
            prop_assert!(!number.chars().chain(name.chars()).any(char::is_control));
        }
    }
}
