"""The published command line, with JSON output and with table output."""

import uuid

import pytest
from cli import Cli
from invoices import invoice
from mc_api.client import MCClient
from onboarding import Creditor

# Each command with a text that its table output must contain.
COMMANDS = {
    "whoami": "can_place",
    "health": "",
    "placements list": "invoice_number",
    "placements list --limit 1 --sort -updated_at --outreach-phase hunt": "",
    "placements get {placement}": "invoice_amount",
    "placements audit {placement}": "event_type",
    "settings get": "api_key_prefix",
    "settings setup": "company_details",
    "settings webhook-events": "placement.status_changed",
    "settings webhook-deliveries": "",
    "agreements current": "version",
}


@pytest.fixture(scope="module")
def placement(api: MCClient) -> str:
    return api.create_placement(invoice())["id"]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_prints_json_and_table(cli: Cli, placement: str, command: str) -> None:
    arguments = command.format(placement=placement).split()
    assert isinstance(cli.json(*arguments), dict)
    table = cli.table(*arguments)
    assert table.strip() and COMMANDS[command] in table


@pytest.mark.parametrize("output", ["json", "table"])
def test_placement_is_created_and_recalled(cli: Cli, output: str) -> None:
    number = f"CLI-{uuid.uuid4().hex[:10]}"
    create = ["placements", "create", "--company", "Slow & Sons [Holding] Ltd", "--amount", "1200.50"]
    create += ["--invoice-number", number, "--invoice-date", "2026-01-02", "--due-date", "2026-02-01"]
    create += ["--idempotency-key", number]
    if output == "json":
        first, again = cli.json(*create), cli.json(*create)
        assert first["id"] == again["id"]
        recalled = cli.json("placements", "recall", first["id"])
        assert (recalled["id"], recalled["status"]) == (first["id"], "recalled")
    else:
        assert number in cli.table(*create)
        [row] = cli.json("placements", "list", "--q", number)["items"]
        assert number in cli.table("placements", "list", "--q", number)
        assert "recalled" in cli.table("placements", "recall", row["id"])
        assert number in cli.table("placements", "get", row["id"])
        assert "event_type" in cli.table("placements", "audit", row["id"])


def test_api_key_is_never_printed(cli: Cli, creditor: Creditor) -> None:
    for command in (["whoami"], ["settings", "get"], ["-o", "json", "settings", "get"]):
        assert creditor.api_key not in cli.table(*command)


def test_api_errors_are_printed_as_sentences(cli: Cli) -> None:
    assert "404" in cli.refused("placements", "get", str(uuid.uuid4()))
    assert "Partner membership required" in cli.refused("partner", "creditors")
    assert "statement" in cli.refused("statements", "list").lower()
    # The client renders square brackets in an error as terminal markup. This text would crash it.
    cli.refused("placements", "list", "--status", "[/red]")
    cli.refused("placements", "list", "--sort", "[/bold]")

    wrong = cli.refused(
        *["placements", "create", "--company", "[/red]", "--amount", "[/red]", "--invoice-number", "1"],
        *["--invoice-date", "[/red]", "--due-date", "soon"],
    )
    for field in ("invoice_amount", "invoice_date", "due_date"):
        assert f"{field}: " in wrong
