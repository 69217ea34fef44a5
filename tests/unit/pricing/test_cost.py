"""The cost of a call is exact: each component is rounded half to even by itself, and only if it must be."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import Price
from tracker.pricing import cost

Resolve = Callable[..., Price | None]

tokens = st.integers(0, 10**9)
odd_rates = st.integers(0, 10**9)
whole_rates = st.integers(0, 10**5).map(lambda nano: nano * 1000)


def price_of(rates: tuple[int, int, int, int, int], web_search: int = 10_000_000) -> Price:
    return Price("x", "p", "m", "2026-01-01", *rates, web_search, "standard", 1000, "s", "2026-11-21")


def half_even(units: int, rate: int) -> int:
    return int((Decimal(units) * rate / 1000).to_integral_value(ROUND_HALF_EVEN))


@given(
    st.tuples(*[st.one_of(odd_rates, whole_rates)] * 5),
    st.tuples(tokens, tokens, tokens, tokens, tokens),
    st.integers(0, 1000),
)
def test_each_component_is_rounded_half_to_even(
    rates: tuple[int, int, int, int, int], counts: tuple[int, int, int, int, int], searches: int
) -> None:
    price = price_of(rates)
    fresh, read, write_5m, write_1h, output = counts
    expected = (
        half_even(fresh, price.input)
        + half_even(read, price.cache_read)
        + half_even(write_5m, price.write_5m)
        + half_even(write_1h, price.write_1h)
        + half_even(output, price.output)
        + searches * 10_000_000
    )
    assert cost(price, fresh, read, write_5m, write_1h, output, searches) == expected


@given(st.integers(0, 10**6))
def test_halves_go_to_the_even_neighbour(count: int) -> None:
    price = price_of((500, 0, 0, 0, 0))
    assert cost(price, 2 * count + 1, 0, 0, 0, 0, 0) % 2 == 0


def test_two_halves_are_not_added_before_they_are_rounded() -> None:
    assert cost(price_of((500, 500, 500, 500, 500)), 1, 1, 1, 1, 1, 0) == 0


@pytest.mark.parametrize("part", range(5))
def test_one_component_that_is_no_whole_amount_is_rounded(part: int) -> None:
    counts = [3 if index == part else 2 for index in range(5)]
    assert cost(price_of((500, 500, 500, 500, 500)), *counts, web_searches=0) == 4 * 1 + 2


def test_a_real_call_to_the_nano_dollar(resolve: Resolve) -> None:
    """3 x $4 + 120,000 x $0.20 + 1,500 x $5 + 700 x $8 + 800 x $20 per million, and two searches."""
    price = resolve("claude-opus-5-5")
    assert price is not None
    assert cost(price, 3, 120_000, 1_500, 700, 800, 2) == 12_000 + 24_000_000 + 7_500_000 + 5_600_000 + 16_000_000 + (
        20_000_000
    )


def test_web_searches_are_not_multiplied(resolve: Resolve) -> None:
    price = resolve("claude-opus-5-5", tier="batch", geo="us")
    assert price is not None
    assert cost(price, 0, 0, 0, 0, 0, 3) == 30_000_000
