"""Chooses the cost to show, and compares it with the agent's own figure.

The rule (PRICES section 1.5): if the provider bills each response and states its cost, that figure is shown, labelled
*reported*. Otherwise the list price is shown, labelled *priced*, with the agent's own calculation beside it. If they,
or the provider's figure and the list price, differ by more than 1 %, the task says so. An agent's session total is
compared too, once it covers the latest call.
"""

import sqlite3
from decimal import Decimal
from typing import Any, NamedTuple

from store.money import NANO_PER_USD, usd
from store.reads import reported as stored
from store.reads.reported import AgentTotal, BilledUsage, ReportedSums
from store.records import Agent
from tracker.pricing import cost

TOLERANCE_PERCENT = 1
_AGENT_NAMES = {Agent.CLINE: "Cline", Agent.ROO: "Roo Code", Agent.CLAUDE_CODE: "Claude Code"}


class Label:
    """Origins of the shown cost."""

    PRICED = "priced"
    REPORTED = "reported"
    MIXED = "priced and reported"


class ReportedCost(NamedTuple):
    """One agent's calls in a task or session: the shown cost and the agent's own figures."""

    sums: ReportedSums
    total: AgentTotal | None
    billed: list[BilledUsage]  # what has a list price of it

    @property
    def label(self) -> str:
        """Where the shown cost comes from."""
        if self.sums.billed == 0:
            return Label.PRICED
        return Label.REPORTED if self.sums.billed == self.sums.calls - self.sums.unpriced else Label.MIXED

    @property
    def calls_differ(self) -> bool:
        """Whether the agent's figures of the calls differ by more than 1 % from the shown cost."""
        return _differ(self.sums.compared_cost, self.sums.compared_reported)

    @property
    def listed_cost(self) -> int:
        """List price of the calls billed by the provider, if known."""
        return sum(cost(one.price, *one[3:9]) for one in self.billed)

    @property
    def sentences(self) -> list[str]:
        """Sentences on differences, one per line; empty if the figures agree."""
        sums, name = self.sums, _AGENT_NAMES.get(self.sums.agent, self.sums.agent)
        said: list[str] = []
        if self.calls_differ:
            of = "" if sums.compared == sums.calls else f" for {sums.compared} of {sums.calls} calls"
            said.append(
                f"{name} says {_amount(sums.compared_reported)}{of}, the list price is {_amount(sums.compared_cost)}"
                f"{_distance(sums.compared_cost, sums.compared_reported)}"
            )
        billed = sum(one.billed_cost for one in self.billed)
        if _differ(billed, self.listed_cost):
            listed = sum(one.calls for one in self.billed)
            of = "" if listed == sums.calls else f" for {listed} of {sums.calls} calls"
            said.append(
                f"The provider billed {_amount(billed)}{of}, the list price is {_amount(self.listed_cost)}"
                f"{_distance(billed, self.listed_cost)}"
            )
        if sums.only_reported:
            calls = "1 call has" if sums.only_reported == 1 else f"{sums.only_reported} calls have"
            said.append(f"{calls} no list price; {name} says {_amount(sums.only_reported_cost)}")
        total = self._comparable_total
        if total is not None and _differ(sums.cost, total) and not self._repeats_calls(total):
            said.append(
                f"{name}'s own total is {_amount(total)}, the sum of its calls {_amount(sums.cost)}"
                f"{_distance(sums.cost, total)}{self._why(total)}"
            )
        return said

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "agent": self.sums.agent,
            "label": self.label,
            "calls": self.sums.calls,
            "compared": {
                "calls": self.sums.compared,
                "shown_usd": usd(self.sums.compared_cost),
                "reported_usd": usd(self.sums.compared_reported),
            },
            "billed": {
                "calls": self.sums.billed,
                "shown_usd": usd(self.sums.billed_cost),
                "listed_calls": sum(one.calls for one in self.billed),
                "list_price_usd": usd(self.listed_cost),
            },
            "only_reported": {"calls": self.sums.only_reported, "reported_usd": usd(self.sums.only_reported_cost)},
            "own_total_usd": usd(self.total.cost) if self.total else None,
            "differs": bool(self.sentences),
            "sentences": self.sentences,
        }

    @property
    def _comparable_total(self) -> int | None:
        """The agent's total if it was written after the latest call began and every call has a price."""
        if self.total is None or self.sums.unpriced:
            return None
        if self.total.at is None or self.sums.last_at is None or self.total.at < self.sums.last_at:
            return None
        return self.total.cost

    def _why(self, total: int) -> str:
        """What the agent's total omits or includes beside its calls, if that explains the difference."""
        if not _differ(self.sums.main_cost, total):
            return ": it leaves out subagents"
        copied = self.total.copied if self.total is not None else 0
        return ": it holds what was copied from another session" if not _differ(self.sums.cost + copied, total) else ""

    def _repeats_calls(self, total: int) -> bool:
        """Whether the total only repeats the sum of the agent's figures of the calls."""
        return self.calls_differ and not _differ(self.sums.compared_reported + self.sums.billed_cost, total)


def task_reported(db: sqlite3.Connection, task_id: str) -> list[ReportedCost]:
    """One entry per agent that reports costs of its own, for a task by its full id."""
    billed = stored.billed_usage_of_task(db, task_id)
    made = []
    for sums in stored.reported_sums_of_task(db, task_id):
        total = stored.agent_total_of_task(db, task_id, sums.agent)
        if total is not None or sums.reported:
            made.append(ReportedCost(sums, total, [one for one in billed if one.agent == sums.agent]))
    return made


def _differ(shown: int, other: int) -> bool:
    """Whether two amounts differ by more than 1 % of the shown one."""
    return 100 * abs(shown - other) > TOLERANCE_PERCENT * abs(shown)


def _amount(nano: int) -> str:
    """An amount with enough digits to show a difference of 1 %."""
    return f"${Decimal(nano).scaleb(-9):,.{2 if nano >= NANO_PER_USD else 4}f}"


def _distance(shown: int, other: int) -> str:
    """The other amount's relative difference in brackets; empty if the shown amount is zero."""
    if shown == 0:
        return ""
    percent = 100 * (other - shown) / shown
    return f" ({abs(percent):.0f} % {'more' if percent > 0 else 'less'})"
