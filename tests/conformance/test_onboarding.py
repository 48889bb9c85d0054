"""Onboarding from sign-up to API key, with signed events of all three providers."""

import re
from dataclasses import replace

import pytest
from invoices import invoice
from onboarding import GATES, Creditor, onboard
from partner_server import PartnerServer
from provider_events import docusign_completed, middesk_review, stripe_payouts


@pytest.fixture
def applicant(server: PartnerServer) -> Creditor:
    return Creditor(server)


def test_key_is_issued_after_last_gate_and_revealed_once(applicant: Creditor) -> None:
    early = applicant.reveal_key()
    assert early.status_code == 409, early.text
    assert early.json()["error"]["code"] == "gates_pending"
    assert set(early.json()["pending_gates"]) == GATES
    for gate in GATES:
        assert gate in early.json()["detail"], "the client prints only the detail"

    assert applicant.save_company_details().status_code == 200
    assert applicant.link_stripe_account().is_success
    applicant.await_pending(GATES)

    assert applicant.send(middesk_review(applicant.id)).status_code == 200
    applicant.await_pending({"payouts_enabled", "msa_on_file"})
    assert applicant.send(stripe_payouts(applicant.stripe_account)).status_code == 200
    applicant.await_pending({"msa_on_file"})
    assert not applicant.status()["api_key"]["issued"]
    assert applicant.accept_agreement().is_success
    applicant.await_pending(set())

    status = applicant.status()
    assert status["status"] == "verified"
    assert status["api_key"]["issued"] and not status["api_key"]["revealed"]

    revealed = applicant.reveal_key()
    assert revealed.status_code == 201, revealed.text
    key, prefix = revealed.json()["api_key"], revealed.json()["prefix"]
    assert re.fullmatch(rf"ca_{re.escape(prefix)}_[0-9A-Za-z]{{16,}}", key) and len(prefix) == 8

    again = applicant.reveal_key()
    assert again.status_code == 409, again.text
    assert again.json()["error"]["code"] == "already_revealed"
    assert key not in again.text

    applicant.api_key = key
    assert applicant.with_key("GET", "/v1/settings").json()["id"] == applicant.id


def test_setup_checklist_never_returns_the_ein(applicant: Creditor) -> None:
    steps = ["company_details", "business_verification", "payout_account", "agreement"]
    before = applicant.as_applicant("GET", "/v1/creditors/me/setup").json()
    assert [item["step"] for item in before["items"]] == steps
    assert before["next_step"] == "company_details"

    saved = applicant.save_company_details()
    assert saved.status_code == 200, saved.text
    assert saved.json()["next_step"] == "business_verification"
    assert "12-3456789" not in saved.text and "123456789" not in saved.text


def test_docusign_event_passes_the_agreement_gate(applicant: Creditor) -> None:
    assert applicant.send(docusign_completed(applicant.id)).status_code == 200
    applicant.await_pending({"kyb_verified", "payouts_enabled"})


def test_repeated_event_is_accepted(applicant: Creditor) -> None:
    event = middesk_review(applicant.id)
    assert applicant.send(event).status_code == 200
    assert applicant.send(event).status_code == 200
    applicant.await_pending({"payouts_enabled", "msa_on_file"})


def test_event_for_unlinked_account_applies_after_link(applicant: Creditor) -> None:
    assert applicant.send(stripe_payouts(applicant.stripe_account)).status_code == 202
    applicant.await_pending(GATES)
    assert applicant.link_stripe_account().is_success
    applicant.await_pending({"kyb_verified", "msa_on_file"})


@pytest.mark.parametrize("provider", ["stripe", "middesk", "docusign"])
def test_event_with_changed_body_is_refused(applicant: Creditor, provider: str) -> None:
    assert applicant.link_stripe_account().is_success
    event = {
        "stripe": stripe_payouts(applicant.stripe_account),
        "middesk": middesk_review(applicant.id),
        "docusign": docusign_completed(applicant.id),
    }[provider]
    # A trailing space changes the bytes but not the JSON.
    answer = applicant.send(replace(event, body=event.body + b" "))
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == "invalid_signature"
    assert set(applicant.status()["pending"]) == GATES

    assert applicant.send(event).status_code == 200, "the unchanged event is accepted"


def test_placement_of_another_creditor_is_not_found(server: PartnerServer, creditor: Creditor) -> None:
    placement = creditor.with_key("POST", "/v1/placements", json=invoice()).json()["id"]
    other = onboard(server)
    assert other.with_key("GET", "/v1/settings").json()["id"] == other.id != creditor.id
    assert other.with_key("GET", f"/v1/placements/{placement}").status_code == 404
    assert other.with_key("POST", f"/v1/placements/{placement}/recall").status_code == 404
