"""Titles, prompts, paths and model names that other programs wrote are shown as plain text everywhere."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from store.metered import MeteredJob
from tests.tui.fakes import HOSTILE, dashboard, feed, settled
from tracker.model.tasks.status import TurnFacts
from tui.keys import SCREENS
from tui.snapshot import CachePart, NowPart, NudgesPart, Snapshot, SpendPart, TaskPart, TasksPart, ViewRequest
from tui.words import plain

Script = Callable[[ViewRequest], Snapshot]


def spoiled(script: Script, text: str) -> Script:
    """The same snapshots with a foreign text wherever one may stand."""

    def made(request: ViewRequest) -> Snapshot:
        snapshot = script(request)
        parts = {name: getattr(snapshot, name) for name in _SPOIL}
        return replace(snapshot, **{name: _SPOIL[name](part, text) for name, part in parts.items() if part is not None})

    return made


def _now(part: NowPart, text: str) -> NowPart:
    sessions = tuple(one._replace(title=text, project=text) for one in part.sessions)
    calls = tuple(call._replace(model=text, target=text, tool=text, agent_type=text, chain="x") for call in part.calls)
    task = part.task._replace(title=text) if part.task else None
    nudge = part.nudge._replace(text=text) if part.nudge else None
    return replace(part, sessions=sessions * 2, session=sessions[0], calls=calls, task=task, nudge=nudge)


def _tasks(part: TasksPart, text: str) -> TasksPart:
    agents = text.replace(",", " ")
    return replace(part, tasks=tuple(one._replace(title=text, project=text, agents=agents) for one in part.tasks))


def _task(part: TaskPart, text: str) -> TaskPart:
    if part.detail is None:
        return part
    turns = [turn._replace(facts=_with_text(turn.facts, text)) for turn in part.detail.turns]
    jobs = [MeteredJob(1, 0, text, None, text, text, 10**9, 1, 1, 1, 1000, None)]
    task = part.detail.task._replace(title=text, branch=text)
    return replace(part, detail=part.detail._replace(task=task, turns=turns, edits=[text], jobs=jobs))


def _spend(part: SpendPart, text: str) -> SpendPart:
    rows = tuple(row._replace(key=text) for row in part.by_model)
    models = (text,) * len(part.models)
    branches = tuple((text, row) for row in rows)
    return replace(
        part, models=models, by_model=rows, by_project=rows, by_agent=rows, by_branch=branches, by_subagent=rows
    )


def _cache(part: CachePart, text: str) -> CachePart:
    causes = [cause._replace(cause=text) for cause in part.report.causes]
    misses = [miss._replace(cause=text, title=text, model=text) for miss in part.report.misses]
    return replace(part, report=part.report._replace(causes=causes, misses=misses))


def _nudges(part: NudgesPart, text: str) -> NudgesPart:
    rows = [row._replace(text=text, project=text, reason=text) for row in part.report.rows]
    return replace(part, report=replace(part.report, rows=rows))


_SPOIL: dict[str, Callable[[Any, str], Any]] = {
    "now": _now, "tasks": _tasks, "task": _task, "spend": _spend, "cache": _cache, "nudges": _nudges,
}  # fmt: skip


def _with_text(facts: TurnFacts, text: str) -> TurnFacts:
    return structs.replace(facts, text=text, edited=(text,), commits=(text,))


# Keys for what a screen shows besides: on Spend each one lists branches, subagents, then projects again.
_OPENED = {"task": ["enter"], "cache": ["enter"], "nudges": ["enter"], "spend": ["b"]}


@pytest.mark.parametrize("screen", [*SCREENS, "task"])
async def test_foreign_text_is_plain(sample_script: Script, screen: str) -> None:
    text = {"is": ""}

    def script(request: ViewRequest) -> Snapshot:
        return spoiled(sample_script, text["is"])(request)

    app = dashboard(script, start="tasks" if screen == "task" else screen)
    async with app.run_test(size=(120, 40)) as pilot:
        for foreign in HOSTILE:
            text["is"] = foreign
            feed(app).hand_over()
            await pilot.press(*_OPENED.get(screen, ()))
            shown = await settled(pilot)
            assert shown.replace("\n", "").isprintable()
            if screen in ("now", "tasks", "task"):
                assert plain(foreign)[:12] in shown
            await pilot.press("escape")
