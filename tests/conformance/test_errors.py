"""Errors: the same shape on all routes, and a ``detail`` that is safe to print on a terminal."""

import uuid

import pytest
from invoices import invoice
from onboarding import Creditor

UNKNOWN = str(uuid.uuid4())

# name: (method, path, request arguments, status, code). All requests use the API key of the shared creditor.
ERRORS_WITH_KEY = {
    "unknown placement": ("GET", f"/v1/placements/{UNKNOWN}", {}, 404, "not_found"),
    "malformed id": ("GET", "/v1/placements/[1]", {}, 404, "not_found"),
    "unknown route": ("GET", "/v1/no/such/[route]", {}, 404, "not_found"),
    "unknown route outside /v1": ("GET", "/nowhere", {}, 404, "not_found"),
    "wrong method": ("DELETE", "/v1/placements", {}, 405, "method_not_allowed"),
    "broken JSON": ("POST", "/v1/placements", {"content": b'{"debtor": ['}, 400, "invalid_json"),
    "empty object": ("POST", "/v1/placements", {"json": {}}, 422, "validation_failed"),
    "an unknown field": ("POST", "/v1/placements", {"json": invoice() | {"[ssn]": "1"}}, 422, "validation_failed"),
    "an amount with a fraction of a cent": (
        "POST",
        "/v1/placements",
        {"json": invoice(invoice_amount="1.005")},
        422,
        "validation_failed",
    ),
    "a number for an amount": (
        "POST",
        "/v1/placements",
        {"json": invoice() | {"invoice_amount": 7500.0}},
        422,
        "validation_failed",
    ),
    "a page that is too long": ("GET", "/v1/placements?limit=101", {}, 422, "validation_failed"),
    "an empty page": ("GET", "/v1/placements?limit=0", {}, 422, "validation_failed"),
    "an unknown status": ("GET", "/v1/placements?status=[/red]", {}, 422, "validation_failed"),
    "an unknown order": ("GET", "/v1/placements?sort=[bold]", {}, 422, "validation_failed"),
    "a time without a zone": ("GET", "/v1/placements?updated_since=2026-01-01T00:00:00", {}, 422, "validation_failed"),
    "a leaked key's rotation": ("POST", "/v1/settings/api-key/rotate", {}, 403, "dashboard_session_required"),
    "a leaked key's webhook": (
        "PATCH",
        "/v1/settings",
        {"json": {"webhook_url": "http://127.0.0.1:9/x"}},
        403,
        "dashboard_session_required",
    ),
    "a leaked key's secret": ("GET", "/v1/settings/webhook-secret", {}, 403, "dashboard_session_required"),
    "partner route": ("GET", "/v1/partner/creditors", {}, 403, "partner_membership_required"),
}


def check_problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["error"]["code"] == code
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert {"type", "title"} <= problem.keys()
    detail = problem["detail"]
    assert isinstance(detail, str) and detail.strip()
    assert not set("[]\r\n") & set(detail), f"detail must be one line without brackets: {detail!r}"
    return problem


@pytest.mark.parametrize("name", ERRORS_WITH_KEY)
def test_errors_with_api_key(creditor: Creditor, name: str) -> None:
    method, path, request, status, code = ERRORS_WITH_KEY[name]
    headers = {"Content-Type": "application/json"} if "content" in request else {}
    problem = check_problem(creditor.with_key(method, path, headers=headers, **request), status, code)
    if code == "validation_failed":
        assert problem["errors"] and all(error["loc"] and error["msg"] for error in problem["errors"])


def test_errors_without_valid_credentials(creditor: Creditor) -> None:
    http = creditor.server.http
    http.cookies.clear()
    check_problem(http.get("/v1/settings"), 401, "missing_api_key")
    wrong = {"Authorization": "Bearer ca_00000000_nobody"}
    check_problem(http.get("/v1/settings", headers=wrong), 401, "invalid_api_key")
    wrong = {"email": creditor.email, "password": "not this one"}
    check_problem(http.post("/v1/sessions", json=wrong), 401, "invalid_credentials")


def test_valid_request_id_is_echoed(creditor: Creditor) -> None:
    answer = creditor.with_key("GET", "/v1/nothing", headers={"X-Request-Id": "conformance-1"})
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == "conformance-1"
