"""What each tool put into the context, and what carrying it cost: the bill by source."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from store.money import usd
from store.reads.carried import PaidRow, paid_by_session, paid_in_session, paid_in_task
from store.reads.filter import Filter
from store.reads.spend import SpendRow, spend_total, unpriced_models
from store.tasks import load_session
from tracker.model.cost.carried import Account, ContextPart, Kind, Source, whole_nano
from tracker.model.cost.carried_session import Bill, CallCost, add_session
from tracker.reports.json_values import rounded

OUTPUT, OTHER = "output", "other"  # rows of the bill that are no part of a context
NAMES = {
    Kind.FIRST_PROMPT: "first prompt",
    Kind.SUBAGENT_PROMPT: "subagents' prompts",
    Kind.OWN_TEXT: "agent's own text",
    Kind.PROMPT: "prompts",
    Kind.SUMMARY: "summaries",
    Kind.UNRECORDED: "not on record",
    OUTPUT: "output, as written",
    OTHER: "other",
}
_MCP = "mcp__"


class CarriedRow(NamedTuple):
    """The parts of contexts from one source; tokens as they came in, costs in nano-dollars."""

    kind: str
    tool: str
    target: str
    results: int
    tokens: int
    calls: int  # that carried a part after it came in, summed over the parts
    fresh: int
    carried: int

    @property
    def cost(self) -> int:
        """Fresh and carried cost, nano-dollars."""
        return self.fresh + self.carried

    @property
    def name(self) -> str:
        """The tool, else the kind in words."""
        return name_of(self.kind, self.tool)

    @property
    def mean_tokens(self) -> float | None:
        """Mean size of a part; None for output and other."""
        return self.tokens / self.results if self.results else None

    @property
    def mean_calls(self) -> float | None:
        """Mean number of calls that carried a part; None for output and other."""
        return self.calls / self.results if self.results else None

    def as_json(self, total: int) -> dict[str, Any]:
        """JSON form; `total`: the whole bill in nano-dollars."""
        return {
            "kind": self.kind,
            "tool": self.tool or None,
            "target": self.target or None,
            "results": self.results,
            "tokens": self.tokens,
            "mean_tokens": rounded(self.mean_tokens, 1),
            "mean_calls_carried": rounded(self.mean_calls, 1),
            "fresh_usd": usd(self.fresh),
            "carried_usd": usd(self.carried),
            "cost_usd": usd(self.cost),
            "share": rounded(self.cost / total) if total else None,
        }


class Carried(NamedTuple):
    """The bill of the chosen calls by source, most expensive first; nano-dollars."""

    sources: list[CarriedRow]  # tool results have a row for each tool and target
    generation: int
    other: int
    unpriced: int = 0  # calls without a price, in no sum

    def is_known(self, row: CarriedRow) -> bool:
        """Whether it is known what a row cost: nothing is free where there are calls without a price."""
        return bool(row.cost) or not self.unpriced

    @property
    def cost(self) -> int:
        """The whole bill, nano-dollars."""
        return sum(row.cost for row in self.sources) + self.generation + self.other

    @property
    def targets(self) -> list[CarriedRow]:
        """The rows with a file, command or address."""
        return [row for row in self.sources if row.target]

    @property
    def results(self) -> CarriedRow:
        """The sum of all tool results."""
        return summed([row for row in self.sources if row.kind == Kind.TOOL], Kind.TOOL)

    @property
    def results_share(self) -> float | None:
        """Share of the bill that tool results cost; None without a bill."""
        return self.results.cost / self.cost if self.cost else None

    def by_tool(self, *, servers: bool = False) -> list[CarriedRow]:
        """One row per tool (or per MCP server) and per other source, with output and other."""
        rows: dict[tuple[str, str], list[CarriedRow]] = {}
        for row in self.sources:
            rows.setdefault((row.kind, server_of(row.tool) if servers else row.tool), []).append(row)
        by_tool = [summed(same, kind, tool) for (kind, tool), same in rows.items()]
        for kind, amount in ((OUTPUT, self.generation), (OTHER, self.other)):
            if amount:
                by_tool.append(CarriedRow(kind, "", "", 0, 0, 0, amount, 0))
        return sorted(by_tool, key=_dearest_first)

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """JSON form: by tool, and at most `limit` targets."""
        cost = self.cost
        return {
            "rows": [row.as_json(cost) for row in self.by_tool()],
            "targets": [row.as_json(cost) for row in self.targets[:limit]],
        }


class CarriedReport(NamedTuple):
    """The bill of the chosen calls by source, and what is not in it."""

    by: str
    carried: Carried
    total: SpendRow
    unpriced_models: list[str]

    @property
    def rows(self) -> list[CarriedRow]:
        """The rows in the requested grouping: by tool, server or target."""
        if self.by == "target":
            return self.carried.targets
        return self.carried.by_tool(servers=self.by == "server")

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """The JSON contract; `limit`: maximum length of each list."""
        cost = self.carried.cost
        return {
            "schema_version": 1,
            "by": self.by,
            "rows": [row.as_json(cost) for row in self.rows[:limit]],
            "targets": [] if self.by == "target" else [row.as_json(cost) for row in self.carried.targets[:limit]],
            "total": {"calls": self.total.calls, "cost_usd": usd(cost)},
            "unpriced": {"calls": self.total.unpriced, "models": self.unpriced_models},
            "floor": {"calls": self.total.floor},
        }


def summed(rows: Iterable[CarriedRow], kind: str = "", tool: str = "") -> CarriedRow:
    """The sum of these rows, as one row."""
    columns = zip((0,) * 5, *(row[3:] for row in rows), strict=True)
    return CarriedRow(kind, tool, "", *map(sum, columns))


class ContextContents(NamedTuple):
    """The parts of the context that a session's main chain has now."""

    parts: list[ContextPart]

    @property
    def tokens(self) -> int:
        """Size of the context."""
        return sum(part.tokens for part in self.parts)

    @property
    def sources(self) -> list[tuple[Source, int]]:
        """Tokens by kind and tool, the largest first."""
        sizes: dict[Source, int] = {}
        for part in self.parts:
            source = part.source._replace(target="")
            sizes[source] = sizes.get(source, 0) + part.tokens
        return sorted(sizes.items(), key=lambda one: (-one[1], one[0]))

    @property
    def results(self) -> list[ContextPart]:
        """Tool results, the largest first."""
        return sorted((part for part in self.parts if part.source.tool), key=lambda part: -part.tokens)

    def as_json(self, limit: int) -> dict[str, Any]:
        """JSON form, with at most `limit` results."""
        return {
            "label": "modelled",
            "sources": [
                {"kind": source.kind, "tool": source.tool or None, "tokens": tokens} for source, tokens in self.sources
            ],
            "largest_results": [
                {
                    "tool": part.source.tool,
                    "target": part.source.target or None,
                    "tokens": part.tokens,
                    "calls_carried": part.calls,
                }
                for part in self.results[:limit]
            ],
        }


def name_of(kind: str, tool: str) -> str:
    """The tool, else the kind in words."""
    return tool or NAMES[kind]


def server_of(tool: str) -> str:
    """The MCP server that a tool belongs to, as `mcp__server`; else the tool."""
    return _MCP + tool.removeprefix(_MCP).split("__")[0] if tool.startswith(_MCP) else tool


def carried_report(db: sqlite3.Connection, chosen: Filter, by: str = "tool") -> CarriedReport:
    """The bill of the chosen calls by source; `by`: tool, server or target."""
    return CarriedReport(
        by,
        _carried(db, paid_by_session(db, chosen)),
        spend_total(db, chosen),
        unpriced_models(db, chosen),
    )


def task_carried(db: sqlite3.Connection, task_id: str) -> Carried:
    """The bill of a task by source; what was in the context before the task counts for what its calls paid for it."""
    return _carried(db, paid_in_task(db, task_id))


def context_contents(db: sqlite3.Connection, session_id: int) -> ContextContents:
    """What a session's context holds now."""
    costs = _costs(row for _, rows in paid_in_session(db, session_id) for row in rows)
    parts = add_session(load_session(db, session_id), costs, Bill())
    return ContextContents([part for part in parts if part.tokens])


def _costs(rows: Iterable[PaidRow]) -> dict[int, CallCost]:
    return {row[1]: CallCost(*row[2:]) for row in rows}


def _carried(db: sqlite3.Connection, paid: Iterable[tuple[int, Sequence[PaidRow]]]) -> Carried:
    bill = Bill()
    for session_id, rows in paid:
        add_session(load_session(db, session_id), _costs(rows), bill)
    return Carried(source_rows(bill.accounts, bill.prompts), bill.generation, bill.other, bill.unpriced)


def source_rows(accounts: dict[Source, Account], total: int) -> list[CarriedRow]:
    """One row per account that has parts, most expensive first; their costs sum to `total` nano-dollars."""
    used = [(source, account) for source, account in accounts.items() if account.parts]
    whole = whole_nano([amount for _, account in used for amount in (account.fresh, account.carried)], total)
    rows = [
        CarriedRow(*source, account.parts, account.tokens, account.calls, fresh, carried)
        for (source, account), fresh, carried in zip(used, whole[::2], whole[1::2], strict=True)
    ]
    return sorted(rows, key=_dearest_first)


def _dearest_first(row: CarriedRow) -> tuple[int, int, str, str, str]:
    return -row.cost, -row.tokens, row.kind, row.tool, row.target
