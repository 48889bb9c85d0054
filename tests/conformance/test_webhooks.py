"""Outbound webhooks, checked with the published Standard Webhooks verifier."""

from collections import Counter
from collections.abc import Iterator

import pytest
from invoices import invoice
from mc_api.client import MCClient
from onboarding import Creditor, onboard
from partner_server import PartnerServer
from receiver import Receiver, Webhook
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from waiting import wait_until


@pytest.fixture(scope="module")
def subscriber(server: PartnerServer) -> Creditor:
    """A creditor that no other test uses, so its receiver gets only events of these tests."""
    return onboard(server)


@pytest.fixture(scope="module")
def client(subscriber: Creditor) -> Iterator[MCClient]:
    with MCClient(base_url=subscriber.server.base_url, api_key=subscriber.api_key) as client:
        yield client


@pytest.fixture(scope="module")
def receiver(subscriber: Creditor) -> Iterator[Receiver]:
    """The receiver at the webhook URL of the creditor."""
    receiver = Receiver()
    answer = subscriber.signed_in("PATCH", "/v1/settings", json={"webhook_url": receiver.url})
    assert answer.status_code == 200, answer.text
    assert answer.json()["webhook_url"] == receiver.url
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def verifier(subscriber: Creditor, receiver: Receiver) -> Verifier:
    answer = subscriber.signed_in("GET", "/v1/settings/webhook-secret")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    secret = shown.get("secret") or shown["secrets"][0]["secret"]
    assert secret.startswith("whsec_")
    return Verifier(secret)


def check(verifier: Verifier, webhook: Webhook) -> None:
    """Checks that the webhook verifies, and that it does not verify with a changed body, id or time."""
    assert verifier.verify(webhook.body, webhook.headers) == webhook.event
    assert webhook.headers["user-agent"].startswith("partner-api/")
    assert webhook.headers["content-type"].startswith("application/json")
    assert {"type", "timestamp", "data"} <= webhook.event.keys()

    earlier = str(int(webhook.headers["webhook-timestamp"]) - 1)
    forgeries = {
        "body": (webhook.body.replace(b'"type"', b'"typf"', 1), webhook.headers),
        "id": (webhook.body, webhook.headers | {"webhook-id": webhook.id[:-1] + "~"}),
        "time": (webhook.body, webhook.headers | {"webhook-timestamp": earlier}),
    }
    for what, (body, headers) in forgeries.items():
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, headers)
            pytest.fail(f"it verifies with a changed {what}")


def test_all_webhooks_verify(client: MCClient, receiver: Receiver, verifier: Verifier) -> None:
    placement = client.create_placement(invoice(external_debtor_ref="customer-7"))["id"]
    [created] = receiver.await_type("placement.created", placement)
    client.pause_placement(placement)
    receiver.await_type("placement.paused", placement)
    client.recall_placement(placement)

    def recalls() -> list[Webhook]:
        changes = receiver.of_type("placement.status_changed", placement)
        return [change for change in changes if change.event["data"]["status"] == "recalled"]

    recalled = wait_until(recalls, "the recall arrives")[0]
    client.send_webhook_test()
    receiver.await_type("webhook.test")

    assert created.event["data"]["external_debtor_ref"] == "customer-7"
    assert recalled.event["data"]["previous_status"] != "recalled"
    assert created.event["data"]["sequence"] < recalled.event["data"]["sequence"]

    names = {event["name"] for event in client.list_webhook_events()["events"]}
    for webhook in receiver.webhooks:
        check(verifier, webhook)
        assert webhook.event["type"] in names
        assert b"latepayer.example" not in webhook.body, "a webhook carries no contact data"


def test_failed_webhook_is_retried_under_the_same_id(
    client: MCClient, receiver: Receiver, verifier: Verifier
) -> None:
    receiver.answer = lambda arrival: 500 if arrival == 1 else 200
    placement = client.create_placement(invoice())["id"]
    first, second = receiver.await_type("placement.created", placement, count=2)
    receiver.answer = lambda _arrival: 200

    assert (first.answered, second.answered) == (500, 200)
    assert first.id == second.id
    assert first.body == second.body
    check(verifier, first)
    check(verifier, second)

    def rows() -> list[dict]:
        page = client.list_webhook_deliveries(event="placement.created", status="delivered")
        return [row for row in page["items"] if row["attempts"] == 2]

    wait_until(rows, "a delivery that took two attempts")


def test_delivery_can_be_redelivered(client: MCClient, receiver: Receiver, verifier: Verifier) -> None:
    placement = client.create_placement(invoice())["id"]
    receiver.await_type("placement.created", placement)

    def delivered() -> dict | None:
        page = client.list_webhook_deliveries(status="delivered")
        return page if page["items"] else None

    page = wait_until(delivered, "a delivered row in the list")
    assert page["limit"] == 50 and page["total"] >= 1
    for row in page["items"]:
        assert isinstance(row["attempts"], int) and row["status"] == "delivered"

    client.redeliver_webhook(page["items"][0]["id"])

    def accepted_twice() -> list[str]:
        accepted = Counter(webhook.id for webhook in receiver.webhooks if webhook.answered == 200)
        return [webhook_id for webhook_id, times in accepted.items() if times > 1]

    wait_until(accepted_twice, "the same webhook arrives again")
    for webhook in receiver.webhooks:
        check(verifier, webhook)
