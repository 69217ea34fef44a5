"""What stands on screen where there are no figures, or old ones: text of whole screens, kept beside this file.

`UPDATE_SNAPSHOTS=1 python -m pytest tests/tui/test_states.py` writes them; look at the difference first.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import (
    SIZES,
    FrozenClock,
    dashboard,
    drawn,
    settled,
    snapshot,
    spend_part,
    spend_row,
    top,
    usd,
)
from tui.snapshot import Health, NudgesPart, Phase, Snapshot, Spent, ViewRequest

KEPT = Path(__file__).parent / "screens"
_BUSY = Health(Phase.BUSY, "another program has locked the ledger; retrying")
_FAILED = Health(Phase.FAILED, "cannot read the ledger: disk I/O error")
_READING = Health(Phase.READING, "40 of 80 files, 200 of 400 MB", 0.5)


def nothing(_request: ViewRequest) -> Snapshot | None:
    return None


def empty(request: ViewRequest) -> Snapshot:
    return replace(snapshot(request), calls=0, spend=None)


def idle_month(request: ViewRequest) -> Snapshot:
    part = spend_part(request.month)
    days = tuple(replace(day, by_model=(0, 0), calls=0) for day in part.days)
    return replace(
        snapshot(request),
        spend=replace(part, days=days, total=spend_row("total", 0, 0), by_model=(), by_project=(), by_agent=()),
    )


def unpriced(request: ViewRequest) -> Snapshot:
    rows = (spend_row("claude-opus-5-5", 3.2, 40), spend_row("claude-next-9", 0, 12, unpriced=12))
    part = replace(
        spend_part(request.month),
        by_model=rows,
        by_project=rows,
        by_agent=(),
        total=spend_row("total", 3.2, 52, unpriced=12),
        unpriced_models=("claude-next-9",),
    )
    return replace(snapshot(request), spend=part, top=top(of_month=Spent(usd(214.7), 340, unpriced=12)))


STATES: dict[str, tuple[Callable[[ViewRequest], Snapshot | None], Health | None, tuple[str, ...], int]] = {
    # name: script, health, keys to press, seconds that pass
    "normal": (snapshot, None, (), 0),
    "empty": (empty, None, (), 0),
    "loading": (nothing, Health(Phase.STARTING), (), 0),
    "initial_ingest": (nothing, _READING, (), 0),
    "error_before_figures": (nothing, _FAILED, (), 0),
    "error": (snapshot, _FAILED, (), 0),
    "busy": (snapshot, _BUSY, (), 0),
    "stale": (snapshot, None, (), 130),
    "paused": (snapshot, None, ("space",), 42),
    "idle_month": (idle_month, None, (), 0),
    "unpriced": (unpriced, None, (), 0),
    "help": (snapshot, None, ("question_mark",), 0),
}


async def drawn_later(pilot: Pilot[None], clock: FrozenClock, keys: tuple[str, ...], seconds: int) -> str:
    await settled(pilot)
    await pilot.press(*keys)
    clock.pass_seconds(seconds)
    pilot.app._tick()  # type: ignore[attr-defined]
    return await settled(pilot)


def kept_is(name: str, size: tuple[int, int], text: str) -> None:
    """Hold a screen against the one that is kept."""
    path = KEPT / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_a_state_of_the_dashboard_looks_as_kept(state: str, size: tuple[int, int]) -> None:
    script, health, keys, seconds = STATES[state]
    clock = FrozenClock()
    async with dashboard(script, health=health, clock=clock).run_test(size=size) as pilot:
        kept_is(state, size, await drawn_later(pilot, clock, keys, seconds) + "\n")


def at_rest(request: ViewRequest, made: Snapshot) -> Snapshot:
    assert made.now is not None, request
    changes: dict[str, Any] = {"is_running": False, "nudge": None, "context": None}
    return replace(made, now=replace(made.now, sessions=(made.now.session,), **changes))


def without_nudges(request: ViewRequest, made: Snapshot) -> Snapshot:
    assert made.nudges is not None, request
    return replace(made, nudges=NudgesPart(replace(made.nudges.report, rows=[], kinds=[], realised=[])))


def before_plans_are_made(request: ViewRequest, made: Snapshot) -> Snapshot:
    assert made.plans is not None, request
    return replace(made, plans=None)


def without_tasks(request: ViewRequest, made: Snapshot) -> Snapshot:
    assert made.tasks is not None, request
    return replace(made, tasks=replace(made.tasks, tasks=()))


def unchanged(_request: ViewRequest, made: Snapshot) -> Snapshot:
    return made


SCREEN_STATES: dict[str, tuple[str, Callable[[ViewRequest, Snapshot], Snapshot], tuple[str, ...]]] = {
    # name: screen, what is changed of the samples, keys to press
    "now_at_rest": ("now", at_rest, ()),
    "tasks_none": ("tasks", without_tasks, ()),
    "tasks_filter_open": ("tasks", unchanged, ("slash", "f", "l", "a")),
    "tasks_filter_finds_nothing": ("tasks", unchanged, ("slash", "z", "z", "enter")),
    "plans_being_made": ("plans", before_plans_are_made, ()),
    "plans_no_plan_set": ("plans", unchanged, ()),
    "nudges_none": ("nudges", without_nudges, ()),
    "settings": ("spend", unchanged, ("comma",)),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", SCREEN_STATES)
async def test_a_state_of_one_screen_looks_as_kept(
    sample_script: Callable[[ViewRequest], Snapshot], state: str, size: tuple[int, int]
) -> None:
    screen, change, keys = SCREEN_STATES[state]
    clock = FrozenClock()
    app = dashboard(lambda request: change(request, sample_script(request)), clock=clock, start=screen)
    async with app.run_test(size=size) as pilot:
        kept_is(state, size, await drawn_later(pilot, clock, keys, 0) + "\n")


async def test_a_share_of_what_has_no_price_is_not_nothing() -> None:
    rows = (spend_row("/a/api", 3.2, 40), spend_row("/b/api", 0, 12, unpriced=12))
    part = spend_part(by_project=rows, by_model=rows[1:], total=spend_row("total", 3.2, 52, unpriced=12))
    text = await drawn(dashboard(lambda request: replace(snapshot(request), spend=part)))
    assert "api · a" in text
    line = next(line for line in text.splitlines() if "api · b" in line)
    assert line.endswith("?    – │")
