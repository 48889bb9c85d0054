"""Events of Stripe, Middesk and DocuSign, with the body and signature that each provider sends."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe
from partner_server import DOCUSIGN_KEY, MIDDESK_SECRET, STRIPE_SECRET


@dataclass(frozen=True)
class SignedEvent:
    path: str
    header: str
    signature: str
    body: bytes


def stripe_payouts(account: str, *, enabled: bool = True) -> SignedEvent:
    """Stripe Connect: payouts are enabled or disabled for ``account``."""
    event = {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "api_version": "2026-01-28",
        "created": int(time.time()),
        "livemode": False,
        "type": "account.updated",
        "account": account,
        "data": {
            "object": {"id": account, "object": "account", "charges_enabled": True, "payouts_enabled": enabled},
            "previous_attributes": {"payouts_enabled": not enabled},
        },
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
    }
    body = json.dumps(event, indent=2)
    # Stripe's own library creates the signature header.
    signature = stripe.WebhookSignature.generate_signature_header(body, STRIPE_SECRET)
    return SignedEvent("/integrations/stripe/webhook", "Stripe-Signature", signature, body.encode())


def middesk_review(creditor_id: str, *, status: str = "approved") -> SignedEvent:
    """Middesk: the know-your-business review of ``creditor_id`` has the given ``status``."""
    event = {
        "object": "event",
        "id": str(uuid.uuid4()),
        "type": "business.updated",
        "created_at": _now(),
        "data": {
            "object": {
                "object": "business",
                "id": str(uuid.uuid4()),
                "external_id": creditor_id,
                "name": "Conformance Supply Co.",
                "status": status,
            }
        },
    }
    body = json.dumps(event).encode()
    signature = hmac.new(MIDDESK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return SignedEvent("/integrations/middesk/webhook", "X-Middesk-Signature-256", signature, body)


def docusign_completed(creditor_id: str) -> SignedEvent:
    """DocuSign Connect: the Master Services Agreement of ``creditor_id`` is signed."""
    event = {
        "event": "envelope-completed",
        "apiVersion": "v2.1",
        "retryCount": 0,
        "generatedDateTime": _now(),
        "data": {
            "accountId": str(uuid.uuid4()),
            "envelopeId": str(uuid.uuid4()),
            "envelopeSummary": {
                "status": "completed",
                "customFields": {
                    "textCustomFields": [{"fieldId": "1", "name": "creditor_id", "value": creditor_id}],
                    "listCustomFields": [],
                },
            },
        },
    }
    body = json.dumps(event).encode()
    signature = base64.b64encode(hmac.new(DOCUSIGN_KEY.encode(), body, hashlib.sha256).digest()).decode()
    return SignedEvent("/integrations/docusign/webhook", "X-DocuSign-Signature-1", signature, body)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
