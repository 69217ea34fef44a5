"""Messages of empty reports."""

import sqlite3

import click

from store.reads.spend import totals
from tracker.cli.common import Invocation
from tracker.cli.output import abbreviate_home, wrapped
from tracker.words import counted


def show_nothing(invocation: Invocation, db: sqlite3.Connection, usual_since: str | None = None) -> None:
    """Print why a report is empty: nothing was ever found, or nothing matches the filters.

    `usual_since`: first day of the report's own period, None if the user gave one.
    """
    counts = totals(db)
    if not counts.calls:
        show_no_sessions(invocation)
        return
    period, all_days = "", ""
    if usual_since is not None:
        period, all_days = f" since {usual_since}", f"--since {counts.first_day} covers all of them.\n"
    click.echo(
        wrapped(
            f"Nothing matches{period}. The ledger has {counted(counts.calls, 'call')} of"
            f" {counted(counts.sessions, 'session')} from {counts.first_day} to {counts.last_day}.\n{all_days}"
            "taximeter spend --by project (month, model, agent, branch) lists what there is to choose from."
        )
    )


def show_no_sessions(invocation: Invocation) -> None:
    """Print which folders were read, and what to try."""
    next_line = ",\n             "
    click.echo(
        "No sessions found.\n"
        f"  looked in: {next_line.join(looked_in(invocation))}\n"
        "  elsewhere: taximeter --claude-dir DIR   (a folder that holds projects/)\n"
        "             taximeter --cline-dir DIR    (.cline, or an extension's storage)\n"
        "  to see what it does: taximeter demo"
    )


def looked_in(invocation: Invocation) -> list[str]:
    """The folders given by the user, else those where this machine's agents would write."""
    named = [str(folder) for folder in (*invocation.claude_dirs, *invocation.cline_dirs)]
    if named:
        return named
    from tracker.sources.claude_code.source import usual_folders
    from tracker.sources.cline.places import data_folders, this_machine

    places = [*(folder / "projects" for folder in usual_folders()), *data_folders(this_machine())]
    return [*(abbreviate_home(str(place)) for place in places), "editors' storage folders"]
