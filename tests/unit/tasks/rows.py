"""The rows of a ledger: what was recorded, what is derived from it, and whether they add up."""

import sqlite3

from store.task_rows import COST_PARTS
from tracker.reports.tasks import tasks_report

RAW = (
    "call",
    "call_alias",
    "sighting",
    "turn",
    "tool_use",
    "event",
    "client_total",
    "spend",
    "source_file",
    "chain",
    "session",
)
DERIVED = ("call_split", "task_turn", "task_part", "task", "cold_read", "static_floor")


def derived(db: sqlite3.Connection) -> dict[str, list[tuple]]:
    """Every derived row."""
    return {table: sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in DERIVED}


def check_sums(db: sqlite3.Connection) -> None:
    """Each call once, on a task that exists; all sums agree to the nano-dollar."""
    calls, cost = db.execute("SELECT COUNT(*), COALESCE(SUM(cost), 0) FROM call").fetchone()
    parts = " + ".join(COST_PARTS)
    assert (
        db.execute("SELECT COUNT(*) FROM call_split JOIN task ON task.id = call_split.task_id").fetchone()[0] == calls
    )
    for table in ("task", "task_turn"):
        sums = db.execute(
            f"SELECT COALESCE(SUM(calls), 0), COALESCE(SUM(cost), 0), COALESCE(SUM({parts}), 0) FROM {table}"
        )
        assert sums.fetchone() == (calls, cost, cost)
    wrong = db.execute(
        f"SELECT COUNT(*) FROM call JOIN call_split ON call_split.call_id = call.id WHERE cost IS NOT {parts}"
    ).fetchone()[0]
    assert wrong == 0
    report = tasks_report(db).as_json()
    assert report["total"]["calls"] == calls
    outside = report["outside_tasks"]["calls"]
    assert sum(task["calls"] for task in report["tasks"]) + outside == calls
