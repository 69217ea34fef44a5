"""The parts of the Tasks screen and of an opened task: the same reports as `taximeter tasks` and `taximeter task`."""

import sqlite3

from tracker.reports.task import task_detail
from tracker.reports.tasks import tasks_report
from tui.readers.months import filter_of
from tui.snapshot import Month, TaskPart, TasksPart


def read_tasks(db: sqlite3.Connection, month: Month, now_ms: int) -> TasksPart:
    """Tasks that the month touches."""
    report = tasks_report(db, filter_of(month), now=now_ms)
    return TasksPart(
        month=month,
        tasks=tuple(sorted((*report.tasks, *report.excluded), key=lambda task: (-task.ended_at, task.id))),
        headline=report.headline,
        unsure=tuple(report.unsure),
        run_ids=report.run_ids,
    )


def read_task(db: sqlite3.Connection, identity: str, now_ms: int) -> TaskPart:
    """One task with its turns, calls, subagents and misses."""
    return TaskPart(identity, task_detail(db, identity, now=now_ms))
