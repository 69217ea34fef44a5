"""The task report: a task's turns, calls, subagents, misses, provider errors and edits."""

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from store.metered import MeteredJob, metered_jobs
from store.money import usd
from store.reads.program_runs import program_runs
from store.reads.tasks import TaskCall, calls_of, latest_activity, sessions_of, task_row_of, turns_of
from store.task_edits import edits
from store.task_rows import COST_PARTS, TaskRow, TaskTurnRow
from tracker.clock import iso, now_ms
from tracker.model.tasks.edits import in_force
from tracker.model.tasks.session_tasks import decode_facts
from tracker.model.tasks.status import TurnFacts
from tracker.reports.metered import job_json
from tracker.reports.refusals import Refusal, task_refusals
from tracker.reports.reported import ReportedCost, task_reported
from tracker.reports.tasks import as_of, task_json
from tracker.words import chain_name


class TaskTurn(NamedTuple):
    """A turn of the task; `number` counts from 1 in order of time."""

    number: int
    row: TaskTurnRow
    session: str
    facts: TurnFacts


class Subagent(NamedTuple):
    """A subagent of the task."""

    chain: str
    kind: str
    turn: int
    model: str
    calls: int
    cost: int
    unpriced: int
    floor: int


class TaskDetail(NamedTuple):
    """A task opened."""

    task: TaskRow
    turns: list[TaskTurn]
    calls: list[TaskCall]
    subagents: list[Subagent]
    edits: list[str]
    short_id: str
    reported: list[ReportedCost]  # one entry per agent that reports costs
    refusals: list[Refusal]
    is_program_run: bool  # not in rates (see store.reads.program_runs)
    jobs: list[MeteredJob]  # non-token spend, latest first; not in the task's totals

    @property
    def misses(self) -> list[TaskCall]:
        """Calls that paid again, most expensive first."""
        return sorted((call for call in self.calls if call.cause), key=lambda call: -(call.waste or 0))

    @property
    def main_calls(self) -> list[TaskCall]:
        """Main-chain calls, session by session, as a team's sessions run in parallel."""
        by_session: dict[int, list[TaskCall]] = {}
        for call in self.calls:
            if not call.chain:
                by_session.setdefault(call.session_id, []).append(call)
        return [
            call
            for calls in by_session.values()
            for call in sorted(calls, key=lambda call: (call.position, call.first_at))
        ]

    def number_of(self, call: TaskCall) -> int:
        """Number of the turn that a call is in."""
        return next(
            turn.number
            for turn in self.turns
            if turn.row.session_id == call.session_id and turn.row.prompt_uuid == call.turn
        )

    def as_json(self) -> dict[str, Any]:
        """JSON form: the task of the list, with more on each turn, its subagents and misses."""
        base = task_json(self.task, [], is_program_run=self.is_program_run)
        base["turns"] = [
            {
                "number": turn.number,
                "session": turn.session,
                "prompt_uuid": turn.row.prompt_uuid,
                "kind": turn.row.kind,
                "opening": turn.facts.text,
                "started_at": iso(turn.row.at),
                "calls": turn.row.calls,
                "cost_usd": usd(turn.row.cost),
                "split": {name: usd(getattr(turn.row, name)) for name in COST_PARTS},
                "decision": turn.row.decision,
                "decided_by": turn.row.decided_by,
                "score": None if turn.row.score is None else turn.row.score / 1000,
                "why": turn.row.reasons,
                "ending": turn.facts.ending,
                "files": list(turn.facts.edited),
                "commits": list(turn.facts.commits),
                "context": {"begin": turn.row.context_begin, "end": turn.row.context_end},
            }
            for turn in self.turns
        ]
        base["subagents"] = [
            {
                "chain": agent.chain,
                "type": agent.kind,
                "turn": agent.turn,
                "model": agent.model,
                "calls": agent.calls,
                "cost_usd": usd(agent.cost),
            }
            for agent in self.subagents
        ]
        base["miss_list"] = [
            {
                "at": iso(call.first_at),
                "turn": self.number_of(call),
                "model": call.model,
                "kind": call.kind,
                "cause": call.cause,
                "source": call.cause_source,
                "tokens": call.missed,
                "is_up_to": bool(call.is_up_to),
                "waste_usd": usd(call.waste),
            }
            for call in self.misses
        ]
        base["edits"] = self.edits
        base["reported"] = [one.as_json() for one in self.reported]
        base["refusals"] = [one.as_json() for one in self.refusals]
        base["metered"] = [job_json(one) for one in self.jobs]
        return {"schema_version": 1, "task": base}


def task_detail(
    db: sqlite3.Connection, identity: str, *, short_id: str | None = None, now: int | None = None
) -> TaskDetail | None:
    """One task by its full id; None if there is none."""
    row = task_row_of(db, identity)
    if row is None:
        return None
    moment = now_ms() if now is None else now
    row = as_of(row, moment, latest_activity(db))
    names = sessions_of(db, identity)
    turns = [
        TaskTurn(number, turn, names[turn.session_id][1], decode_facts(turn.facts))
        for number, turn in enumerate(turns_of(db, identity), start=1)
    ]
    calls = calls_of(db, identity)
    return TaskDetail(
        row,
        turns,
        calls,
        _subagents(calls, turns),
        _edits_about(db, turns, names),
        short_id or identity,
        task_reported(db, identity),
        task_refusals(db, identity),
        identity in program_runs(db),
        metered_jobs(db, identity),
    )


def _subagents(calls: Iterable[TaskCall], turns: Iterable[TaskTurn]) -> list[Subagent]:
    """The subagents that made these calls, most expensive first."""
    numbers = {(turn.row.session_id, turn.row.prompt_uuid): turn.number for turn in turns}
    by_agent: dict[tuple[int, str], list[TaskCall]] = {}
    for call in calls:
        if call.chain:
            by_agent.setdefault((call.session_id, call.chain), []).append(call)
    agents = [
        Subagent(
            made[-1].chain,
            chain_name(made[-1].chain, made[-1].agent_type),
            numbers[made[0].session_id, made[0].turn],
            made[-1].model,
            len(made),
            sum(call.cost or 0 for call in made),
            sum(call.cost is None for call in made),
            sum(call.is_floor for call in made),
        )
        for made in by_agent.values()
    ]
    return sorted(agents, key=lambda agent: -agent.cost)


def _edits_about(db: sqlite3.Connection, turns: list[TaskTurn], names: dict[int, tuple[str, str]]) -> list[str]:
    """Descriptions of the user's edits of a task's turns."""
    here = {(names[turn.row.session_id][1], turn.row.prompt_uuid) for turn in turns}
    told = []
    for edit, body in in_force(edits(db)):
        if any((anchor.session, anchor.prompt) in here for anchor in body.turns):
            what = body.title or body.status or ("" if body.is_on else "undone")
            told.append(f"{edit.kind} {what}".strip())
    return told
