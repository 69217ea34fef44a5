"""The part of the ledger that a report covers, as a WHERE clause over the tables that the report reads."""

from typing import NamedTuple

from store.clauses import (
    BRANCH_OF_CALL,
    CALLS_AND_PROMPTS,
    IS_FLOOR,
    in_sessions_of_days,
    local_day,
    utc_day,
    where_clause,
)

Clause = tuple[str, list[str | int]]

_ON_BRANCH = f"FROM {CALLS_AND_PROMPTS} WHERE {BRANCH_OF_CALL} = ?"
# `spend` is not kept by branch: the same columns, a row for each call.
_SPEND_WITH_BRANCH = f"""(
    SELECT call.session_id, {local_day("call.first_at")} AS day, {utc_day("call.first_at")} AS day_utc, call.model,
           1 AS calls, call.input, call.cache_read, call.write_5m, call.write_1h, call.output, call.web_searches,
           COALESCE(call.cost, 0) AS cost, call.cost IS NULL AS unpriced, {IS_FLOOR} AS floor,
           {BRANCH_OF_CALL} AS prompt_branch
    FROM {CALLS_AND_PROMPTS}
)"""


class Filter(NamedTuple):
    """The user's choice; days are ISO days, inclusive, local unless `utc`."""

    since: str | None = None
    until: str | None = None
    project: str | None = None  # part of its path
    agent: str | None = None
    model: str | None = None
    session_id: int | None = None
    branch: str | None = None
    utc: bool = False

    def day_of(self, moment: str) -> str:
        """The day of a column with epoch milliseconds."""
        return utc_day(moment) if self.utc else local_day(moment)

    @property
    def spend_day(self) -> str:
        """The column of `spend` with the day."""
        return "spend.day_utc" if self.utc else "spend.day"

    @property
    def spend(self) -> str:
        """What a query that filters by `of_spend` reads as `spend`."""
        return "spend" if self.branch is None else f"{_SPEND_WITH_BRANCH} AS spend"

    def of_spend(self) -> Clause:
        """Over `spend` and `session`."""
        return self._in_sessions(self.spend_day, "spend.model", "spend.prompt_branch = ?")

    def of_calls(self) -> Clause:
        """Over `call` and `session`."""
        is_on_branch = f"call.id IN (SELECT call.id {_ON_BRANCH})"
        where, values = self._in_sessions(self.day_of("call.first_at"), "call.model", is_on_branch)
        near, days = in_sessions_of_days(self.since, self.until)
        return f"{where} AND {near}", [*values, *days]

    def of_tasks(self) -> Clause:
        """Over `task`: those with calls; a task is in a period that it touches."""
        where, values = where_clause(
            (
                (f"{self.day_of('task.ended_at')} >= ?", self.since),
                (f"{self.day_of('task.started_at')} <= ?", self.until),
                ("instr(task.project, ?) > 0", self.project),
                ("instr(',' || task.agents || ',', ',' || ? || ',') > 0", self.agent),
                ("instr(',' || task.models || ',', ',' || ? || ',') > 0", self.model),
                ("task.id IN (SELECT task_id FROM task_part WHERE session_id = ?)", self.session_id),
                (f"task.id IN (SELECT split.task_id {_ON_BRANCH})", self.branch),
            )
        )
        return f"task.calls > 0 AND {where}", values

    def _in_sessions(self, day: str, model: str, is_on_branch: str) -> Clause:
        return where_clause(
            (
                (f"{day} >= ?", self.since),
                (f"{day} <= ?", self.until),
                ("instr(session.project, ?) > 0", self.project),
                ("session.agent = ?", self.agent),
                (f"{model} = ?", self.model),
                ("session.id = ?", self.session_id),
                (is_on_branch, self.branch),
            )
        )


EVERYTHING = Filter()
