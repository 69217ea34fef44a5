"""The size and monthly cost of texts that are in every prompt, with tokens as the provider counts them.

A month is the last 30 days' calls: cold calls write each token, all others read it (MODEL section 7.5). A handover is
in one session only: written once, and read by the session's other calls.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from store.money import usd
from store.reads.baseline import EVERY_CALL, Carriers, StandingCost, standing_cost
from tracker.model.cost.rates import PICO_PER_NANO
from tracker.model.defaults import CHARS_PER_TOKEN

DAYS = 30
ESTIMATE_SPREAD = 0.2  # possible error of tokens estimated from characters


class Kind:
    """Kinds of things to weigh."""

    INSTRUCTIONS = "instructions"
    TOOLS = "tools"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Thing:
    """A text or tool definitions to be weighed, and the calls that carry it."""

    name: str
    kind: str
    text: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    carriers: Carriers = EVERY_CALL

    @property
    def chars(self) -> int:
        """Length of the text as sent."""
        return len(self.text) or sum(len(str(tool)) for tool in self.tools)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A thing with its tokens and modelled costs in nano-dollars."""

    thing: Thing
    tokens: int
    is_estimate: bool
    per_session_nano: int | None  # None if no call carries it
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
    """All weighed things, for one model."""

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
    """Weigh each thing with `count`, or by its length without it; errors of `count` propagate."""
    cost_for = cache(partial(standing_cost, db, since, until))
    weighed = []
    for thing in things:
        tokens = count(thing) if count else round(thing.chars / CHARS_PER_TOKEN)
        weighed.append(_weighed(thing, tokens, cost_for(thing.carriers), is_estimate=count is None))
    return WeighReport(model, since, until, weighed, sources)


def _weighed(thing: Thing, tokens: int, standing: StandingCost, *, is_estimate: bool) -> Weighed:
    if not standing.calls:
        return Weighed(thing, tokens, is_estimate, None, None, 0)
    pico = standing.pico_per_token
    if thing.kind == Kind.HANDOVER and standing.cold_calls:
        # Written once per session, not again after each pause.
        pico = standing.write_pico * standing.chains // standing.cold_calls + standing.read_pico
    month = tokens * pico // PICO_PER_NANO
    return Weighed(thing, tokens, is_estimate, month // max(1, standing.chains), month, standing.calls)


def usual_files(here: Path, user_folders: Sequence[Path]) -> list[Path]:
    """Instruction files that Claude Code loads in a folder: the project's, then the user's; each once."""
    names = ("CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md", "AGENTS.md")
    found = [*(here / name for name in names), *(folder / "CLAUDE.md" for folder in user_folders)]
    files: dict[Path, Path] = {}  # by real path: one may link to another, and the home folder may be the project
    for path in found:
        if path.is_file():
            files.setdefault(path.resolve(), path)
    return list(files.values())


def carriers_of(file: Path, user_folders: Sequence[Path]) -> Carriers:
    """The calls that carry an instruction file: those in its project, or all with the user's folder."""
    folder = file.absolute().parent
    for one in user_folders:
        if folder.resolve() == one.resolve():
            return Carriers(client_folder=str(one) if len(user_folders) > 1 else None)
    return Carriers(project=str((folder.parent if folder.name == ".claude" else folder).resolve()))
