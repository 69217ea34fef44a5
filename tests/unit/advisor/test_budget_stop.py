"""The hard stop of a budget: off unless asked for, with its reason, gone with the day."""

from datetime import UTC, datetime

import pytest

from store.money import NANO_PER_USD
from tests.unit.advisor.conftest import Desk
from tracker.advisor.advice import budget_block, day_end_ms
from tracker.advisor.preferences import Preferences

NOW = 1_795_000_000_000


def test_budgets_only_tell_unless_the_user_asks_for_a_stop(desk: Desk) -> None:
    desk.settings.write_text("[budget]\nday = 0.01\ntask = 0.01\n")
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    desk.advise(one.now)
    assert desk.advice(one)["block"] is None


def test_a_task_past_its_budget_is_held_back_with_the_reason(desk: Desk) -> None:
    desk.settings.write_text("[budget]\ntask = 0.25\nhard_stop = true\n")
    one = desk.transcript()
    one.prompt("Hello").call(20_000)
    desk.advise(one.now)
    assert desk.advice(one)["block"] is None
    one.prompt("More").call(60_000)
    desk.advise(one.now)
    block = desk.advice(one)["block"]
    assert block is not None
    reason = block["reason"]
    assert reason.startswith("Taximeter: this task's budget of $0.25 is used up ($0.4")
    assert "hard_stop" in reason
    assert (block["budget"], block["spent_nano"]) == ("task", desk.advice(one)["task_cost_nano"])


def test_a_day_past_its_budget_is_held_back_until_midnight() -> None:
    preferences = Preferences(day_budget=NANO_PER_USD, hard_stop=True)
    assert budget_block(preferences, NANO_PER_USD - 1, None, NOW) is None
    block = budget_block(preferences, NANO_PER_USD, None, NOW)
    assert block is not None
    assert "today's budget of $1.00 is used up ($1.00)" in block["reason"]
    assert (block["budget"], block["spent_nano"]) == ("day", NANO_PER_USD)
    midnight = datetime.fromtimestamp(block["expires_at"] / 1000, UTC).astimezone()
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert 0 < block["expires_at"] - NOW <= 25 * 3_600_000


@pytest.mark.parametrize(("cost", "is_held"), [(None, False), (NANO_PER_USD - 1, False), (NANO_PER_USD, True)])
def test_a_task_is_held_back_from_its_budget_on(cost: int | None, is_held: bool) -> None:
    assert (budget_block(Preferences(task_budget=NANO_PER_USD, hard_stop=True), 0, cost, NOW) is not None) is is_held


def test_every_session_is_held_back_once_the_day_is_used_up_and_none_when_there_is_room_again(desk: Desk) -> None:
    desk.settings.write_text("[budget]\nday = 0.40\nhard_stop = true\n")
    one, other = desk.transcript(), desk.transcript()
    other.prompt("Hello").call(20_000)
    one.prompt("Hello").call(20_000)
    desk.advise(one.now)
    assert desk.advice(one)["block"] is desk.advice(other)["block"] is None
    one.prompt("More").call(60_000)
    desk.advise(one.now)
    assert None not in (desk.advice(one)["block"], desk.advice(other)["block"])
    desk.settings.write_text("[budget]\nday = 40.0\nhard_stop = true\n")
    desk.advise(one.now)
    assert desk.advice(one)["block"] is desk.advice(other)["block"] is None


def test_the_cost_of_today_begins_anew_with_the_day(desk: Desk) -> None:
    one = desk.transcript(start_ms=day_end_ms(NOW) - 3_600_000)
    one.prompt("Hello").call(20_000)
    desk.advise(one.now)
    ends_at = desk.files.today["today_ends_at"]
    assert desk.files.today["today_cost_nano"]
    assert ends_at == day_end_ms(NOW)
    desk.advise(ends_at)
    assert desk.files.today["today_cost_nano"] == 0


@pytest.mark.parametrize("mistake", ["[budget]\nyear = 3\n", "[plan]\nseats = 'two'\n[budget]\n"])
def test_a_mistake_in_the_settings_leaves_the_budget_in_force(desk: Desk, mistake: str) -> None:
    desk.settings.write_text(f"{mistake}task = 0.01\nhard_stop = true\n")
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    desk.advise(one.now)
    assert desk.advice(one)["block"] is not None


def test_settings_that_make_no_sense_keep_the_last_good_ones(desk: Desk) -> None:
    desk.settings.write_text("[budget]\ntask = 0.01\nhard_stop = true\n")
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    desk.advise(one.now)
    desk.settings.write_text("[budget]\ntask = 'much'\n")
    one.prompt("More").call(61_000)
    desk.advise(one.now)
    assert desk.advice(one)["block"] is not None
