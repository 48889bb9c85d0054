"""The published Python client, unmodified."""

import uuid

import pytest
from invoices import invoice
from mc_api.client import MCClient
from mc_api.errors import ApiError, AuthError, NotFoundError, ValidationError
from onboarding import Creditor

OPEN = {"pending_enrichment", "ready", "in_outreach", "disputed"}


def test_whoami_reports_no_blocking_gates(api: MCClient, creditor: Creditor) -> None:
    me = api.whoami()
    assert me["can_place"] is True
    assert me["blocking"] == []
    assert me["outreach_ready"] is True
    assert me["creditor"] == {"id": creditor.id, "name": creditor.name, "status": "verified"}
    assert me["key_prefix"] and me["key_prefix"] in creditor.api_key


def test_settings_mask_the_api_key(api: MCClient, creditor: Creditor) -> None:
    settings = api.get_settings()
    assert settings["api_key"].startswith("ca_") and settings["api_key"].endswith("…")
    assert creditor.api_key.startswith(settings["api_key"].removesuffix("…"))
    assert creditor.api_key not in str(settings)


def test_placement_is_created_found_and_recalled(api: MCClient) -> None:
    request = invoice(notes="net 30, two reminders sent")
    created = api.create_placement(request)
    assert created["id"] == created["placement_id"]
    assert created["status"] == "pending_enrichment"
    assert created["invoice_amount"] == "7500.00"
    assert created["invoice_number"] == request["invoice_number"]
    assert created["debtor"]["company_name"] == "Late Payer LLC"

    read = api.get_placement(created["id"])
    assert read["id"] == created["id"] and read["status"] in OPEN

    found = api.list_placements(q=request["invoice_number"])
    assert found["total"] == 1 and [row["id"] for row in found["items"]] == [created["id"]]
    assert (found["limit"], found["offset"]) == (25, 0)

    assert api.recall_placement(created["id"])["status"] == "recalled"
    assert api.get_placement(created["id"])["status"] == "recalled"

    trail = api.get_audit(created["id"])
    assert trail["events"] and {"at", "event_type", "actor", "data", "id"} <= trail["events"][0].keys()
    assert trail["events"] == sorted(trail["events"], key=lambda event: event["at"], reverse=True), "newest first"
    assert "has_more" in trail["pagination"]


def test_pages_contain_each_item_once(api: MCClient) -> None:
    company = f"Paged {uuid.uuid4().hex[:10]} Inc"
    made = {api.create_placement(invoice(company_name=company))["id"] for _ in range(5)}
    paged = [row["id"] for row in api.iter_placements(q=company, limit=2)]
    assert len(paged) == 5 and set(paged) == made

    placement = made.pop()
    api.recall_placement(placement)
    events = [event["id"] for event in api.iter_audit(placement, limit=1)]
    assert len(events) == len(set(events)) >= 2


def test_create_with_same_idempotency_key_is_replayed(api: MCClient, creditor: Creditor) -> None:
    request, key = invoice(), f"create-{uuid.uuid4()}"
    first = api.create_placement(request, idempotency_key=key)
    second = api.create_placement(request, idempotency_key=key)
    assert second["id"] == first["id"]
    assert api.list_placements(q=request["invoice_number"])["total"] == 1

    third = creditor.with_key("POST", "/v1/placements", json=request, headers={"Idempotency-Key": key})
    assert third.status_code == 201 and third.json()["id"] == first["id"]
    assert third.headers["Idempotent-Replayed"] == "true"

    with pytest.raises(ValidationError) as refused:
        api.create_placement(invoice(), idempotency_key=key)
    assert refused.value.code == "idempotency_key_reused"


def test_payment_requires_an_idempotency_key(api: MCClient, creditor: Creditor) -> None:
    placement = api.create_placement(invoice())["id"]
    path, body = f"/v1/placements/{placement}/payment-received", {"amount": "100.00"}
    refused = creditor.with_key("POST", path, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["error"]["code"] == "idempotency_key_required"

    for _ in range(2):
        api.record_payment(placement, amount="100.00", idempotency_key=f"bank-{placement}")
    assert api.get_placement(placement)["amount_paid"] == "100.00", "recorded once"


def test_duplicate_invoice_is_refused(api: MCClient) -> None:
    request = invoice()
    api.create_placement(request)
    with pytest.raises(ApiError) as refused:
        api.create_placement(request)
    assert (refused.value.status_code, refused.value.code) == (409, "duplicate_invoice")


@pytest.mark.parametrize("unknown", [str(uuid.uuid4()), "not-an-id"])
def test_unknown_id_is_not_found(api: MCClient, unknown: str) -> None:
    for call in (api.get_placement, api.get_audit, api.recall_placement, api.pause_placement, api.get_dispute):
        with pytest.raises(NotFoundError) as refused:
            call(unknown)
        assert refused.value.code == "not_found"


def test_all_invalid_fields_are_reported_together(api: MCClient) -> None:
    wrong = invoice(invoice_amount="-1", invoice_date="yesterday", posture="rude")
    del wrong["debtor"]["company_name"], wrong["due_date"]
    with pytest.raises(ValidationError) as refused:
        api.create_placement(wrong)
    assert (refused.value.status_code, refused.value.code) == (422, "validation_failed")

    parts = refused.value.detail.split("; ")
    for field in ("invoice_amount", "invoice_date", "posture", "debtor.company_name", "due_date"):
        assert any(part.startswith(f"{field}: ") for part in parts), f"{field} is missing in: {refused.value.detail}"
    for error in refused.value.body["errors"]:
        path = ".".join(str(step) for step in error["loc"][1:])
        assert f"{path}: {error['msg']}" in refused.value.detail


def test_consumer_debt_is_refused(api: MCClient) -> None:
    request = invoice()
    request["debtor"]["kind"] = "individual"
    with pytest.raises(ValidationError) as refused:
        api.create_placement(request)
    assert refused.value.code == "consumer_debt"
    assert api.list_placements(q=request["invoice_number"])["total"] == 0


def test_partner_routes_require_partner_membership(api: MCClient) -> None:
    for call in (api.get_partner, api.list_partner_creditors, api.list_partner_webhook_events):
        with pytest.raises(AuthError) as refused:
            call()
        assert (refused.value.status_code, refused.value.code) == (403, "partner_membership_required")
        assert refused.value.body["detail"] == "Partner membership required"
        assert "this is a creditor account" in refused.value.detail, "the hint of the client"


@pytest.mark.parametrize(
    ("call", "feature"),
    [
        (MCClient.list_remittances, "remittance"),
        (MCClient.list_statements, "statement"),
        (MCClient.get_settlement_policy, "settlement"),
        (MCClient.get_notification_settings, "notification"),
        (MCClient.qbo_status, "quickbooks"),
    ],
)
def test_unsupported_feature_is_not_found_and_named(api: MCClient, call, feature: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        call(api)
    assert refused.value.code == "not_found"
    assert feature in refused.value.detail.lower()


def test_event_catalogue_lists_event_types(api: MCClient) -> None:
    catalogue = api.list_webhook_events()
    names = {event["name"] for event in catalogue["events"]}
    assert {"placement.created", "placement.status_changed", "payment.recorded", "webhook.test"} <= names
    assert "pause_reasons" in catalogue


def test_wrong_key_is_refused_and_not_echoed(creditor: Creditor) -> None:
    wrong = creditor.api_key[:-1] + ("a" if creditor.api_key[-1] != "a" else "b")
    with MCClient(base_url=creditor.server.base_url, api_key=wrong) as client, pytest.raises(AuthError) as refused:
        client.whoami()
    assert (refused.value.status_code, refused.value.code) == (401, "invalid_api_key")
    assert wrong not in str(refused.value)
