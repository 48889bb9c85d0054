"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(probe: Callable[[], T], what: str, *, within: float = 20.0) -> T:
    """The first truthy answer of ``probe``; fails the test when ``within`` seconds have brought none."""
    deadline = time.monotonic() + within
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {within:.0f} s still not: {what} (last answer: {answer!r})")
        time.sleep(0.1)
