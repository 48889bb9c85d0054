"""Starts the built server with ``partner-api serve``, on a new SQLite database and a free port."""

import os
import re
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue

import httpx

SUPPORT_TOKEN = "conformance-support-token-0123456789"
STRIPE_SECRET = "whsec_conformance_stripe_0123456789abcdef"
MIDDESK_SECRET = "conformance-middesk-0123456789abcdef"
DOCUSIGN_KEY = "conformance-docusign-0123456789abcdef"

SETTINGS = {
    "PARTNER_API_LISTEN": "127.0.0.1:0",
    "PARTNER_API_SUPPORT_TOKEN": SUPPORT_TOKEN,
    "PARTNER_API_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
    "PARTNER_API_MIDDESK_WEBHOOK_SECRET": MIDDESK_SECRET,
    "PARTNER_API_DOCUSIGN_HMAC_KEY": DOCUSIGN_KEY,
    "PARTNER_API_RETRY_SCHEDULE": "200ms,500ms,1s",
    "PARTNER_API_PASSWORD_BCRYPT_COST": "4",
}


class PartnerServer:
    """A running server. ``http`` is a plain HTTP client that does not use the published client."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.log = folder / "server.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PARTNER_API_", "MC_API_"))}
        environment |= SETTINGS | {"DATABASE_URL": f"sqlite://{folder}/partner-api.db?mode=rwc"}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [binary, "serve"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            self.base_url = self._await_address()
        except BaseException:
            self._end_process()
            raise
        self.http = httpx.Client(base_url=self.base_url, timeout=30.0)

    def _await_address(self) -> str:
        """Waits for the line ``listening on http://…`` and returns the URL.

        A thread reads all later output too, so that the pipe never fills.
        """
        lines: Queue[str | None] = Queue()

        def read() -> None:
            assert self._process.stdout
            for line in self._process.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        seen: list[str] = []
        while True:
            try:
                line = lines.get(timeout=60)
            except Empty:
                line = None
            if line is None:
                raise RuntimeError(f"the server did not print its address\n{''.join(seen)}{self.log_tail()}")
            seen.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                return found.group(1).rstrip("/")

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def support(self, method: str, path: str, **json: object) -> httpx.Response:
        """Calls the support API with the support token."""
        return self.http.request(
            method, f"/support/v1{path}", json=json, headers={"Authorization": f"Bearer {SUPPORT_TOKEN}"}
        )

    def stop(self) -> None:
        self.http.close()
        self._end_process()

    def _end_process(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
