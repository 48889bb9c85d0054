"""Placement requests, in the shape that the published client sends."""

import uuid

from mc_api.client import build_placement_payload


def invoice(**changes: str) -> dict:
    """The request body of a placement with a unique invoice number."""
    fields = {
        "company_name": "Late Payer LLC",
        "invoice_amount": "7500.00",
        "invoice_number": f"INV-{uuid.uuid4().hex[:10]}",
        "invoice_date": "2026-01-15",
        "due_date": "2026-02-14",
        "primary_email": "ap@latepayer.example",
        "state": "TX",
        "external_debtor_ref": "customer-42",
    }
    return build_placement_payload(**fields | changes)
