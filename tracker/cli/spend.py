"""`spend`: cost by day, model, project and other keys."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import click

from store.money import short_usd, usd
from store.reads.spend import SpendRow, uncounted_models
from tracker.cli.common import TERMINAL_ROWS, Invocation, csv_option, filter_options, open_chosen, reading_options
from tracker.cli.empty import show_nothing
from tracker.cli.output import Column, abbreviate_home, note, numbers, print_csv, print_json, print_table, short_session
from tracker.hidden_spend import Hidden
from tracker.reports.spend import BRANCH, PERIODS, SUBAGENT, TOKEN_CLASSES, SpendReport, spend_report, summed
from tracker.words import cost_text, counted, hidden_text, tokens, unpriced_text

_CSV = (
    "key", "calls", "sessions", *TOKEN_CLASSES, "web_searches",
    "cost_usd", "unpriced_calls", "floor_calls",
)  # fmt: skip


@click.command()
@click.option(
    "--by",
    type=click.Choice(["day", "week", "month", "model", "project", "branch", "session", "agent", "subagent"]),
    default="day",
    show_default=True,
    help="What each row stands for.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help=f"Only the N most expensive rows; 0 for all. Default: {TERMINAL_ROWS} on a terminal, all in a pipe or file."
    " Days, weeks and months are never cut.",
)
@filter_options
@csv_option
@reading_options
def spend(invocation: Invocation, by: str, limit: int | None, **filters: Any) -> None:
    """Cost by day, week, month, model, project, branch, session, agent or subagent.

    \b
    taximeter spend                         by day
    taximeter spend --by model --since 7d   the last seven days by model
    taximeter spend --by branch             what each feature branch cost
    taximeter spend --by subagent           what subagents cost, by their type
    taximeter spend --by project --json     for other programs

    A call counts for the git branch on which its prompt was typed; each branch is listed with its project.

    Requests missing from the transcripts (compaction, titles) are listed beside the total where the client's own totals
    include them, each session's on the day of its last total. A total has no branch: with --branch none are listed.
    """
    db, chosen = open_chosen(invocation, filters, modelled=by == BRANCH)
    whole = spend_report(db, by, chosen)
    report = whole.cut(None if by in PERIODS else invocation.max_rows(limit))
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        found = zip(report.rows, report.extras, strict=True)
        rows = [(*row[:9], usd(row.cost), row.unpriced, row.floor, *extra.values()) for row, extra in found]
        print_csv((*_CSV, *_extra_names(by)), rows)
    else:
        show(report, whole.rows[len(report.rows) :], invocation, db)


def show(report: SpendReport, left: Sequence[SpendRow], invocation: Invocation, db: sqlite3.Connection) -> None:
    """Draw the report for people; `left`: rows that are only summed."""
    if not report.rows:
        show_nothing(invocation, db)
        if report.hidden.cost:
            _note_hidden(report.hidden)
        return
    is_branch = report.by == BRANCH
    columns = (
        Column(report.by, cut="start" if report.by in ("project", "model", BRANCH, SUBAGENT) else "never"),
        *(Column(name, cut="start") for name in _extra_names(report.by)),
        *numbers("calls"),
        *numbers("sessions", "input", "read", "written", "output", min_width=100 if is_branch else 0),
        *numbers("cost"),
    )
    rows = [
        _cells([_label(report.by, row.key), *map(abbreviate_home, extra.values())], row)
        for row, extra in zip(report.rows, report.extras, strict=True)
    ]
    if left:
        cells = _cells([f"{len(left):,} more", *[""] * is_branch], summed(left))
        sessions = 2 + is_branch
        rows.append((*cells[:sessions], "", *cells[sessions + 1 :]))  # a session may have several rows
    print_table(columns, rows, footer=_cells(["total", *[""] * is_branch], report.total))
    if left:
        note("--limit 0 lists all.")
    _notes(report, uncounted_models(db))


def _cells(labels: Sequence[str], row: SpendRow) -> tuple[str, ...]:
    return (
        *labels,
        f"{row.calls:,}",
        f"{row.sessions:,}",
        tokens(row.input),
        tokens(row.cache_read),
        tokens(row.write_5m + row.write_1h),
        tokens(row.output),
        cost_text(row),
    )


def _notes(report: SpendReport, uncounted: set[str]) -> None:
    prices = "Your own prices, else API list prices," if report.has_user_prices else "API list prices"
    note(f"{prices} of each call's day; days in {'UTC' if report.utc else 'local time'}.")
    _note_hidden(report.hidden)
    if report.billed_calls:
        note(f"{short_usd(report.billed_cost)} of it is reported: what providers themselves billed for their calls.")
    if report.total.floor:
        calls = counted(report.total.floor, "call")
        note(f"≥ a floor: the output of {calls} is not fully recorded.")
    if report.total.unpriced:
        note(
            f"Not in the total: {counted(report.total.unpriced, 'call')} without a price,"
            f" {unpriced_text(report.unpriced_models, uncounted)}"
        )


def _note_hidden(hidden: Hidden) -> None:
    if hidden.cost:
        note(f"Not in the total: {hidden_text(hidden.cost, hidden.sessions)}")


def _extra_names(by: str) -> list[str]:
    return ["project"] if by == BRANCH else []


def _label(by: str, key: str) -> str:
    if by == "session":
        return short_session(key)
    return abbreviate_home(key) if by == "project" else key
