"""Turns a list price into the price of a request: choose the tier, apply multipliers, name the result.

Multipliers are integers in per mille and multiply each other (PRICES 1.2). They apply to token rates, not web searches.
"""

from zlib import crc32

import msgspec

from store.money import thousandth
from store.records import Price
from tracker.pricing.names import LIST_PERMILLE, ModelName, released_since
from tracker.pricing.rows import ListRates, PriceRow

WEB_SEARCH_NANO = 10_000_000
BATCH_PERMILLE = 500
US_ONLY_PERMILLE = 1100
# Provider of a user's price that applies wherever the model runs.
ANY_PROVIDER = "any"
# Release of Opus 4.6, the first model whose US-only inference costs more (PRICES 1.2).
_US_PREMIUM_FROM = "2026-02-05"
# Upper bound of the last bracket, more tokens than any prompt has.
NO_LIMIT = 1 << 128

# How a request was served, as in its usage: speed, service tier and region. A plain tuple, as there is one per call.
Served = tuple[str | None, str | None, str | None]
ORDINARY: Served = (None, None, None)
# The prices of one request by prompt size, smallest first: (largest prompt in tokens that the price holds for, price).
Brackets = tuple[tuple[int, Price], ...]


def row_brackets(row: PriceRow, name: ModelName, served: Served) -> Brackets:
    """The price brackets of a row for a request served like this.

    Fast rates apply to any prompt size and have no batch discount. Without fast rates, "fast" requests cost the
    standard price, as at the provider (PRICES 1.3).
    """
    speed, tier, geo = served
    geo_permille = us_only_permille(name, geo)
    if row.fast is not None and (name.fast or speed == "fast"):
        return ((NO_LIMIT, _price(row, row.fast, "standard/fast", name, LIST_PERMILLE, geo_permille)),)
    batch_permille = BATCH_PERMILLE if tier == "batch" else LIST_PERMILLE
    standard = _price(row, row.standard, "standard", name, batch_permille, geo_permille)
    if row.long is None or row.long_threshold is None:
        return ((NO_LIMIT, standard),)
    long = _price(row, row.long, "long", name, batch_permille, geo_permille)
    return (row.long_threshold, standard), (NO_LIMIT, long)


def us_only_permille(name: ModelName, geo: str | None) -> int:
    """1100 for a US-only request of a model with that premium, else 1000."""
    if geo == "us" and released_since(name.canonical, _US_PREMIUM_FROM):
        return US_ONLY_PERMILLE
    return LIST_PERMILLE


def multiplied(rates: ListRates, permille: int) -> ListRates:
    """Rates times a per mille factor, rounded half to even to whole pico-dollars."""
    return ListRates(*(thousandth(rate * permille) for rate in rates))


def at_permille(row: PriceRow, permille: int) -> PriceRow:
    """The row with all rates multiplied by a per mille factor."""
    return msgspec.structs.replace(
        row,
        standard=multiplied(row.standard, permille),
        long=row.long and multiplied(row.long, permille),
        fast=row.fast and multiplied(row.fast, permille),
    )


def _price(
    row: PriceRow, rates: ListRates, tier: str, name: ModelName, batch_permille: int, geo_permille: int
) -> Price:
    permille = LIST_PERMILLE
    region_permille = name.region_multiplier_permille
    for word, factor in (("batch", batch_permille), ("us", geo_permille), ("regional", region_permille)):
        if factor != LIST_PERMILLE:
            tier += f"/{word}"
            permille = permille * factor // LIST_PERMILLE
    input_rate, output_rate, write_5m, write_1h, cache_read = multiplied(rates, permille)
    provider = row.provider or (ANY_PROVIDER if row.is_users else "anthropic")
    owner, edition = "", ""
    if row.is_users:
        # Edited rates get another id in the ledger, so that calls keep the row they were priced by.
        owner, edition = f"user:{provider}/", f"#{crc32(repr(rates).encode()):08x}"
    return Price(
        id=f"{owner}{row.model}@{row.effective_from}/{tier}{edition}",
        provider=provider,
        model=row.model,
        effective_from=row.effective_from,
        input=input_rate,
        output=output_rate,
        write_5m=write_5m,
        write_1h=write_1h,
        cache_read=cache_read,
        web_search=WEB_SEARCH_NANO,
        tier=tier,
        multiplier_permille=permille,
        source=row.source,
        checked_on=row.checked_on,
    )
