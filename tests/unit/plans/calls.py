"""Calls for tests of billings and what-ifs."""

from tests.unit.rates import RATES
from tracker.model.cost.rates import Rates
from tracker.model.plans.billing import LoggedCall

OPUS = RATES["N"]
MINUTE = 60_000


def call(
    number: int,
    minute: float,
    *,
    fresh: int = 0,
    read: int = 0,
    write_5m: int = 0,
    write_1h: int = 0,
    output: int = 0,
    chain: int = 1,
    model: str = "claude-opus-5-5",
    is_fast: bool = False,
    is_other_agent: bool = False,
    priced: bool = True,
    day: str = "2026-11-20",
    rates: Rates = OPUS,
) -> LoggedCall:
    """A call at a minute, lasting no time, at claude-opus-5-5's prices."""
    pico = (
        fresh * rates.input
        + read * rates.read
        + write_5m * rates.write_5m
        + write_1h * rates.write_1h
        + output * rates.output
    )
    at = int(minute * MINUTE)
    return LoggedCall(
        number, chain, number, day, at, at, at, model, fresh, read, write_5m, write_1h, output, is_fast,
        is_other_agent, rates if priced else None, pico // 1000 if priced else None,
    )  # fmt: skip
