"""What really happened: every request that reached the server, with its body and the usage it was answered with.

Truth is written by the side that would send the bill, so tests compare a client's records, or our ledger, with it.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .script import Usage

Billed = Literal["yes", "no", "partial"]
Kind = Literal["main", "subagent", "compaction", "side", "count_tokens", "other"]


@dataclass(slots=True)
class Exchange:
    """One request and its answer; `billed` is "partial" when the answer did not reach its end."""

    number: int
    time_ms: int
    method: str
    path: str
    kind: Kind
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    session_id: str | None = None
    marker: str | None = None
    step: int = 0
    model_requested: str | None = None
    model: str | None = None
    request_id: str | None = None
    message_id: str | None = None
    status: int = 0
    usage: Usage | None = None
    billed: Billed = "no"
    stop_reason: str | None = None
    done: bool = False

    def contains(self, text: str) -> bool:
        """Whether any string of the request's body has `text` in it, JSON escapes undone."""
        return any(text in value for value in strings_in(self.body))


def strings_in(value: object) -> Iterator[str]:
    """Every string value inside a decoded JSON value; keys are left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


class Truth:
    """The exchanges in order of arrival; readers get copies of the list, so they may look while the server answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    def append(self, exchange: Exchange) -> None:
        """Add an exchange as soon as its request has arrived."""
        with self._lock:
            exchange.number = len(self._exchanges)
            self._exchanges.append(exchange)

    @property
    def exchanges(self) -> list[Exchange]:
        """All of them, whatever the path."""
        with self._lock:
            return list(self._exchanges)

    @property
    def calls(self) -> list[Exchange]:
        """Requests for a message (not count_tokens), answered or failed."""
        return [exchange for exchange in self.exchanges if exchange.kind not in ("count_tokens", "other")]

    @property
    def billed(self) -> list[Exchange]:
        """Calls that were answered in full."""
        return [exchange for exchange in self.calls if exchange.billed == "yes"]

    def of(self, kind: Kind) -> list[Exchange]:
        """Exchanges of one kind."""
        return [exchange for exchange in self.exchanges if exchange.kind == kind]

    def containing(self, text: str) -> list[Exchange]:
        """Exchanges whose request has `text` somewhere in its body."""
        return [exchange for exchange in self.exchanges if exchange.contains(text)]

    def total(self) -> Usage:
        """Sum of the usage of all calls that were answered in full."""
        usages = [exchange.usage for exchange in self.billed if exchange.usage is not None]
        return Usage(
            input_tokens=sum(usage.input_tokens for usage in usages),
            cache_read_tokens=sum(usage.cache_read_tokens for usage in usages),
            cache_write_5m_tokens=sum(usage.cache_write_5m_tokens for usage in usages),
            cache_write_1h_tokens=sum(usage.cache_write_1h_tokens for usage in usages),
            output_tokens=sum(usage.output_tokens for usage in usages),
        )
