"""Price rows as text and JSON, in $ per million tokens."""

from decimal import Decimal
from typing import Any

from store.money import PICO_PER_USD_PER_MTOK
from store.records import Price
from tracker.pricing import ListRates, PriceRow

_NAMES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")


def per_mtok(pico: int) -> str:
    """A rate in pico-dollars per token as $ per million tokens."""
    return format((Decimal(pico) / PICO_PER_USD_PER_MTOK).normalize(), "f")


def row_json(row: PriceRow) -> dict[str, Any]:
    """JSON of one dated row of the table."""
    made: dict[str, Any] = {"model": row.model, "effective_from": row.effective_from}
    made.update(_rates("", row.standard))
    made["long_context_threshold"] = row.long_threshold
    made.update(_rates("long_", row.long))
    made.update(_rates("fast_", row.fast))
    made.update(context_window=row.context_window, checked_on=row.checked_on, source=row.source, by_user=row.is_users)
    made["provider"] = row.provider
    return made


def _rates(prefix: str, rates: ListRates | None) -> dict[str, str | None]:
    return {
        f"{prefix}{name}": None if rates is None else per_mtok(rate)
        for name, rate in zip(_NAMES, rates or (0,) * 5, strict=True)
    }


def price_json(price: Price) -> dict[str, Any]:
    """JSON of a resolved price."""
    return {
        "model": price.model,
        "provider": price.provider,
        "effective_from": price.effective_from,
        "tier": price.tier,
        "input": per_mtok(price.input),
        "output": per_mtok(price.output),
        "cache_write_5m": per_mtok(price.write_5m),
        "cache_write_1h": per_mtok(price.write_1h),
        "cache_read": per_mtok(price.cache_read),
        "source": price.source,
        "checked_on": price.checked_on,
    }
