"""A session of four prompts, what a small model says of it, and the tasks that follow."""

import sqlite3
from pathlib import Path

from tests.unit.tasks.making import Transcript, ledger_of
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

MODEL = "claude-haiku-5-5"
GOOD = {
    "tasks": [
        {"first": 1, "title": "Retry slow uploads", "status": "completed"},
        {"first": 3, "title": "Billing page", "status": "open"},
    ]
}
REFINED = [("Retry slow uploads", 2, "completed", "refined"), ("Billing page", 2, "open", "refined")]


def four_prompts(folder: Path) -> sqlite3.Connection:
    """A ledger with one session of four prompts."""
    one = Transcript(folder / "c", "s1")
    for number, words in enumerate(("add retries", "yes", "rows for invoices", "and a filter"), start=1):
        one.prompt(words).answer(f"a{number}", read=2000 * (number - 1))
    made = ledger_of(folder, folder / "c")
    rebuild(made)
    return made


def shape(db: sqlite3.Connection) -> list[tuple[str, int, str, str | None]]:
    """Title, turns, status and evidence of each task."""
    tasks = sorted(tasks_report(db, now=0).tasks, key=lambda task: task.started_at)
    return [(task.title, task.turns, task.status, task.evidence) for task in tasks]
