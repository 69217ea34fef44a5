"""The parts of the Tasks screen and of an opened task: the same reports as `taximeter tasks` and `taximeter task`."""

import sqlite3
from datetime import date

from store.filter import Filter
from tracker.reports.task import task_detail
from tracker.reports.tasks import tasks_report
from tui.readers.spend import chosen_month, months_with_work
from tui.snapshot import TaskPart, TasksPart


def read_tasks(db: sqlite3.Connection, month: str, today: date, now_ms: int) -> TasksPart:
    """Tasks that the month touches (`2026-11`; "": the latest with work)."""
    months = months_with_work(db)
    first, last = chosen_month(months, month, today)
    report = tasks_report(db, Filter(since=first.isoformat(), until=last.isoformat()), now=now_ms)
    return TasksPart(
        month=first,
        earlier=any(one < first for one in months),
        later=any(one > first for one in months),
        tasks=tuple(sorted((*report.tasks, *report.excluded), key=lambda task: (-task.ended_at, task.id))),
        headline=report.headline,
        unsure=tuple(report.unsure),
        run_ids=report.run_ids,
    )


def read_task(db: sqlite3.Connection, identity: str, now_ms: int) -> TaskPart:
    """One task with its turns, calls, subagents and misses."""
    return TaskPart(identity, task_detail(db, identity, now=now_ms))
