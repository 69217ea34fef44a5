"""What each tool put into the context, and what carrying it cost: the parts of the bill by where they came from."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from store.money import usd
from store.reads.carried import PaidRow, paid_by_session, paid_in_session, paid_in_task
from store.reads.filter import Filter
from store.reads.spend import SpendRow, spend_total, unpriced_models
from store.tasks import load_session
from tracker.model.cost.carried import Account, Held, Kind, Source, whole_nano
from tracker.model.cost.carried_session import PaidParts, Sums, add_session
from tracker.reports.json_values import rounded

OUTPUT, OTHER = "output", "other"  # no part of a context
NAMES = {
    Kind.FIRST_PROMPT: "first prompt",
    Kind.SUBAGENT_PROMPT: "subagents' prompts",
    Kind.OWN_TEXT: "the agent's own text",
    Kind.PROMPT: "prompts, attachments",
    Kind.SUMMARY: "compaction summaries",
    Kind.UNTOLD: "not on record",
    OUTPUT: "output, as written",
    OTHER: "other",
}
_MCP = "mcp__"


class CarriedRow(NamedTuple):
    """Parts of contexts from one source; tokens as they came in, costs in nano-dollars."""

    kind: str
    tool: str
    target: str
    results: int
    tokens: int
    calls: int  # that carried them after the one with which they came in, summed over the results
    fresh: int
    carried: int

    @property
    def cost(self) -> int:
        """What it cost in all."""
        return self.fresh + self.carried

    @property
    def name(self) -> str:
        """What it is called."""
        return self.tool or NAMES[self.kind]

    @property
    def mean_tokens(self) -> float | None:
        """Mean size."""
        return self.tokens / self.results if self.results else None

    @property
    def mean_calls(self) -> float | None:
        """Calls that carried one, on average."""
        return self.calls / self.results if self.results else None

    def as_json(self, total: int) -> dict[str, Any]:
        """JSON form; `total`: the bill."""
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
    """The bill of some calls by source, the dearest first."""

    sources: list[CarriedRow]  # one a tool and target
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
        """What tools were used on."""
        return [row for row in self.sources if row.target]

    def by_tool(self, *, servers: bool = False) -> list[CarriedRow]:
        """A row a tool, or one for all of an MCP server; output and other are rows of their own."""
        rows: dict[tuple[str, str], list[CarriedRow]] = {}
        for row in self.sources:
            rows.setdefault((row.kind, server_of(row.tool) if servers else row.tool), []).append(row)
        made = [summed(same, kind, tool) for (kind, tool), same in rows.items()]
        for kind, amount in ((OUTPUT, self.generation), (OTHER, self.other)):
            if amount:
                made.append(CarriedRow(kind, "", "", 0, 0, 0, amount, 0))
        return sorted(made, key=_dearest_first)

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """JSON form: by tool, and at most so many targets."""
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
        """What was asked for: by tool, server or target."""
        if self.by == "target":
            return self.carried.targets
        return self.carried.by_tool(servers=self.by == "server")

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """The JSON contract; `limit`: at most so many of each list."""
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
    """Rows as one."""
    return CarriedRow(kind, tool, "", *(sum(column) for column in zip(*(row[3:] for row in rows), strict=True)))


class Holding(NamedTuple):
    """What stands in the context of a session's main chain now."""

    parts: list[Held]

    @property
    def tokens(self) -> int:
        """All of it."""
        return sum(part.tokens for part in self.parts)

    @property
    def sources(self) -> list[tuple[str, int]]:
        """Names (a tool, or what else it is) with their tokens, the largest first."""
        sizes: dict[str, int] = {}
        for part in self.parts:
            name = part.source.tool or NAMES[part.source.kind]
            sizes[name] = sizes.get(name, 0) + part.tokens
        return sorted(sizes.items(), key=lambda one: (-one[1], one[0]))

    @property
    def results(self) -> list[Held]:
        """Tool results, the largest first."""
        return sorted((part for part in self.parts if part.source.tool), key=lambda part: -part.tokens)

    def as_json(self, limit: int) -> dict[str, Any]:
        """JSON form, with at most so many results."""
        return {
            "label": "modelled",
            "sources": [{"source": name, "tokens": tokens} for name, tokens in self.sources],
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


def server_of(tool: str) -> str:
    """The MCP server of a tool, else the tool."""
    return _MCP + tool.removeprefix(_MCP).split("__")[0] if tool.startswith(_MCP) else tool


def carried_report(db: sqlite3.Connection, chosen: Filter, by: str = "tool") -> CarriedReport:
    """What the chosen calls paid, by tool, server or target."""
    return CarriedReport(
        by,
        _carried(db, paid_by_session(db, chosen)),
        spend_total(db, chosen),
        unpriced_models(db, chosen),
    )


def task_carried(db: sqlite3.Connection, task_id: str) -> Carried:
    """What a task's calls paid, by source; what stood in the context before it counts where it was carried on."""
    return _carried(db, paid_in_task(db, task_id))


def session_holding(db: sqlite3.Connection, session_id: int) -> Holding:
    """What a session's context holds now."""
    sums = Sums()
    parts = [
        add_session(load_session(db, session_id), _parts(rows), sums) for _, rows in paid_in_session(db, session_id)
    ]
    return Holding([part for held in parts for part in held if part.tokens])


def _parts(rows: Sequence[PaidRow]) -> dict[int, PaidParts]:
    return {row[1]: PaidParts(*row[2:]) for row in rows}


def _carried(db: sqlite3.Connection, paid: Iterable[tuple[int, Sequence[PaidRow]]]) -> Carried:
    sums = Sums()
    for session_id, rows in paid:
        add_session(load_session(db, session_id), _parts(rows), sums)
    return Carried(source_rows(sums.accounts, sums.prompts), sums.generation, sums.other, sums.unpriced)


def source_rows(accounts: dict[Source, Account], total: int) -> list[CarriedRow]:
    """Accounts as rows whose costs sum to `total` nano-dollars, the dearest first."""
    asked = [(source, one) for source, one in accounts.items() if one.parts]
    whole = whole_nano([amount for _, one in asked for amount in (one.fresh, one.carried)], total)
    rows = [
        CarriedRow(*source, one.parts, one.tokens, one.calls, whole[2 * place], whole[2 * place + 1])
        for place, (source, one) in enumerate(asked)
    ]
    return sorted(rows, key=_dearest_first)


def _dearest_first(row: CarriedRow) -> tuple[int, int, str, str, str]:
    return -row.cost, -row.tokens, row.kind, row.tool, row.target
