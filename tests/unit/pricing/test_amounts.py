"""Amounts between programs, which keep every nano-dollar, and people, who read cents."""

import pytest

from store.money import nano_from_float, nano_from_usd, short_usd, sum_usd, thousandth, usd


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (None, "?"),
        (0, "$0.00"),
        (1, "$0.0000"),
        (4_200_000, "$0.0042"),
        (-4_200_000, "-$0.0042"),
        (10_000_000, "$0.01"),
        (9_940_000, "$0.0099"),
        (-10_000_000, "-$0.01"),
        (9_999_999, "$0.0100"),
        (1_234_567_890_000, "$1,234.57"),
    ],
)
def test_people_read_cents_and_below_a_cent_two_places_more(nano: int | None, shown: str) -> None:
    assert short_usd(nano) == shown


@pytest.mark.parametrize(
    ("nano", "count", "unpriced", "floor", "shown"),
    [
        (0, 0, 0, 0, "$0.00"),
        (3_420_000_000, 5, 0, 0, "$3.42"),
        (3_420_000_000, 5, 0, 1, "≥$3.42"),
        (3_420_000_000, 5, 4, 0, "$3.42+?"),
        (3_420_000_000, 5, 4, 1, "≥$3.42+?"),
        (0, 5, 5, 0, "?"),
        (0, 5, 5, 1, "?"),
    ],
)
def test_a_sum_says_what_it_leaves_out(nano: int, count: int, unpriced: int, floor: int, shown: str) -> None:
    assert sum_usd(nano, count, unpriced, floor) == shown


@pytest.mark.parametrize(
    ("nano", "told"),
    [
        (None, None),
        (0, "0.000000000"),
        (-1, "-0.000000001"),
        (1_999_999_999, "1.999999999"),
        (2 * 10**9, "2.000000000"),
    ],
)
def test_programs_read_every_nano_dollar(nano: int | None, told: str | None) -> None:
    assert usd(nano) == told
    if told is not None:
        assert nano_from_usd(told) == nano


@pytest.mark.parametrize(
    ("amount", "nano"), [("0.0000000005", 0), ("0.0000000015", 2), ("-0.0000000015", -2), (3, 3 * 10**9)]
)
def test_an_amount_is_rounded_half_to_even(amount: str | int, nano: int) -> None:
    assert nano_from_usd(amount) == nano


def test_a_clients_binary_number_is_the_decimal_one_that_it_stands_for() -> None:
    assert nano_from_float(0.1 + 0.2) == 300_000_000
    assert nano_from_float(1.005) == 1_005_000_000


def test_a_thousandth_goes_to_the_nearer_side() -> None:
    assert [thousandth(amount) for amount in (499, 500, 501, 1_499, 1_500, 1_501)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_text_that_is_not_an_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        nano_from_usd(amount)
