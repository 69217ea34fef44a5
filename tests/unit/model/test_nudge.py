"""What every nudge has in common: the user's currency, what a plan's user gets to hear, and the words of a line."""

import pytest

from tests.unit.rates import RATES
from tracker.model.advice.nudge import (
    LONGEST_TEXT,
    Billing,
    Meter,
    NudgeKind,
    evaluated,
    one_line,
    payback_phrase,
    saving_phrase,
    thousands,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.defaults import TTL_5M_MS

A = RATES["A"]
API = Billing()
UNKNOWN = Billing(is_plan=True)
UNITS = Billing(is_plan=True, meter=Meter(0.3, 5e9, "week"))
WEIGHTLESS = Billing(is_plan=True, meter=Meter(0.05, 5e9, "week"))
DOLLARS = Billing(is_plan=True, meter=Meter(1.0, 5e9, "week", counts_dollars=True))


@pytest.mark.parametrize(
    ("billing", "nano", "amount"),
    [
        (API, 2_040_000_000, "$2.04"),
        (UNKNOWN, 2_040_000_000, None),
        (UNITS, 6_260_000_000, "1.3%"),
        (UNITS, -200_000_000, "0.0%"),  # no "-0.0%"
        (DOLLARS, -5_000_000_000, "-1.0%"),
    ],
)
def test_an_amount_is_in_the_users_currency(billing: Billing, nano: int, amount: str | None) -> None:
    assert billing.amount(nano) == amount


@pytest.mark.parametrize("billing", [API, UNKNOWN, DOLLARS])
def test_without_limit_units_the_tariff_is_the_list_price(billing: Billing) -> None:
    assert billing.tariff(A, TTL_5M_MS) == A.tariff(TTL_5M_MS)


def test_in_limit_units_a_read_has_the_weight_that_was_measured() -> None:
    assert UNITS.tariff(A, TTL_5M_MS) == A.limit_tariff(0.3)


def test_input_that_is_sent_again_weighs_as_input_in_limit_units_too() -> None:
    uncached = UNITS.tariff(A, TTL_5M_MS, is_cached=False)
    assert uncached.read == uncached.input == UNITS.tariff(A, TTL_5M_MS).input
    assert API.tariff(A, TTL_5M_MS, is_cached=False) == A.uncached().tariff(TTL_5M_MS)


@pytest.mark.parametrize(
    ("billing", "rent", "waste"),
    [(API, True, True), (UNKNOWN, False, True), (UNITS, True, True), (WEIGHTLESS, False, True), (DOLLARS, True, True)],
)
def test_rent_is_spoken_of_where_a_read_weighs_something(billing: Billing, rent: bool, waste: bool) -> None:
    assert (billing.permits(NudgeKind.COMPACT), billing.permits(NudgeKind.MISS_STORM)) == (rent, waste)


@pytest.mark.parametrize(
    ("billing", "fires", "fired", "reason"),
    [
        (API, True, True, "why"),
        (API, False, False, "why"),
        (UNKNOWN, True, False, "off: the weight of a read in this plan's limits is zero or unknown"),
        (UNKNOWN, False, False, "why"),
    ],
)
def test_an_evaluation_has_a_text_if_it_fired(billing: Billing, fires: bool, fired: bool, reason: str) -> None:
    saving = SavingRange(7, 3, 9)
    made = evaluated(
        NudgeKind.COMPACT, billing, fired=fires, reason="why", text="do", saving=saving, payback_turns=2.5, inputs={}
    )
    assert (made.kind, made.fired, made.reason, made.text) == ("compact", fired, reason, "do" if fired else None)
    assert (made.saving, made.payback_turns, made.expected_value_nano) == (saving, 2.5, 7)


def test_what_saves_nothing_that_is_known_ranks_last() -> None:
    made = evaluated("ttl", API, fired=True, reason="why", text="do", saving=None, payback_turns=None, inputs={})
    assert made.expected_value_nano == 0


@pytest.mark.parametrize(
    ("turns", "phrase"),
    [(None, ""), (-1, ", pays at once"), (0, ", pays at once"), (1, ", back in 1 turn"), (1.1, ", back in 2 turns")],
)
def test_payback_is_in_whole_turns(turns: float | None, phrase: str) -> None:
    assert payback_phrase(turns) == phrase


def test_the_action_gives_way_only_where_there_is_no_room() -> None:
    effect = "y" * 20
    room = LONGEST_TEXT - len(effect) - 2
    assert one_line("x" * room, effect) == f"{'x' * room}: {effect}"
    assert one_line("x" * (room + 1), effect) == f"{'x' * (room - 1)}…: {effect}"
    assert one_line("do", "y" * 200) == f"…: {'y' * (LONGEST_TEXT - 3)}"


def test_tokens_are_told_in_thousands() -> None:
    assert thousands(999_600) == "1000k"


@pytest.mark.parametrize(
    ("low", "point", "high", "words"),
    [
        (6_800_000, 5_420_000_000, 13_300_000_000, "saves ~$5.42 ($0.01 to $13.30)"),
        (-3_000_000, 5_420_000_000, 13_300_000_000, "saves ~$5.42 ($0.00 to $13.30)"),
        (-1_200_000, 4_200_000, 21_000_000, "saves ~$0.0042 (-$0.0012 to $0.02)"),
    ],
)
def test_the_ends_of_a_range_have_no_more_digits_than_its_middle(low: int, point: int, high: int, words: str) -> None:
    assert saving_phrase(API, SavingRange(point, low, high), None) == words
