"""Waiting for something that another process does: look, sleep a little, look again, give up with the facts."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.03


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float, facts: Callable[[], str]) -> None:
    """Return once `condition` holds; after `timeout_seconds` raise TimeoutError with what `facts` then says."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {timeout_seconds} s: {facts()}")
        time.sleep(POLL_SECONDS)
