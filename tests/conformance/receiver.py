"""A webhook receiver that records every request and answers with the status that its test chooses."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from waiting import wait_until


@dataclass(frozen=True)
class Webhook:
    headers: dict[str, str]  # names in lower case
    body: bytes
    answered: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict:
        return json.loads(self.body)


class Receiver:
    """``answer`` maps the number of arrivals of a webhook-id, including the current one, to a response status."""

    def __init__(self) -> None:
        self.answer: Callable[[int], int] = lambda _arrival: 200
        self._seen: list[Webhook] = []
        self._arrivals: Counter[str] = Counter()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = receiver._take({k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        with self._lock:
            webhook_id = headers.get("webhook-id", "")
            self._arrivals[webhook_id] += 1
            status = self.answer(self._arrivals[webhook_id])
            self._seen.append(Webhook(headers, body, status))
            return status

    @property
    def webhooks(self) -> list[Webhook]:
        with self._lock:
            return list(self._seen)

    def of_type(self, event_type: str, placement_id: str | None = None) -> list[Webhook]:
        """The webhooks of this type in the order of arrival, optionally only those of one placement."""
        return [
            webhook
            for webhook in self.webhooks
            if webhook.event["type"] == event_type
            and placement_id in (None, webhook.event["data"].get("placement_id"))
        ]

    def await_type(self, event_type: str, placement_id: str | None = None, *, count: int = 1) -> list[Webhook]:
        def arrived() -> list[Webhook] | None:
            found = self.of_type(event_type, placement_id)
            return found if len(found) >= count else None

        return wait_until(arrived, f"{count} × {event_type} at the receiver")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
