"""What commands share: folders, filters, forms of output, and taking in what is new before reading."""

import functools
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from store.reads.filter import Filter
from store.records import AGENTS
from tracker import clock
from tracker.cli.output import is_terminal, say
from tracker.errors import UsageError, UserError
from tracker.words import listed

if TYPE_CHECKING:
    from store.reads.sessions import FoundSession

R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., Any])

TERMINAL_ROWS = 20
_MAX_ROWS = 10**15  # SQLite takes no number much larger
# "From the beginning" and "for ever", as far as every zone's midnight can be told in milliseconds.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)


class Invocation:
    """What the options of `taximeter` and of its command say together."""

    def __init__(self) -> None:
        self.claude_dirs: list[Path] = []
        self.cline_dirs: list[Path] = []
        self.no_sync = self.as_json = self.as_csv = False

    def add_dirs(self, claude_dirs: Sequence[Path], cline_dirs: Sequence[Path]) -> None:
        """Folders given on the command line, at either place."""
        # Under one name only, or one folder named twice would be read twice.
        self.claude_dirs.extend(folder.expanduser().resolve() for folder in claude_dirs)
        self.cline_dirs.extend(folder.expanduser().resolve() for folder in cline_dirs)

    @property
    def is_for_programs(self) -> bool:
        """Whether the output is one that programs read."""
        return self.as_json or self.as_csv

    def max_rows(self, limit: int | None) -> int | None:
        """How many rows to list; `limit`: what was asked for, 0 is all. None is all."""
        if limit is None and not self.is_for_programs and is_terminal():
            return TERMINAL_ROWS
        return min(limit, _MAX_ROWS) if limit else None

    @property
    def explicit(self) -> bool:
        """Whether any folder was named."""
        return bool(self.claude_dirs or self.cline_dirs)


def one_form(ctx: click.Context, parameter: click.Parameter, is_asked: bool) -> bool:
    """The value of --json or --csv; UsageError if both are asked for."""
    del parameter
    if is_asked and (ctx.params.get("as_json") or ctx.params.get("as_csv")):
        raise UsageError("--json and --csv are two forms of the output: leave one of them out")
    return is_asked


class Share(click.FloatRange):
    """A number from 0 to 1; click itself takes "nan" for one."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        share: float = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is not a number", param, ctx) if share != share else share


def _together(*options: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Several options as one decorator, in the order of the help."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _passes_invocation(function: Callable[..., R]) -> Callable[..., R]:
    """Hand a command its Invocation in place of the options that it is made of."""

    @click.pass_context
    @functools.wraps(function)
    def wrapped(ctx: click.Context, *args: Any, **options: Any) -> R:
        invocation = ctx.ensure_object(Invocation)
        invocation.add_dirs(options.pop("claude_dirs"), options.pop("cline_dirs"))
        for name in ("no_sync", "as_json", "as_csv"):
            setattr(invocation, name, options.pop(name, False))
        return function(invocation, *args, **options)

    return wrapped


_FOLDER = click.Path(path_type=Path)
# On every command, and on `taximeter` itself; each begins its arguments with the Invocation.
dir_options = _together(
    click.option(
        "--claude-dir",
        "claude_dirs",
        type=_FOLDER,
        multiple=True,
        metavar="DIR",
        help="A Claude Code folder (one that holds projects/); repeatable.",
    ),
    click.option(
        "--cline-dir",
        "cline_dirs",
        type=_FOLDER,
        multiple=True,
        metavar="DIR",
        help="A .cline folder, or an editor's storage folder of the extension; repeatable.",
    ),
    _passes_invocation,
)
# On every command that works on the ledger.
ledger_options = _together(
    dir_options, click.option("--no-sync", is_flag=True, help="Use the ledger as it is; ingest nothing new.")
)
# On every reading command; `csv_option` beside it where the result is rows, `limit_option` where these can be many.
reading_options = _together(
    ledger_options,
    click.option(
        "--json", "as_json", is_flag=True, callback=one_form, help="One JSON object, amounts as decimal strings."
    ),
)
csv_option = click.option("--csv", "as_csv", is_flag=True, callback=one_form, help="Rows as CSV with a header line.")
limit_option = click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help=f"Only the latest N; 0 for all. Default: {TERMINAL_ROWS} on a terminal, all in a pipe or file.",
)
project_option = click.option("--project", metavar="TEXT", help="Only projects whose path contains TEXT.")
agent_option = click.option("--agent", type=click.Choice(AGENTS), help="Only this agent.")
# What `open_chosen` makes a filter of.
filter_options = _together(
    click.option("--since", metavar="DAY", help="First day: 2026-11-01, today, yesterday, 7d, 4w."),
    click.option("--until", metavar="DAY", help="Last day, inclusive; same forms as --since."),
    project_option,
    agent_option,
    click.option("--model", metavar="ID", help="Only this model: its id, or a unique part of it."),
    click.option("--utc", is_flag=True, help="Cut days at midnight UTC instead of local midnight."),
)


def parse_day(text: str | None, *, utc: bool = False) -> str | None:
    """An ISO day of what a user types; UserError if it is none."""
    if text is None:
        return None
    today = clock.now().astimezone(UTC).date() if utc else clock.today()
    if text == "today":
        return today.isoformat()
    if text == "yesterday":
        return (today - timedelta(days=1)).isoformat()
    back = re.fullmatch(r"(\d{1,4})([dw])", text)
    if back:
        days = int(back.group(1)) * (7 if back.group(2) == "w" else 1)
        return (today - timedelta(days=max(0, days - 1))).isoformat()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a day: {text!r} (use 2026-11-01, today, yesterday, 7d or 4w)") from None
    return min(max(day, _FIRST_DAY), _LAST_DAY).isoformat()


def parse_period(since: str | None, until: str | None, *, utc: bool = False) -> tuple[str | None, str | None]:
    """First and last ISO day of what a user types; UserError if one is no day, or the last before the first."""
    first, last = parse_day(since, utc=utc), parse_day(until, utc=utc)
    if first is not None and last is not None and last < first:
        raise UsageError(f"no days from {first} to {last} (--since is after --until)")
    return first, last


def midnight_ms(day: str | None, *, days: int = 0) -> int | None:
    """Epoch milliseconds at which a local ISO day begins (`days` later)."""
    return None if day is None else clock.day_start_ms(date.fromisoformat(day) + timedelta(days=days))


def damage_text(kept: Path) -> str:
    """What became of a damaged ledger, and where it is."""
    return (
        f"the ledger was damaged; it is kept as {kept}, and a new one was made of what could be read of it and of the"
        " agents' files (of calls whose files are gone, what could not be read is missing)"
    )


def say_damaged(kept: Path) -> None:
    """Tell that a damaged ledger was set aside."""
    say(damage_text(kept))


def open_synced(invocation: Invocation) -> sqlite3.Connection:
    """The ledger, with everything new taken in unless `--no-sync`; problems go to stderr."""
    from store.ledger import open_ledger
    from store.spend import refresh_spend

    if invocation.no_sync:
        db = open_ledger(on_damage=say_damaged)
        refresh_spend(db)  # the days of the zone that it is read in
        return db
    from tracker.cli.sync import open_and_sync

    db, report = open_and_sync(invocation)
    for problem in report.problems:
        say(f"cannot read {problem}")
    return db


def open_modelled(invocation: Invocation) -> sqlite3.Connection:
    """The same, with everything derived: tasks, splits, misses."""
    from tracker.cli.progress_bar import progress_bar
    from tracker.rebuild import rebuild

    db = open_synced(invocation)
    with progress_bar("finding tasks") as show:
        rebuild(db, lambda done, count: show(done / count, f"{done:,}/{count:,} sessions"))
    return db


def open_chosen(
    invocation: Invocation, filters: dict[str, Any], *, modelled: bool = False
) -> tuple[sqlite3.Connection, Filter]:
    """The ledger and the part of it that `filter_options` ask for; UserError if a day or a model is none."""
    since, until = parse_period(filters["since"], filters["until"], utc=filters["utc"])
    db = (open_modelled if modelled else open_synced)(invocation)
    return db, Filter(**filters | {"since": since, "until": until, "model": _whole_id(db, filters["model"])})


def _whole_id(db: sqlite3.Connection, part: str | None) -> str | None:
    """The id of the recorded model that is meant; what none has stays as it is. UserError if several have it."""
    from store.reads.spend import recorded_models

    if part is None:
        return None
    known = recorded_models(db)
    found = [part] if part in known else [model for model in known if part.lower() in model.lower()]
    if len(found) > 1:
        raise UserError(f"--model {part} could be {listed(found)}: give more of the id")
    return found[0] if found else part


def agreed_to(question: str) -> bool:
    """Ask for confirmation on the terminal; UsageError without one."""
    if not sys.stdin.isatty():
        raise UsageError("no terminal to ask for confirmation: add --yes")
    return click.confirm(question, err=True)


def named_session(db: sqlite3.Connection, beginning: str | None) -> "FoundSession | None":
    """The session whose id begins so, or the latest (None without any); UserError if none or several are meant."""
    from store.reads.sessions import find_session

    found = find_session(db, beginning, clock.now_ms())
    if not found and beginning is not None:
        raise UserError(f"no session begins with {beginning!r} (taximeter sessions lists them)")
    if len(found) > 1:
        raise UserError(f"{beginning!r} could be {', '.join(one.native_id[:18] for one in found)}: give more of the id")
    return found[0] if found else None
