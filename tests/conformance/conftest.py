"""Session fixtures: one server, and one creditor that has completed onboarding."""

import os
from collections.abc import Iterator

import pytest
from cli import Cli
from mc_api.client import MCClient
from onboarding import Creditor, onboard
from partner_server import PartnerServer

SERVER = pytest.StashKey[PartnerServer]()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[PartnerServer]:
    server = PartnerServer(os.environ["PARTNER_API_BIN"], tmp_path_factory.mktemp("server"))
    request.config.stash[SERVER] = server
    yield server
    server.stop()


@pytest.fixture(scope="session")
def creditor(server: PartnerServer) -> Creditor:
    """An onboarded creditor, shared by the tests that only place invoices and read."""
    return onboard(server)


@pytest.fixture(scope="session")
def api(server: PartnerServer, creditor: Creditor) -> Iterator[MCClient]:
    """The published client, with the API key of the shared creditor."""
    with MCClient(base_url=server.base_url, api_key=creditor.api_key) as client:
        yield client


@pytest.fixture(scope="session")
def cli(server: PartnerServer, creditor: Creditor) -> Cli:
    """The published command line, with the API key of the shared creditor."""
    return Cli(server.base_url, creditor.api_key)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    if exitstatus and (server := config.stash.get(SERVER, None)):
        terminalreporter.section("last lines of the server log")
        terminalreporter.write_line(server.log_tail())
