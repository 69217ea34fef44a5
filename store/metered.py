"""Metered jobs that are not tokens (media, searches, compute), as the user recorded them. Nothing is ever deleted.

A job belongs to a task through one of its turns, because tasks are derived and turns are not.
"""

import sqlite3
import time
from typing import NamedTuple

from store.money import thousandth


class MeteredJob(NamedTuple):
    """One recorded job; money in nano-dollars, billed units in thousandths."""

    id: int
    at: int
    what: str
    task_id: str | None
    task_title: str | None
    unit: str
    unit_price: int
    submitted: int
    succeeded: int
    accepted: int
    billed_milli: int
    provider_cost: int | None

    @property
    def computed_cost(self) -> int:
        """Billed units at the unit price, half to even."""
        return thousandth(self.billed_milli * self.unit_price)

    @property
    def cost(self) -> int:
        """The provider's own figure where there is one, else the computed one."""
        return self.computed_cost if self.provider_cost is None else self.provider_cost

    @property
    def cost_per_accepted(self) -> int | None:
        """Nano-dollars for each accepted result; None without one."""
        return self.cost // self.accepted if self.accepted else None


def add_job(db: sqlite3.Connection, job: MeteredJob) -> int:
    """Record a job now; returns its number. ValueError for impossible counts, or a task without turns.

    Its `id`, `at` and `task_title` are ignored.
    """
    if not 0 <= job.accepted <= job.succeeded <= job.submitted:
        raise ValueError("accepted must not exceed succeeded, nor succeeded submitted")
    if job.billed_milli < 0 or job.unit_price < 0 or (job.provider_cost or 0) < 0:
        raise ValueError("amounts must not be negative")
    anchor: tuple[str | None, str | None, str | None] = (None, None, None)
    if job.task_id is not None:
        found = db.execute(
            "SELECT session.agent, session.native_id, task_turn.prompt_uuid FROM task_turn"
            " JOIN session ON session.id = task_turn.session_id WHERE task_turn.task_id = ?"
            " ORDER BY task_turn.at, task_turn.ordinal LIMIT 1",
            (job.task_id,),
        ).fetchone()
        if found is None:
            raise ValueError(f"task {job.task_id} has no turns")
        anchor = found
    cursor = db.execute(
        "INSERT INTO metered_job (at, what, agent, session, prompt_uuid, unit, unit_price, submitted, succeeded,"
        " accepted, billed_milli, provider_cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (time.time_ns() // 1_000_000, job.what, *anchor, *job[5:]),
    )
    return int(cursor.lastrowid or 0)


def remove_job(db: sqlite3.Connection, number: int) -> bool:
    """Leave a job out of all reports; False if no job has this number."""
    changed = db.execute(
        "UPDATE metered_job SET removed_at = ? WHERE id = ? AND removed_at IS NULL",
        (time.time_ns() // 1_000_000, number),
    )
    return changed.rowcount > 0


def metered_jobs(db: sqlite3.Connection, task_id: str | None) -> list[MeteredJob]:
    """Recorded jobs, latest first: all of them, or those of one task."""
    found = db.execute(
        "SELECT job.id, job.at, job.what, task.id, task.title, job.unit, job.unit_price, job.submitted, job.succeeded,"
        " job.accepted, job.billed_milli, job.provider_cost FROM metered_job AS job"
        " LEFT JOIN session ON session.agent = job.agent AND session.native_id = job.session"
        " LEFT JOIN task_turn ON task_turn.session_id = session.id AND task_turn.prompt_uuid = job.prompt_uuid"
        " LEFT JOIN task ON task.id = task_turn.task_id"
        " WHERE job.removed_at IS NULL AND (?1 IS NULL OR task.id = ?1) ORDER BY job.id DESC",
        (task_id,),
    )
    return [MeteredJob._make(row) for row in found]
