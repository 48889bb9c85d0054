"""Polling for a condition."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(probe: Callable[[], T], what: str, *, within: float = 20.0) -> T:
    """Polls ``probe`` and returns its first truthy result. Fails the test after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out after {within:.0f} s: {what} (last result: {answer!r})")
        time.sleep(0.1)
