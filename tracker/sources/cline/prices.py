"""Remembers which price rows the calls of a file were billed at: the ledger wants those, and no others."""

from collections.abc import Iterable

from store.records import Call, Price
from tracker.sources.base import Pricer


class RecordingPricer:
    """A pricer that keeps what it hands out."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer = pricer
        self._prices: dict[str, Price] = {}

    def resolve(
        self,
        model: str,
        provider: str | None,
        at_ms: int,
        prompt_tokens: int,
        speed: str | None,
        tier: str | None,
        geo: str | None,
    ) -> Price | None:
        """See tracker.sources.base.Pricer."""
        price = self._pricer.resolve(model, provider, at_ms, prompt_tokens, speed, tier, geo)
        if price is not None:
            self._prices[price.id] = price
        return price

    def prices_of(self, calls: Iterable[Call]) -> list[Price]:
        """The rows that these calls point at."""
        wanted = {call.price_id for call in calls}
        return [price for price in self._prices.values() if price.id in wanted]
