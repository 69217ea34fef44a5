"""What commands share: options, filters, output formats, and the sync before reading."""

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
from tracker.words import join_names

if TYPE_CHECKING:
    from store.reads.sessions import FoundSession

R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., Any])

TERMINAL_ROWS = 20
_RECENT_DAYS = 30
_MAX_ROWS = 10**15  # SQLite's LIMIT takes no number much larger
# The earliest and latest days whose midnight fits in milliseconds in every zone.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)


class Invocation:
    """The options of `taximeter` and of its command, combined."""

    def __init__(self) -> None:
        self.claude_dirs: list[Path] = []
        self.cline_dirs: list[Path] = []
        self.no_sync = self.as_json = self.as_csv = False

    def add_dirs(self, claude_dirs: Sequence[Path], cline_dirs: Sequence[Path]) -> None:
        """Add folders given before or after the command's name."""
        # Resolved, so that a folder named twice is read once.
        self.claude_dirs.extend(folder.expanduser().resolve() for folder in claude_dirs)
        self.cline_dirs.extend(folder.expanduser().resolve() for folder in cline_dirs)

    @property
    def is_for_programs(self) -> bool:
        """Whether the output is JSON or CSV."""
        return self.as_json or self.as_csv

    def max_rows(self, limit: int | None) -> int | None:
        """How many rows to list, None for all. `limit`: the option's value, 0 for all."""
        if limit is None and not self.is_for_programs and is_terminal():
            return TERMINAL_ROWS
        return min(limit, _MAX_ROWS) if limit else None

    @property
    def explicit(self) -> bool:
        """Whether any folder was named."""
        return bool(self.claude_dirs or self.cline_dirs)


def one_form(ctx: click.Context, parameter: click.Parameter, is_asked: bool) -> bool:
    """The value of --json or --csv; UsageError if both are given."""
    del parameter
    if is_asked and (ctx.params.get("as_json") or ctx.params.get("as_csv")):
        raise UsageError("--json and --csv are two forms of the output: leave one of them out")
    return is_asked


class Share(click.FloatRange):
    """A number from 0 to 1. Click's own range accepts "nan"."""

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
    """Replace the options that make up the Invocation by the Invocation itself."""

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
# On every command and on `taximeter` itself; the first argument is then the Invocation.
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
# On every reading command; with `csv_option` if the result is rows, and `limit_option` if there can be many.
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
# The options that `open_chosen` turns into a Filter.
filter_options = _together(
    click.option("--since", metavar="DAY", help="First day: 2026-11-01, today, yesterday, 7d, 4w."),
    click.option("--until", metavar="DAY", help="Last day, inclusive; same forms as --since."),
    project_option,
    agent_option,
    click.option("--branch", metavar="NAME", help="Only prompts typed on this git branch, and their calls."),
    click.option("--session", metavar="ID", help="Only the session whose id starts with ID."),
    click.option("--model", metavar="ID", help="Only this model: its id, or a unique part of it."),
    click.option("--utc", is_flag=True, help="Cut days at midnight UTC instead of local midnight."),
)


def parse_day(text: str | None, *, utc: bool = False) -> str | None:
    """The ISO day that the user's text means; UsageError if it is no day."""
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
    """First and last ISO day; UsageError if one is no day, or if they are the wrong way round."""
    first, last = parse_day(since, utc=utc), parse_day(until, utc=utc)
    if first is not None and last is not None and last < first:
        raise UsageError(f"no days from {first} to {last} (--since is after --until)")
    return first, last


def parse_recent_period(since: str | None, until: str | None, *, utc: bool = False) -> tuple[str, str]:
    """As `parse_period`: without `until` up to today, without `since` the 30 days up to the last one."""
    last = parse_day(until or "today", utc=utc) or ""
    before = date.fromisoformat(last) - timedelta(days=_RECENT_DAYS - 1)
    first, _ = parse_period(since or before.isoformat(), last, utc=utc)
    return first or "", last


def midnight_ms(day: str | None, *, days: int = 0) -> int | None:
    """Start of a local ISO day (plus `days`) in epoch milliseconds."""
    return None if day is None else clock.day_start_ms(date.fromisoformat(day) + timedelta(days=days))


def damage_text(kept: Path) -> str:
    """The message after a damaged ledger was replaced: `kept` is where the old one is."""
    return (
        f"the ledger was damaged; it is kept as {kept}, and a new one was made from its readable rows and the agents'"
        " files (unreadable rows are lost where the files are gone)"
    )


def say_damaged(kept: Path) -> None:
    """Tell the user that a damaged ledger was replaced."""
    say(damage_text(kept))


def open_synced(invocation: Invocation) -> sqlite3.Connection:
    """The ledger, synced unless `--no-sync`; problems go to stderr."""
    from store.ledger import open_ledger
    from store.spend import refresh_spend

    if invocation.no_sync:
        db = open_ledger(on_damage=say_damaged)
        refresh_spend(db)  # daily sums depend on the time zone
        return db
    from tracker.cli.sync import open_and_sync

    db, report = open_and_sync(invocation)
    for problem in report.problems:
        say(f"cannot read {problem}")
    return db


def advise_anew(db: sqlite3.Connection) -> None:
    """After another setting, hooks and status line are to follow at once: they read what was advised before."""
    from store.ledger import home
    from tracker.keeper import LedgerKeeper

    LedgerKeeper(str(home())).keep_current(db)


def open_modelled(invocation: Invocation) -> sqlite3.Connection:
    """The synced ledger with its derived tables up to date: tasks, splits, misses."""
    from tracker.cli.progress_bar import progress_bar
    from tracker.rebuild import rebuild

    db = open_synced(invocation)
    with progress_bar("finding tasks") as show:
        rebuild(db, lambda done, count: show(done / count, f"{done:,}/{count:,} sessions"))
    return db


def open_chosen(
    invocation: Invocation, filters: dict[str, Any], *, modelled: bool = False
) -> tuple[sqlite3.Connection, Filter]:
    """The ledger and the Filter of `filter_options`.

    UserError for an invalid day, an ambiguous model, or if not exactly one session matches.
    """
    since, until = parse_period(filters["since"], filters["until"], utc=filters["utc"])
    db = (open_modelled if modelled or filters["branch"] is not None else open_synced)(invocation)
    session = None if filters["session"] is None else named_session(db, filters["session"])
    others = {name: filters[name] for name in ("project", "agent", "branch", "utc")}
    model = _whole_id(db, filters["model"])
    return db, Filter(since, until, model=model, session_id=session and session.id, **others)


def _whole_id(db: sqlite3.Connection, part: str | None) -> str | None:
    """The recorded model whose id contains `part`; `part` itself if none does. UserError if several do."""
    from store.reads.spend import recorded_models

    if part is None:
        return None
    known = recorded_models(db)
    found = [part] if part in known else [model for model in known if part.lower() in model.lower()]
    if len(found) > 1:
        raise UserError(f"--model {part} could be {join_names(found)}: give more of the id")
    return found[0] if found else part


def confirm(question: str) -> bool:
    """Ask on the terminal; UsageError without one."""
    if not sys.stdin.isatty():
        raise UsageError("no terminal to ask for confirmation: add --yes")
    return click.confirm(question, err=True)


def named_session(db: sqlite3.Connection, prefix: str | None) -> "FoundSession | None":
    """The session whose id begins with `prefix`; without it the latest, None if there is none.

    UserError if no session or several match.
    """
    from store.reads.sessions import find_session

    found = find_session(db, prefix, clock.now_ms())
    if not found and prefix is not None:
        raise UserError(f"no session begins with {prefix!r} (taximeter sessions lists them)")
    if len(found) > 1:
        raise UserError(f"{prefix!r} could be {', '.join(one.native_id[:18] for one in found)}: give more of the id")
    return found[0] if found else None
