"""Every difference between the ledger and the provider gets a class and a reason."""

from collections.abc import Sequence

import pytest

from tracker.model.plans.reconcile import Charge, Difference, Evidence, Recorded, Report, Side, Usage, compare

DAY = "2026-11-18"
MODEL = "claude-opus-5-5"
SPAN = ("2026-11-01", "2026-11-30")
Tokens = tuple[int, int, int, int, int]
TOKENS: Tokens = (100, 90_000, 3_000, 2_000, 1_500)
COST = 600_000_000
CHARGED = Report((Charge(DAY, MODEL, COST * 2),), SPAN)


def price_of(_day: str, _model: str, tokens: Sequence[int]) -> int:
    return sum(count * rate for count, rate in zip(tokens, (4_000, 200, 5_000, 8_000, 20_000), strict=True))


def ours(
    tokens: Tokens | None = None, *, day: str = DAY, cost: int = COST, floor: int = 0, unpriced: int = 0
) -> Recorded:
    a, b, c, d, e = tokens or TOKENS
    return Recorded(Usage(day, MODEL, a, b, c, d, e, 0, cost), 5, unpriced, floor, 0)


def theirs(fresh: int = 0, read: int = 0, write_5m: int = 0, write_1h: int = 0, output: int = 0) -> Usage:
    """The provider's row: the ledger's tokens with these changes."""
    changes = (fresh, read, write_5m, write_1h, output)
    a, b, c, d, e = (count + change for count, change in zip(TOKENS, changes, strict=True))
    return Usage(DAY, MODEL, a, b, c, d, e, 0)


def kind_of(
    recorded: Sequence[Recorded],
    usage: Sequence[Usage],
    *,
    hidden: int = 0,
    charges: Sequence[Charge] = (),
    reported_until: str = "2026-11-20",
) -> str:
    evidence = Evidence({(DAY, MODEL): hidden}, price_of, reported_until)
    side = Side(Report(tuple(usage), SPAN), Report(tuple(charges), SPAN if charges else None))
    rows = compare(recorded, side, evidence)
    assert len(rows) == 1
    assert rows[0].why
    return rows[0].kind


def test_the_same_tokens_agree() -> None:
    assert kind_of([ours()], [theirs()]) == Difference.AGREES
    assert kind_of([ours()], [theirs()], charges=[Charge(DAY, MODEL, COST)]) == Difference.AGREES


def test_the_same_tokens_at_another_amount_are_a_matter_of_price() -> None:
    assert kind_of([ours()], [theirs()], charges=[Charge(DAY, MODEL, COST * 2)]) == Difference.PRICE
    assert kind_of([ours()], [theirs()], charges=[Charge(DAY, MODEL, COST + 9_000_000)]) == Difference.AGREES


def test_a_little_more_at_the_provider_is_what_no_transcript_holds() -> None:
    assert kind_of([ours()], [theirs(0, 1_000, 0, 0, 50)]) == Difference.NOT_RECORDED


def test_much_more_at_the_provider_is_another_machine_unless_the_client_knows_of_it() -> None:
    much = theirs(0, 0, 40_000, 0, 9_000)
    assert kind_of([ours()], [much]) == Difference.OTHER_MACHINE
    assert kind_of([ours()], [much], hidden=380_000_000) == Difference.NOT_RECORDED


def test_a_day_without_a_local_call_is_another_machine() -> None:
    assert kind_of([], [theirs()]) == Difference.OTHER_MACHINE


def test_more_output_only_is_what_the_records_left_out() -> None:
    assert kind_of([ours(floor=3)], [theirs(0, 0, 0, 0, 90_000)]) == Difference.NOT_RECORDED


def test_more_in_the_ledger_is_counted_twice_once_the_day_is_complete() -> None:
    assert kind_of([ours()], [theirs(0, -90_000, 0, 0, -700)]) == Difference.COUNTED_TWICE
    assert kind_of([ours()], []) == Difference.COUNTED_TWICE
    assert kind_of([ours()], [], reported_until="2026-11-17") == Difference.NOT_YET_REPORTED


def test_the_same_writes_with_another_lifetime_are_a_matter_of_price() -> None:
    assert kind_of([ours()], [theirs(0, 0, 2_000, -2_000, 0)]) == Difference.PRICE


def test_more_of_one_and_less_of_another_is_unclear() -> None:
    assert kind_of([ours()], [theirs(5, 0, 0, 0, -5)]) == Difference.UNCLEAR


def test_money_alone_cannot_tell_tokens_from_prices() -> None:
    evidence = Evidence({}, price_of, "2026-11-20")
    rows = compare([ours()], Side(Report(), CHARGED), evidence)
    assert [row.kind for row in rows] == [Difference.UNCLEAR]


def test_unpriced_calls_have_no_money_to_compare() -> None:
    evidence = Evidence({}, price_of, "2026-11-20")
    rows = compare([ours(unpriced=1)], Side(Report((theirs(),), SPAN), CHARGED), evidence)
    assert (rows[0].kind, rows[0].money_difference) == (Difference.AGREES, None)


def test_days_that_no_report_covers_are_not_judged() -> None:
    evidence = Evidence({}, price_of, "2026-11-20")
    assert compare([ours(day="2026-10-01")], Side(Report((theirs(),), SPAN)), evidence)[0].day == DAY
    assert compare([ours(day="2026-10-01")], Side(Report((), SPAN)), evidence) == []


def test_unsplit_writes_count_as_one() -> None:
    side = Side(Report((theirs(0, 0, 2_000, -2_000, 0)._replace(cost=COST),), SPAN), writes_are_split=False)
    rows = compare([ours()], side, Evidence({}, price_of, "2026-11-20"))
    assert rows[0].kind == Difference.AGREES
    assert rows[0].money_difference == 0


@pytest.mark.parametrize(
    ("recorded", "provider", "kind"),
    [
        (ours(floor=3), theirs(90_000, 0, 0, 0, 90_000), Difference.OTHER_MACHINE),  # input is always on record
        (ours(), theirs(0, 0, 2_000, -1_000, 0), Difference.UNCLEAR),
        (ours(), theirs(1, 0, 2_000, -2_000, 0), Difference.UNCLEAR),
        (ours(), theirs()._replace(web_searches=1), Difference.NOT_RECORDED),
        (ours(), theirs(0, 0, 2_000, -2_000, 0)._replace(web_searches=1), Difference.UNCLEAR),
    ],
)
def test_a_class_needs_all_of_its_evidence(recorded: Recorded, provider: Usage, kind: str) -> None:
    assert kind_of([recorded], [provider]) == kind


@pytest.mark.parametrize(
    ("cost", "charged", "kind"),
    [
        (COST, COST + 10_000_000, Difference.AGREES),
        (COST, COST + 10_000_001, Difference.PRICE),
        (COST, COST - 10_000_001, Difference.PRICE),
        (100 * COST, 100 * COST + 60_000_000, Difference.AGREES),
        (100 * COST, 100 * COST + 60_100_000, Difference.PRICE),
        (100 * COST, 100 * COST - 60_000_000, Difference.PRICE),
    ],
)
def test_amounts_agree_to_a_cent_or_a_thousandth(cost: int, charged: int, kind: str) -> None:
    assert kind_of([ours(cost=cost)], [theirs()], charges=[Charge(DAY, MODEL, charged)]) == kind


def test_a_days_last_report_is_that_of_its_last_day() -> None:
    assert kind_of([ours()], [], reported_until=DAY) == Difference.COUNTED_TWICE


def test_searches_are_charged_beside_the_tokens() -> None:
    recorded = ours()._replace(usage=ours().usage._replace(web_searches=3, cost=COST + 30_000_000), web_cost=30_000_000)
    charged = Report((Charge(DAY, MODEL, COST), Charge(DAY, MODEL, 30_000_000, is_tokens=False)), SPAN)
    evidence = Evidence({}, price_of, "2026-11-20")
    [row] = compare([recorded], Side(Report((theirs()._replace(web_searches=3),), SPAN), charged), evidence)
    assert (row.kind, row.web_difference, row.money_difference) == (Difference.AGREES, 0, 0)
    [row] = compare([recorded], Side(Report((theirs(),), SPAN), writes_are_split=False), evidence)
    assert (row.kind, row.web_difference) == (Difference.AGREES, 0), "this report has no searches"


@pytest.mark.parametrize("of", ["usage", "charges"])
def test_the_days_of_a_report_are_those_from_its_first_to_its_last(of: str) -> None:
    days = [f"2026-{day}" for day in ("10-31", "11-01", "11-18", "11-30", "12-01")]
    side = Side(Report((), SPAN)) if of == "usage" else Side(Report(), Report((), SPAN))
    rows = compare([ours(day=day) for day in reversed(days)], side, Evidence({}, price_of, "2026-12-31"))
    assert [row.day for row in rows] == days[1:4]


@pytest.mark.parametrize(
    ("recorded", "usage", "charged", "kind", "why"),
    [
        (ours(), theirs(), None, Difference.AGREES, "tokens"),
        (ours(), theirs(), COST, Difference.AGREES, "tokens and money"),
        (ours(), None, COST, Difference.AGREES, "money"),
        (None, theirs(), COST, Difference.OTHER_MACHINE, "this machine made no call that day"),
    ],
)
def test_what_agrees_is_what_was_reported(
    recorded: Recorded | None, usage: Usage | None, charged: int | None, kind: str, why: str
) -> None:
    side = Side(
        Report((usage,), SPAN) if usage else Report(),
        Report((Charge(DAY, MODEL, charged),), SPAN) if charged is not None else Report(),
    )
    [row] = compare([recorded] if recorded else [], side, Evidence({}, price_of, "2026-11-20"))
    assert (row.kind, row.why) == (kind, why)


def test_an_amount_beside_calls_without_a_price_does_not_agree_with_anything() -> None:
    evidence = Evidence({}, price_of, "2026-11-20")
    [row] = compare([ours(unpriced=1)], Side(Report(), CHARGED), evidence)
    assert (row.kind, row.money_difference) == (Difference.UNCLEAR, None)
    assert "no price" in row.why


@pytest.mark.parametrize("cost", [None, 5])
def test_sums_keep_what_is_known(cost: int | None) -> None:
    one, other = theirs(1, 2, 3, 4, 5)._replace(web_searches=2), theirs()._replace(cost=cost, web_searches=3)
    sums = [a + b for a, b in zip(one.tokens, other.tokens, strict=True)]
    assert one.plus(other) == Usage(DAY, MODEL, *sums, web_searches=5, cost=cost)
