"""Amounts between programs, which keep every nano-dollar, and people, who read cents."""

import pytest

from store.money import nano_from_usd, short_usd, thousandth


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
        (1_234_567_890_000, "$1,234.57"),
    ],
)
def test_people_read_cents_and_below_a_cent_two_places_more(nano: int | None, shown: str) -> None:
    assert short_usd(nano) == shown


def test_a_thousandth_goes_to_the_nearer_side() -> None:
    assert [thousandth(amount) for amount in (499, 500, 501, 1_499, 1_500, 1_501)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        nano_from_usd(amount)
