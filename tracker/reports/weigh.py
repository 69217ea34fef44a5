"""What texts that stand in every prompt weigh: tokens as the provider counts them, and what they cost a month.

A month is the last 30 days' calls: each token is written by a cold call and read by every other (MODEL section 7.5).
A handover stands in one session only: it is written once and read by the session's other calls.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.baseline import StandingCost, standing_cost
from store.money import usd
from tracker.model.defaults import CHARS_PER_TOKEN
from tracker.model.rates import PICO_PER_NANO

DAYS = 30
ESTIMATE_SPREAD = 0.2  # how far tokens may be off that are estimated from characters


class Kind:
    """What a thing is."""

    INSTRUCTIONS = "instructions"
    TOOLS = "tools"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Thing:
    """A text or tool definitions to be weighed; `folder` limits the calls that carry it, None means all."""

    name: str
    kind: str
    text: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    folder: str | None = None

    @property
    def chars(self) -> int:
        """Length of what is sent."""
        return len(self.text) or sum(len(str(tool)) for tool in self.tools)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A thing with its tokens and costs in nano-dollars; costs are modelled."""

    thing: Thing
    tokens: int
    is_estimate: bool
    per_session_nano: int | None  # None without a call that carries it
    month_nano: int | None
    calls: int

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "name": self.thing.name,
            "kind": self.thing.kind,
            "chars": self.thing.chars,
            "tokens": self.tokens,
            "tokens_label": "modelled" if self.is_estimate else "measured",
            "per_session_usd": usd(self.per_session_nano),
            "month_usd": usd(self.month_nano),
            "cost_label": "modelled",
            "calls": self.calls,
        }


@dataclass(frozen=True, slots=True)
class WeighReport:
    """All things that were weighed, for one model."""

    model: str
    since: str
    until: str
    things: Sequence[Weighed]
    sources: str

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": 1,
            "model": self.model,
            "since": self.since,
            "until": self.until,
            "counted_by": self.sources,
            "things": [one.as_json() for one in self.things],
            "assumptions": [
                "Every call of these days carries the text; a cold call writes it, each other call reads it.",
                "A handover is used at the start of every session.",
                *(
                    [f"Tokens are characters over {CHARS_PER_TOKEN}, give or take {ESTIMATE_SPREAD:.0%}."]
                    if any(one.is_estimate for one in self.things)
                    else []
                ),
            ],
        }


def weigh_report(
    db: sqlite3.Connection,
    model: str,
    things: Sequence[Thing],
    since: str,
    until: str,
    count: Callable[[Thing], int] | None,
    sources: str,
) -> WeighReport:
    """Weigh each thing with `count`, or by its length without one; whatever `count` raises goes through."""
    costs: dict[str | None, StandingCost] = {}
    weighed = []
    for thing in things:
        tokens = count(thing) if count else round(thing.chars / CHARS_PER_TOKEN)
        if thing.folder not in costs:
            costs[thing.folder] = standing_cost(db, since, until, thing.folder)
        weighed.append(_weighed(thing, tokens, costs[thing.folder], is_estimate=count is None))
    return WeighReport(model, since, until, weighed, sources)


def _weighed(thing: Thing, tokens: int, standing: StandingCost, *, is_estimate: bool) -> Weighed:
    if not standing.calls:
        return Weighed(thing, tokens, is_estimate, None, None, 0)
    pico = standing.pico_per_token
    if thing.kind == Kind.HANDOVER and standing.cold_calls:
        # Written once a session, not again after each pause.
        pico = standing.write_pico * standing.chains // standing.cold_calls + standing.read_pico
    month = tokens * pico // PICO_PER_NANO
    return Weighed(thing, tokens, is_estimate, month // max(1, standing.chains), month, standing.calls)


def usual_files(here: Path, user_folders: Sequence[Path]) -> list[tuple[Path, str | None]]:
    """Instruction files that Claude Code loads here: (file, project folder or None for all projects)."""
    names = ("CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md", "AGENTS.md")
    found: list[tuple[Path, str | None]] = [(here / name, str(here)) for name in names]
    found += [(folder / "CLAUDE.md", None) for folder in user_folders]
    return [(path, folder) for path, folder in found if path.is_file()]
