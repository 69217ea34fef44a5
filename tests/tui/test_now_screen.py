"""Now: what is not known of a cost is marked wherever the cost stands."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from store.reads.board import CallCost, costs_between, latest_sessions
from store.records import CallFlag
from store.samples import LimitReading, StatusSample, put_samples
from tests.tui.fakes import NOW_MS, TODAY, Script, dashboard, drawn, settled, usd
from tracker.model.defaults import DAY_MS, HOUR_MS, MINUTE_MS
from tracker.settings import Settings
from tracker.words import tokens
from tui.readers.all import read_top
from tui.snapshot import NowPart, Snapshot, ViewRequest
from tui.widgets.options import why_lines
from tui.widgets.pace import burn_words, last_hour


def with_now(script: Script, **changes: Any) -> Script:
    """The samples' snapshots with another Now."""

    def made(request: ViewRequest) -> Snapshot:
        snapshot = script(request)
        assert isinstance(snapshot.now, NowPart)
        return replace(snapshot, now=replace(snapshot.now, **changes))

    return made


def now_of(script: Script) -> NowPart:
    part = script(ViewRequest()).now
    assert part is not None
    return part


@pytest.mark.parametrize("size", [(120, 40), (40, 20)])
@pytest.mark.parametrize(("unpriced", "floor", "cost"), [(4, 0, "?"), (0, 2, "≥$0.73"), (1, 0, "$0.73+?")])
async def test_a_cost_keeps_its_marks_at_every_size(
    sample_script: Script, size: tuple[int, int], unpriced: int, floor: int, cost: str
) -> None:
    part = now_of(sample_script)
    session = part.session._replace(cost=usd(0.73), calls=4, unpriced=unpriced, floor=floor)
    assert part.task is not None
    task = part.task._replace(cost=usd(0.73), calls=4, unpriced=unpriced, floor=floor)
    for changes in ({"task": task}, {"task": None}):
        script = with_now(sample_script, sessions=(session, *part.sessions[1:]), session=session, **changes)
        text = await drawn(dashboard(script, start="now"), size=size)
        figures = [word.strip("│") for line in text.splitlines()[1:4] for word in line.split()]
        assert cost in figures
        assert "$0.73" not in set(figures) - {cost}


@pytest.mark.parametrize(
    ("size", "waste", "named"),
    [
        ((120, 40), 0, ["this task", "35 calls · 3 turns · 5 min", "$0.46 inherited from earlier work"]),
        ((80, 24), 0, ["this task", "35 calls · 3 turns", "$0.46 inherited"]),
        ((120, 40), usd(0.12), ["35 calls · 3 turns · 5 min in this task", "$0.46 inherited", "$0.12 waste"]),
    ],
)
async def test_the_large_figure_says_what_it_is_of(
    sample_script: Script, size: tuple[int, int], waste: int, named: list[str]
) -> None:
    task = now_of(sample_script).task
    assert task is not None
    text = await drawn(dashboard(with_now(sample_script, task=task._replace(waste=waste)), start="now"), size=size)
    beside = [line for line in text.splitlines() if line[2:5] in ("┏┳╸", "┗╋┓", "╺┻┛")]
    assert [line[18 : 18 + len(words)] for line, words in zip(beside, named, strict=True)] == named


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 20)])
async def test_a_title_that_its_border_cuts_goes_on_below(sample_script: Script, size: tuple[int, int]) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.task is not None
    long = part.task._replace(title="Mend the upload that fails for files larger than one page", waste=usd(0.3))
    text = await drawn(dashboard(with_now(sample_script, task=long), start="now"), size=size)
    assert "Mend the upload" in text
    assert "one page" in text


@pytest.mark.parametrize(("size", "first"), [((80, 24), " for fi…"), ((40, 12), " for file…")])
async def test_a_title_that_has_no_second_line_fills_its_own(
    sample_script: Script, size: tuple[int, int], first: str
) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.task is not None
    long = part.task._replace(title="Mend the upload that fails for files larger than one page")
    text = await drawn(dashboard(with_now(sample_script, task=long), start="now"), size=size)
    assert first in text
    assert "page" not in text


async def test_the_pace_has_the_next_turn_wherever_it_is_drawn(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="now"), size=(80, 34))
    assert "next turn $" in text


async def test_without_a_forecast_no_gauge_is_drawn(sample_script: Script) -> None:
    report = now_of(sample_script).context
    assert report is not None
    script = with_now(sample_script, context=report._replace(prospect=None))
    text = await drawn(dashboard(script, start="now"), size=(40, 20))
    assert "█" not in text
    assert "context " in text


@pytest.mark.parametrize("size", [(40, 20), (80, 24), (120, 40)])
async def test_after_a_compaction_nothing_is_advised_until_the_next_call(
    sample_script: Script, size: tuple[int, int]
) -> None:
    report = now_of(sample_script).context
    assert report is not None
    script = with_now(sample_script, context=report._replace(prospect=None, was_reset=True), nudge=None)
    text = await drawn(dashboard(script, start="now"), size=size)
    assert f"{tokens(report.context)} until it was cut" in text
    assert "▸" not in text


@pytest.mark.parametrize("size", [(200, 60), (120, 40)])
async def test_the_title_of_the_calls_is_true_of_any_number_of_rows(
    sample_script: Script, size: tuple[int, int]
) -> None:
    async with dashboard(sample_script, start="now").run_test(size=size) as pilot:
        assert "Calls · latest first ─" in await settled(pilot)


async def test_six_lines_break_no_figure(sample_script: Script) -> None:
    for width in range(24, 41):
        async with dashboard(sample_script, start="now").run_test(size=(width, 12)) as pilot:
            lines = (await settled(pilot)).splitlines()
        cache = next(index for index, line in enumerate(lines) if line.startswith("│cache "))
        assert ("  if cold ~$" in lines[cache]) == ("if cold" in "".join(lines))
        assert lines[cache + 1].startswith(("│▸ ", "│▲ "))


async def test_the_key_names_every_part_of_the_bar_at_forty_columns(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.tasks is not None
        first, *others = made.tasks.tasks
        first = first._replace(
            cost=usd(7), baseline=usd(1), carry_over=usd(1), own=usd(1), fresh=usd(1), generation=usd(1), waste=usd(1),
            other=usd(1),
        )  # fmt: skip
        return replace(made, tasks=replace(made.tasks, tasks=(first, *others)))

    text = await drawn(dashboard(script, start="tasks"), size=(40, 20))
    names = ("baseline", "inherited", "own", "fresh", "output", "waste", "other")
    assert [name for name in names if f" {name} 14%" not in text] == []


def test_a_pace_of_calls_without_price_is_not_nothing() -> None:
    assert burn_words([], NOW_MS) == burn_words([CallCost(NOW_MS - HOUR_MS, usd(1))], NOW_MS) == ""
    assert burn_words([CallCost(NOW_MS - 1000, None)], NOW_MS) == "?"
    assert burn_words([CallCost(NOW_MS - 1000, usd(0.1)), CallCost(NOW_MS, None)], NOW_MS) == "$1.20+?"
    assert burn_words([CallCost(NOW_MS - HOUR_MS, None), CallCost(NOW_MS, usd(1))], NOW_MS) == "$4.00"


def test_the_height_of_the_columns_is_not_named_as_what_the_hour_came_to() -> None:
    now = NOW_MS - NOW_MS % 180_000
    costs = [CallCost(now - minutes * 60_000, usd(0.25)) for minutes in (0, 3, 6)]
    assert str(last_hour(costs, now, 20, 4)[0]) == "top 3 min      $0.25"


def test_a_pace_of_lower_bounds_is_one() -> None:
    earlier = CallCost(NOW_MS - HOUR_MS, usd(1), is_floor=True)
    assert burn_words([earlier, CallCost(NOW_MS, usd(1))], NOW_MS) == "$4.00"
    assert burn_words([earlier, CallCost(NOW_MS, usd(1), is_floor=True)], NOW_MS) == "≥$4.00"


def test_sums_of_sessions_say_what_is_not_known_of_them(sample_db: sqlite3.Connection) -> None:
    session = latest_sessions(sample_db, 0, 1, now=NOW_MS)[0]
    assert session.calls > 0
    assert (session.unpriced, session.floor) == (0, 0)
    sample_db.execute("BEGIN")
    sample_db.execute("UPDATE spend SET unpriced = calls, floor = 1 WHERE session_id = ?", (session.id,))
    changed = latest_sessions(sample_db, 0, 1, now=NOW_MS)[0]
    assert changed.unpriced == changed.calls == session.calls
    assert changed.floor >= 1
    sample_db.execute("UPDATE call SET cost = NULL WHERE session_id = ?", (session.id,))
    sample_db.execute("UPDATE call SET flags = ? WHERE session_id = ?", (CallFlag.OUTPUT_IS_FLOOR, session.id))
    assert {(call.cost, call.is_floor) for call in costs_between(sample_db, session.id, 0, NOW_MS)} == {(None, True)}
    sample_db.execute("ROLLBACK")


async def test_an_idle_session_is_not_current_work(sample_script: Script) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.context is not None
    rests = replace(part, context=part.context._replace(idle_ms=13 * HOUR_MS))

    def script(request: ViewRequest) -> Snapshot:
        return replace(sample_script(request), now=rests)

    for size in [(120, 40), (80, 24)]:
        text = await drawn(dashboard(script, start="now"), size=size)
        assert "If resumed · ~8 calls" in text
        assert "From here" not in text


@pytest.mark.parametrize("width", [24, 34, 60, 94])
def test_every_reason_is_beside_its_name_whatever_the_width(sample_script: Script, width: int) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.context is not None
    lines = [str(one) for one in why_lines(part.context, part.nudge, width)]
    assert max(map(len, lines)) <= width
    assert any(one.startswith("context now ") and one.split()[-1] != "now" for one in lines)
    assert width < 34 or "…" not in "".join(lines)  # 34: what a terminal of 40 columns leaves


def test_a_meters_reading_of_a_clock_that_was_ahead_is_not_the_latest(own_db: sqlite3.Connection) -> None:
    for at, percent in ((NOW_MS - MINUTE_MS, 11.0), (NOW_MS + 365 * DAY_MS, 91.0)):
        reading = LimitReading("five_hour", percent, at + HOUR_MS)
        put_samples(own_db, [StatusSample(f"session of {at}", at, None, None, [reading])])
    assert [one.share for one in read_top(own_db, TODAY, NOW_MS, None, Settings()).windows] == [0.11]
