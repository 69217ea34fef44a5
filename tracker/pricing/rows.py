"""Dated price rows: a new price is a new row; an old row changes only to correct it.

The bundled table is prices.csv: $ per million tokens, one row per model and price period (PRICES section 1). It holds
all five rates of every tier, because none is a fixed multiple of another. Read once per process.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import msgspec

from store.money import PICO_PER_USD_PER_MTOK, pico_from_usd_per_mtok

# Effective date of a price without a date, which applies to every call.
FROM_THE_BEGINNING = "1970-01-01"
_LARGEST_PICO = 10_000 * PICO_PER_USD_PER_MTOK  # $10,000 per million tokens: sums of costs must stay below 2**63
_RATE_COLUMNS = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
COLUMNS = frozenset("model provider effective_from long_context_threshold context_window checked_on source".split()) | {
    prefix + column for prefix in ("", "long_", "fast_") for column in _RATE_COLUMNS
}


class ListRates(NamedTuple):
    """Pico-dollars per token of the five token classes, before any multiplier."""

    input: int
    output: int
    write_5m: int
    write_1h: int
    cache_read: int


class PriceRow(msgspec.Struct, frozen=True):
    """The list price of a model from a UTC day on, before any multiplier."""

    model: str
    effective_from: str  # date
    effective_day: int  # the same as days since 1970-01-01
    standard: ListRates
    long_threshold: int | None  # a prompt of more tokens than this pays `long` for the whole request
    long: ListRates | None
    fast: ListRates | None
    context_window: int | None
    checked_on: str
    source: str
    is_users: bool = False
    provider: str | None = None  # only in a user's rows: applies to calls to this provider, None to all


def epoch_day(iso_date: str) -> int:
    """Days from 1970-01-01 to an ISO date; ValueError if it is no date."""
    from datetime import date

    return date.fromisoformat(iso_date).toordinal() - date(1970, 1, 1).toordinal()


def row_from_fields(fields: Mapping[str, str], *, is_users: bool = False) -> PriceRow:
    """Parse a row with prices.csv's columns, rates in $ per million tokens; ValueError says what is wrong.

    A missing cache rate is its tier's input rate (MODEL section 11). A tier needs input and output, or neither.
    """
    model = fields.get("model", "").strip()
    if not model:
        raise ValueError("model is missing")
    effective_from = fields.get("effective_from") or FROM_THE_BEGINNING
    standard = _rates(fields, "")
    if standard is None:
        raise ValueError("input and output are missing")
    threshold = _optional(fields, "long_context_threshold", int)
    long = _rates(fields, "long_")
    if (threshold is None) != (long is None):
        raise ValueError("long_context_threshold and the long rates need each other")
    return PriceRow(
        model=model,
        effective_from=effective_from,
        effective_day=epoch_day(effective_from),
        standard=standard,
        long_threshold=threshold,
        long=long,
        fast=_rates(fields, "fast_"),
        context_window=_optional(fields, "context_window", int),
        checked_on=fields.get("checked_on", ""),
        source=fields.get("source", ""),
        is_users=is_users,
        provider=fields.get("provider", "").strip().lower() or None,
    )


def _rates(fields: Mapping[str, str], prefix: str) -> ListRates | None:
    given = [_optional(fields, prefix + column, _pico) for column in _RATE_COLUMNS]
    if given == [None] * len(given):
        return None
    input_rate, output_rate, *cache_rates = given
    if input_rate is None or output_rate is None:
        raise ValueError(f"{prefix}input and {prefix}output need each other")
    return ListRates(input_rate, output_rate, *(input_rate if rate is None else rate for rate in cache_rates))


def _optional(fields: Mapping[str, str], column: str, convert: Callable[[str], int]) -> int | None:
    text = fields.get(column, "").strip()
    if not text:
        return None
    try:
        number = convert(text)
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"{column} is not a number that can be used: {text!r}") from error
    if number < 0:
        raise ValueError(f"{column} is negative: {text!r}")
    return number


def _pico(text: str) -> int:
    rate = pico_from_usd_per_mtok(text)
    if rate > _LARGEST_PICO:
        raise ValueError(f"higher than any model's price: {text!r}")
    return rate


@cache
def bundled_rows() -> tuple[PriceRow, ...]:
    """All rows of the bundled table in file order: by model, then by date."""
    import csv
    from pathlib import Path

    with Path(__file__).with_name("prices.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row_from_fields(fields) for fields in csv.DictReader(file))


@cache
def bundled_rows_by_model() -> dict[str, tuple[PriceRow, ...]]:
    """The bundled rows of each model, oldest first."""
    return rows_by_model(bundled_rows())


def rows_by_model(rows: tuple[PriceRow, ...]) -> dict[str, tuple[PriceRow, ...]]:
    """Group rows by model, oldest first."""
    grouped: dict[str, list[PriceRow]] = {}
    for row in rows:
        grouped.setdefault(row.model, []).append(row)
    return {model: tuple(sorted(dated, key=lambda row: row.effective_day)) for model, dated in grouped.items()}
