"""One price book for all tests of prices, and a short way to ask it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from store.records import Price
from tracker.pricing import PriceBook

Resolve = Callable[..., Price | None]


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook()


@pytest.fixture(scope="session")
def at() -> Callable[[str], int]:
    """Epoch milliseconds of an ISO date or time, UTC."""
    return lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="session")
def resolve(book: PriceBook, at: Callable[[str], int]) -> Resolve:
    """Resolve a small standard request of noon on 21 November 2026, unless told otherwise."""

    def ask(
        model: str,
        when: str = "2026-11-21T12:00",
        *,
        provider: str | None = None,
        prompt: int = 1000,
        speed: str | None = None,
        tier: str | None = None,
        geo: str | None = None,
    ) -> Price | None:
        return book.resolve(model, provider, at(when), prompt, (speed, tier, geo))

    return ask
