"""Rotation of signing secrets, checked with the published Standard Webhooks verifier."""

from collections.abc import Iterator

import pytest
from invoices import invoice
from mc_api.client import MCClient
from onboarding import Creditor, onboard
from partner_server import PartnerServer
from receiver import Receiver, Webhook
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError


@pytest.fixture
def rotating(server: PartnerServer) -> Creditor:
    """A creditor that no other test uses."""
    return onboard(server)


@pytest.fixture
def receiver(rotating: Creditor) -> Iterator[Receiver]:
    receiver = Receiver()
    answer = rotating.signed_in("PATCH", "/v1/settings", json={"webhook_url": receiver.url})
    assert answer.status_code == 200, answer.text
    yield receiver
    receiver.close()


def current_secret(creditor: Creditor) -> str:
    answer = creditor.signed_in("GET", "/v1/settings/webhook-secret")
    assert answer.status_code == 200, answer.text
    return answer.json()["secret"]


def rotate(creditor: Creditor, overlap_hours: int) -> dict:
    answer = creditor.signed_in(
        "POST", "/v1/settings/webhook-secret/rotate", json={"overlap_hours": overlap_hours}
    )
    assert answer.status_code == 201, answer.text
    rotated = answer.json()
    assert rotated["secret"].startswith("whsec_")
    assert current_secret(creditor) == rotated["secret"]
    return rotated


def next_webhook(creditor: Creditor, receiver: Receiver) -> Webhook:
    """Creates a placement and returns its webhook."""
    with MCClient(base_url=creditor.server.base_url, api_key=creditor.api_key) as client:
        placement = client.create_placement(invoice())["id"]
    return receiver.await_type("placement.created", placement)[0]


def signatures(webhook: Webhook) -> list[str]:
    return webhook.headers["webhook-signature"].split(" ")


def verifies(secret: str, webhook: Webhook) -> bool:
    try:
        return Verifier(secret).verify(webhook.body, webhook.headers) == webhook.event
    except WebhookVerificationError:
        return False


def test_old_and_new_secret_verify_during_rotation(rotating: Creditor, receiver: Receiver) -> None:
    old = current_secret(rotating)
    before = next_webhook(rotating, receiver)
    assert verifies(old, before) and len(signatures(before)) == 1

    rotated = rotate(rotating, overlap_hours=1)
    new = rotated["secret"]
    assert new != old and rotated["previous_expires_at"]
    during = next_webhook(rotating, receiver)
    assert len(signatures(during)) == 2
    assert verifies(old, during), "the old secret still verifies"
    assert verifies(new, during), "the new secret verifies"
    assert not verifies(new, before), "a new secret does not verify earlier webhooks"

    # Each signature belongs to one secret, and neither secret verifies a changed body.
    for signature in signatures(during):
        alone = Webhook(during.headers | {"webhook-signature": signature}, during.body, during.answered)
        assert verifies(old, alone) != verifies(new, alone)
    forged = Webhook(during.headers, during.body.replace(b'"type"', b'"typf"', 1), during.answered)
    assert not verifies(old, forged) and not verifies(new, forged)


def test_rotation_without_overlap_ends_old_secrets(rotating: Creditor, receiver: Receiver) -> None:
    oldest = current_secret(rotating)
    older = rotate(rotating, overlap_hours=1)["secret"]
    rotated = rotate(rotating, overlap_hours=0)
    assert rotated["previous_expires_at"] is None

    after = next_webhook(rotating, receiver)
    assert len(signatures(after)) == 1
    assert verifies(rotated["secret"], after)
    assert not verifies(older, after), "the previous secret has ended"
    assert not verifies(oldest, after), "a secret in its overlap has ended too"
