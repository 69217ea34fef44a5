"""The task report: what DESIGN section 4 promises as `tasks --json`, for the command line and the dashboard alike.

`inherited_usd` is the carry-over rent: what the same work would not have paid in a session of its own. `hidden_usd` is
spend missing from the records. It is known per session, so a task has it only if no other task shares its sessions and
all their counters are reliable. Otherwise it is null, and `hidden_modelled_usd` models compactions and requests between
turns (MODEL section 3). Neither is in any total. The calls of an excluded task count as outside tasks.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from store.money import sum_usd, usd
from store.reads.filter import EVERYTHING, Filter
from store.reads.program_runs import program_runs
from store.reads.spend import SpendRow
from store.reads.tasks import TurnSums, all_ids, latest_activity, task_rows, turn_sums, unsure_turns
from store.task_rows import TaskRow
from tracker.clock import iso, now_ms
from tracker.model.tasks.headline import Headline, TaskCost, headline
from tracker.model.tasks.session_tasks import decode_facts
from tracker.model.tasks.status import TaskStatus, meets, settled
from tracker.reports.joins import Join, suggested_joins
from tracker.reports.json_values import rounded
from tracker.reports.spend import sums_json, tokens_json

_SHORTEST_ID = 5


class Unsure(NamedTuple):
    """A boundary decision near the threshold, and the command that reverses it."""

    task_id: str
    turn: int  # number of the turn in its task, from 1
    starts_task: bool
    score: float
    cost: int
    reasons: str
    command: str
    prompt: str = ""  # opening words

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "task": self.task_id,
            "turn": self.turn,
            "prompt": self.prompt,
            "starts_task": self.starts_task,
            "score": self.score,
            "cost_usd": usd(self.cost),
            "why": self.reasons,
            "to_change": self.command,
        }


class TasksReport(NamedTuple):
    """Tasks, latest first, their rates, and the figures beside them."""

    tasks: list[TaskRow]
    turns: dict[str, list[TurnSums]]
    excluded: list[TaskRow]
    headline: Headline
    evidence: dict[str, int]
    unsure: list[Unsure]
    joins: list[Join]
    short_ids: dict[str, str]
    now: int
    run_ids: frozenset[str] = frozenset()

    @property
    def runs(self) -> list[TaskRow]:
        """Program runs among the tasks, which are not in rates (see store.reads.program_runs)."""
        return [task for task in self.tasks if task.id in self.run_ids]

    @property
    def typed(self) -> list[TaskRow]:
        """The other tasks, which rates are made of."""
        return [task for task in self.tasks if task.id not in self.run_ids]

    @property
    def questions(self) -> int:
        """Completed tasks that changed no file."""
        return sum(task.status == TaskStatus.COMPLETED and not task.edit_turns for task in self.typed)

    @property
    def one_shot(self) -> float | None:
        """Share of turns with edits that needed no retry of the same file."""
        edit_turns = sum(task.edit_turns for task in self.typed)
        return 1 - sum(task.retry_turns for task in self.typed) / edit_turns if edit_turns else None

    @property
    def retry_share(self) -> float | None:
        """Share of the cost in turns with a retry of the same file."""
        cost = sum(task.cost for task in self.typed)
        return sum(task.retry_cost for task in self.typed) / cost if cost else None

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """The JSON contract, with the latest `limit` tasks; sums and rates cover all tasks."""
        everything = [*self.tasks, *self.excluded]
        return {
            "schema_version": 1,
            "tasks": [
                task_json(task, self.turns.get(task.id, []), is_program_run=task.id in self.run_ids)
                for task in self.tasks[:limit]
            ],
            "headline": headline_json(self.headline)
            | {
                "questions": self.questions,
                "by_evidence": self.evidence,
                "one_shot": rounded(self.one_shot),
                "retry_share": rounded(self.retry_share),
                "program_runs": len(self.runs),
                "program_runs_usd": usd(sum(run.cost for run in self.runs)),
            },
            "outside_tasks": {
                "calls": sum(task.calls for task in self.excluded),
                "cost_usd": usd(sum(task.cost for task in self.excluded)),
                "tasks": [{"id": task.id, "title": task.title} for task in self.excluded],
            },
            "least_sure": [one.as_json() for one in self.unsure],
            "joins": [one.as_json() for one in self.joins],
            "total": total_json(everything, self.turns),
        }


def headline_json(rates: Headline) -> dict[str, Any]:
    """JSON of the rates of MODEL 2.3; null below five completed tasks."""
    interval = rates.interval_nano
    return {
        "completed": rates.completed,
        "direct_usd": usd(rates.direct_nano),
        "loaded_usd": usd(rates.loaded_nano),
        "overhead": rounded(rates.overhead),
        "median_usd": usd(rates.median_nano),
        "p90_usd": usd(rates.p90_nano),
        "interval_usd": None if interval is None else [usd(interval[0]), usd(interval[1])],
    }


def split_json(task: TaskRow) -> dict[str, Any]:
    """The exact split of the cost."""
    return {
        "rent": {"baseline": usd(task.baseline), "carry_over": usd(task.carry_over), "own": usd(task.own)},
        "waste": usd(task.waste),
        "fresh": usd(task.fresh),
        "generation": usd(task.generation),
        "other": usd(task.other),
    }


def session_names(task: TaskRow) -> list[str]:
    """The agents' own ids of a task's sessions."""
    return msgspec.json.decode(task.sessions, type=list[str])


def task_json(task: TaskRow, turns: list[TurnSums], *, is_program_run: bool) -> dict[str, Any]:
    """JSON of a task; `is_program_run`: not in rates."""
    return {
        "id": task.id,
        "title": task.title,
        "title_from": task.title_from,
        "status": task.status,
        "evidence": task.evidence,
        "program_run": is_program_run,
        "agents": task.agents.split(","),
        "project": task.project,
        "branch": task.branch,
        "models": task.models.split(",") if task.models else [],
        "sessions": session_names(task),
        "started_at": iso(task.started_at),
        "ended_at": iso(task.ended_at),
        "active_seconds": task.active_ms // 1000,
        "turns": [
            {
                "session": turn.session,
                "prompt_uuid": turn.prompt_uuid,
                "started_at": iso(turn.at),
                "calls": turn.calls,
                "cost_usd": usd(turn.cost),
            }
            for turn in turns
        ],
        "calls": task.calls,
        "unpriced_calls": task.unpriced,
        "floor_calls": task.floor,
        "subagent_calls": task.subagent_calls,
        "subagent_cost_usd": usd(task.subagent_cost),
        "tokens": tokens_json((task.input, task.cache_read, task.write_5m, task.write_1h, task.output)),
        "web_searches": task.web_searches,
        "cost_usd": usd(task.cost),
        "split": split_json(task),
        "inherited_usd": usd(task.carry_over),
        "hidden_usd": usd(task.hidden),
        "hidden_modelled_usd": None if task.hidden is not None else usd(task.unrecorded),
        "misses": task.misses,
        "context": {"begin": task.context_begin, "end": task.context_end},
    }


def total_json(tasks: list[TaskRow], turns: Mapping[str, list[TurnSums]]) -> dict[str, Any]:
    """JSON of sums over tasks, in the form of `spend`'s total; only sessions with calls count."""
    sessions = {(turn.agent, turn.session) for task in tasks for turn in turns.get(task.id, ()) if turn.calls}
    names = (name for name in SpendRow._fields if name not in ("key", "sessions"))
    sums = {name: sum(getattr(task, name) for task in tasks) for name in names}
    return sums_json(SpendRow("total", sessions=len(sessions), **sums))


def tasks_report(
    db: sqlite3.Connection, chosen: Filter = EVERYTHING, *, min_evidence: str | None = None, now: int | None = None
) -> TasksReport:
    """The chosen tasks with their status as of `now` (epoch ms).

    `min_evidence`: tasks completed by weaker evidence count as open.
    """
    moment = now_ms() if now is None else now
    latest = latest_activity(db)
    rows = [as_of(row, moment, latest, min_evidence) for row in task_rows(db, chosen)]
    tasks = [row for row in rows if not row.excluded]
    runs = program_runs(db)
    rated = [task for task in tasks if task.id not in runs]
    evidence = Counter(task.evidence for task in rated if task.status == TaskStatus.COMPLETED and task.evidence)
    turns = turn_sums(db, chosen)
    shown = {task.id for task in tasks}
    short = short_ids(all_ids(db))  # unique among all tasks, not only the chosen ones
    return TasksReport(
        tasks,
        turns,
        [row for row in rows if row.excluded],
        headline([TaskCost(task.status, task.cost if task.unpriced < task.calls else None) for task in rated]),
        dict(evidence),
        _unsure(db, shown, turns, short),
        suggested_joins(db, latest, shown),
        short,
        moment,
        runs,
    )


def as_of(row: TaskRow, now: int, latest: int, min_evidence: str | None = None) -> TaskRow:
    """A task with its status as of `now`; `latest`: time of the latest record of any session."""
    if row.status == TaskStatus.COMPLETED and not meets(row.evidence, min_evidence):
        return row._replace(status=TaskStatus.OPEN, evidence=None)
    status = settled(row.status, row.if_left, row.ended_at, now=now, latest_activity=latest)
    return row if status == row.status else row._replace(status=status)


def reread_share(*tasks: TaskRow) -> float | None:
    """Share of the cost spent on re-reading context; None without a cost."""
    cost = sum(task.cost for task in tasks)
    return sum(task.baseline + task.carry_over + task.own for task in tasks) / cost if cost else None


def evidence_text(task: TaskRow) -> str:
    """The evidence as a cell; the status itself if it has none."""
    if task.excluded:
        return "left out"
    return task.evidence or ("" if task.status == TaskStatus.OPEN else task.status)


def inherited_text(*tasks: TaskRow) -> str:
    """Inherited cost of tasks, marked if calls have no price."""
    return _part_text(tasks, sum(task.carry_over for task in tasks))


def waste_text(*tasks: TaskRow) -> str:
    """Wasted cost of tasks, marked if calls have no price; always zero without a miss."""
    missed = [task for task in tasks if task.misses]
    return _part_text(missed, sum(task.waste for task in missed))


def _part_text(tasks: Sequence[TaskRow], nano: int) -> str:
    return sum_usd(nano, sum(task.calls for task in tasks), sum(task.unpriced for task in tasks))


def short_ids(identities: list[str]) -> dict[str, str]:
    """The shortest unique prefix of each id."""
    ordered = sorted(identities)
    short: dict[str, str] = {}
    for before, identity, after in zip(["", *ordered], ordered, [*ordered[1:], ""], strict=False):
        length = _SHORTEST_ID
        while identity[:length] in (before[:length], after[:length]):
            length += 1
        short[identity] = identity[:length]
    return short


def _unsure(
    db: sqlite3.Connection, shown: set[str], turns: dict[str, list[TurnSums]], short: dict[str, str]
) -> list[Unsure]:
    """The three decisions nearest to the threshold among the latest tasks; ties go to the more expensive task."""
    found: list[Unsure] = []
    for session, row in unsure_turns(db):
        if row.task_id not in shown:
            continue
        numbers = [(turn.session, turn.prompt_uuid) for turn in turns[row.task_id]]
        number = numbers.index((session, row.prompt_uuid)) + 1
        starts = row.decision == "start"
        name = f"{short[row.task_id]}.{number}"
        command = f"taximeter task edit {'join' if starts else 'split'} {name}"
        prompt, score = decode_facts(row.facts).text, (row.score or 0) / 1000
        found.append(Unsure(row.task_id, number, starts, score, row.cost, row.reasons, command, prompt))
        if len(found) == 3:
            break
    return found
