"""Builders that the model's tests share: calls of a chain, and the rates of MODEL section 10."""

from collections.abc import Callable
from typing import Any

import pytest

from store.money import component_nano
from tests.unit.rates import RATES
from tracker.model.cost.chain_call import ChainCall
from tracker.model.cost.rates import Rates

MakeCall = Callable[..., ChainCall]


@pytest.fixture(scope="session")
def rates() -> dict[str, Rates]:
    """A, S, H and N: input/output/5 min/1 h/read in $ per million tokens."""
    return RATES


@pytest.fixture(scope="session")
def make_call() -> MakeCall:
    """A call that starts ten seconds after the one before it; its cost is the sum of its rounded components."""

    def build(number: int = 0, **changes: Any) -> ChainCall:
        starts_at = 1_700_000_000_000 + number * 10_000
        call = ChainCall(
            call_id=number,
            position=number,
            requested_at=starts_at,
            first_at=starts_at + 1_000,
            last_at=starts_at + 2_000,
            model="claude-opus-5",
            effort="medium",
            speed="standard",
            version="2.1.329",
            session="s1",
            input=0,
            cache_read=0,
            write_5m=0,
            write_1h=0,
            output=0,
            web_searches=0,
            rates=RATES["A"],
            cost=None,
        )._replace(**changes)
        if call.rates is None or "cost" in changes:
            return call
        return call._replace(
            cost=component_nano(call.input, call.rates.input)
            + component_nano(call.cache_read, call.rates.read)
            + component_nano(call.write_5m, call.rates.write_5m)
            + component_nano(call.write_1h, call.rates.write_1h)
            + component_nano(call.output, call.rates.output)
        )

    return build
