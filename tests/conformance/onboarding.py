"""Onboarding of a creditor, from sign-up to API key, over the public HTTP API."""

import uuid

import httpx
from partner_server import PartnerServer
from provider_events import SignedEvent, middesk_review, stripe_payouts
from waiting import wait_until

GATES = {"kyb_verified", "payouts_enabled", "msa_on_file"}


class Creditor:
    """A creditor with its credentials: password, onboarding token and, after ``onboard``, an API key."""

    def __init__(self, server: PartnerServer, name: str = "Conformance Supply Co.") -> None:
        self.server = server
        self.name = name
        self.email = f"dev-{uuid.uuid4().hex[:12]}@example.com"
        self.password = f"long enough {uuid.uuid4().hex}"
        self.stripe_account = f"acct_{uuid.uuid4().hex[:16]}"
        answer = server.http.post(
            "/v1/creditors", json={"company_name": name, "email": self.email, "password": self.password}
        )
        assert answer.status_code == 201, answer.text
        self.id: str = answer.json()["creditor"]["id"]
        self.onboarding_token: str = answer.json()["onboarding_token"]
        self.api_key = ""
        self._session_token = ""

    # ---- calls, one method per kind of credential ------------------------------------------------------------------

    def as_applicant(self, method: str, path: str, **request: object) -> httpx.Response:
        return self._call(self.onboarding_token, method, path, **request)

    def with_key(self, method: str, path: str, **request: object) -> httpx.Response:
        return self._call(self.api_key, method, path, **request)

    def signed_in(self, method: str, path: str, **request: object) -> httpx.Response:
        if not self._session_token:
            answer = self.server.http.post("/v1/sessions", json={"email": self.email, "password": self.password})
            assert answer.status_code == 201, answer.text
            self._session_token = answer.json()["session_token"]
        return self._call(self._session_token, method, path, **request)

    def _call(self, token: str, method: str, path: str, **request: object) -> httpx.Response:
        # Signing in sets a cookie. It is removed, because the header alone must decide here.
        self.server.http.cookies.clear()
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        return self.server.http.request(method, path, headers=headers, **request)

    # ---- the steps of onboarding ----------------------------------------------------------------------------------

    def save_company_details(self) -> httpx.Response:
        return self.as_applicant(
            "PATCH",
            "/v1/creditors/me/setup",
            json={
                "legal_name": self.name,
                "ein": "12-3456789",
                "industry": "wholesale",
                "state_of_incorporation": "DE",
                "business_address": {
                    "line1": "1 Main Street",
                    "city": "Dover",
                    "state": "DE",
                    "postal_code": "19901",
                    "country": "US",
                },
            },
        )

    def link_stripe_account(self) -> httpx.Response:
        return self.server.support(
            "PATCH",
            f"/creditors/{self.id}",
            stripe_account_id=self.stripe_account,
            tier="growth",  # its limits are too high for the tests to reach
            reason="conformance suite",
        )

    def accept_agreement(self) -> httpx.Response:
        current = self.as_applicant("GET", "/v1/agreements/current")
        assert current.status_code == 200, current.text
        return self.as_applicant(
            "POST",
            "/v1/agreements/current/accept",
            json={"signatory_name": "Dana Developer", "version": current.json()["version"]},
        )

    def send(self, event: SignedEvent) -> httpx.Response:
        return self.server.http.post(
            event.path,
            content=event.body,
            headers={event.header: event.signature, "Content-Type": "application/json"},
        )

    def status(self) -> dict:
        answer = self.as_applicant("GET", "/v1/creditors/me/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def await_pending(self, gates: set[str]) -> None:
        wait_until(lambda: set(self.status()["pending"]) == gates, f"pending gates are {gates or 'none'}")

    def reveal_key(self) -> httpx.Response:
        return self.as_applicant("POST", "/v1/creditors/me/api-key")


def onboard(server: PartnerServer) -> Creditor:
    """Creates a creditor, completes its onboarding and reveals its API key."""
    creditor = Creditor(server)
    for answer in (
        creditor.save_company_details(),
        creditor.link_stripe_account(),
        creditor.accept_agreement(),
        creditor.send(middesk_review(creditor.id)),
        creditor.send(stripe_payouts(creditor.stripe_account)),
    ):
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    creditor.await_pending(set())
    revealed = creditor.reveal_key()
    assert revealed.status_code == 201, revealed.text
    creditor.api_key = revealed.json()["api_key"]
    return creditor
