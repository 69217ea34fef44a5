"""Titles, prompts, paths and model names that other programs wrote are shown as plain text everywhere."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from store.metered import MeteredJob
from tests.tui.fakes import HOSTILE, dashboard, feed, settled
from tracker.model.tasks.status import TurnFacts
from tui.keys import SCREENS
from tui.snapshot import Snapshot, ViewRequest
from tui.words import plain

Script = Callable[[ViewRequest], Snapshot]


def spoiled(script: Script, text: str) -> Script:
    """The same snapshots with a foreign text wherever one may stand."""

    def made(request: ViewRequest) -> Snapshot:
        snapshot = script(request)
        if snapshot.now is not None:
            part = snapshot.now
            sessions = tuple(one._replace(title=text, project=text) for one in part.sessions)
            calls = tuple(
                call._replace(model=text, target=text, tool=text, agent_type=text, chain="x") for call in part.calls
            )
            task = part.task._replace(title=text) if part.task else None
            nudge = part.nudge._replace(text=text) if part.nudge else None
            part = replace(part, sessions=sessions * 2, session=sessions[0], calls=calls, task=task, nudge=nudge)
            snapshot = replace(snapshot, now=part)
        if snapshot.tasks is not None:
            tasks = tuple(
                task._replace(title=text, project=text, agents=text.replace(",", " ")) for task in snapshot.tasks.tasks
            )
            snapshot = replace(snapshot, tasks=replace(snapshot.tasks, tasks=tasks))
        if snapshot.task is not None and snapshot.task.detail is not None:
            detail = snapshot.task.detail
            turns = [turn._replace(facts=_with_text(turn.facts, text)) for turn in detail.turns]
            jobs = [MeteredJob(1, 0, text, None, text, text, 10**9, 1, 1, 1, 1000, None)]
            detail = detail._replace(
                task=detail.task._replace(title=text, branch=text), turns=turns, edits=[text], jobs=jobs
            )
            snapshot = replace(snapshot, task=replace(snapshot.task, detail=detail))
        if snapshot.spend is not None:
            part_of_spend = snapshot.spend
            rows = tuple(row._replace(key=text) for row in part_of_spend.by_model)
            snapshot = replace(
                snapshot,
                spend=replace(
                    part_of_spend,
                    models=(text,) * len(part_of_spend.models),
                    by_model=rows,
                    by_project=rows,
                    by_agent=rows,
                ),
            )
        if snapshot.cache is not None:
            report = snapshot.cache.report
            causes = [cause._replace(cause=text) for cause in report.causes]
            misses = [miss._replace(cause=text, title=text, model=text) for miss in report.misses]
            snapshot = replace(
                snapshot, cache=replace(snapshot.cache, report=report._replace(causes=causes, misses=misses))
            )
        if snapshot.nudges is not None and snapshot.nudges.report.rows:
            log = snapshot.nudges.report
            log = replace(log, rows=[row._replace(text=text, project=text, reason=text) for row in log.rows])
            snapshot = replace(snapshot, nudges=replace(snapshot.nudges, report=log))
        return snapshot

    return made


def _with_text(facts: TurnFacts, text: str) -> TurnFacts:
    return structs.replace(facts, text=text, edited=(text,), commits=(text,))


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
            opened = ["enter"] if screen in ("task", "cache") else []
            await pilot.press(*opened)
            shown = await settled(pilot)
            assert shown.replace("\n", "").isprintable()
            if screen in ("now", "tasks", "task"):
                assert plain(foreign)[:12] in shown
            await pilot.press(*["escape" for _ in opened])
