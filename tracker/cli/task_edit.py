"""`task edit …`: corrects a task by the user's word."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import click

from store.money import short_usd
from store.plain_text import plain
from tracker.cli.common import Invocation, ledger_options, open_modelled, passes_invocation
from tracker.cli.drawing import counted
from tracker.cli.tasks import GLYPHS


@click.group("edit")
def edit_group() -> None:
    """Correct a task; rebuilds keep it, `task undo` reverts it.

    \b
    taximeter task edit merge t1f3 t9ab       t9ab becomes part of t1f3
    taximeter task edit status t1f3 completed
    """


def _edit(invocation: Invocation, no_sync: bool, change: Callable[[sqlite3.Connection, Any], str], words: str) -> None:
    from store.task_reads import all_ids
    from tracker import edit_tasks
    from tracker.reports.task import task_detail
    from tracker.reports.tasks import short_ids

    db = open_modelled(invocation, no_sync=no_sync)
    identity = change(db, edit_tasks)
    detail = task_detail(db, identity)
    short = short_ids(all_ids(db)).get(identity, identity)
    if detail is not None:
        one = detail.task
        click.echo(
            f"{words}: {short}  {plain(one.title)}  {counted(one.turns, 'turn')}, {short_usd(one.cost)}, {one.status}"
        )


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.argument("title", nargs=-1, required=True)
@ledger_options
@passes_invocation
def rename(invocation: Invocation, task_id: str, title: Sequence[str], no_sync: bool) -> None:
    """Give a task a title.

    \b
    taximeter task edit rename t1f3 Upload retries
    """
    _edit(
        invocation, no_sync, lambda db, make: make.rename(db, make.find_task(db, task_id), " ".join(title)), "renamed"
    )


@edit_group.command()
@click.argument("into", metavar="ID")
@click.argument("others", metavar="OTHER…", nargs=-1, required=True)
@ledger_options
@passes_invocation
def merge(invocation: Invocation, into: str, others: Sequence[str], no_sync: bool) -> None:
    """Make other tasks part of the first one.

    Across sessions and agents.

    \b
    taximeter task edit merge t1f3 t9ab t77c
    """
    _edit(
        invocation,
        no_sync,
        lambda db, make: make.merge(db, make.find_task(db, into), [make.find_task(db, one) for one in others]),
        "merged",
    )


@edit_group.command()
@click.argument("turn", metavar="ID.N")
@ledger_options
@passes_invocation
def split(invocation: Invocation, turn: str, no_sync: bool) -> None:
    """Start a task at a turn.

    \b
    taximeter task edit split t1f3.4
    """
    _edit(invocation, no_sync, lambda db, make: make.split(db, *make.find_numbered(db, turn)), "starts at that turn")


@edit_group.command()
@click.argument("turn", metavar="ID[.N]")
@ledger_options
@passes_invocation
def join(invocation: Invocation, turn: str, no_sync: bool) -> None:
    """Join a task or a turn with what comes before it.

    In the same session; `merge` puts together what stands apart.

    \b
    taximeter task edit join t9ab
    """
    _edit(invocation, no_sync, lambda db, make: make.join(db, *make.find_numbered(db, turn)), "joined")


@edit_group.command()
@click.argument("turn", metavar="ID.N")
@click.argument("target", metavar="TARGET")
@ledger_options
@passes_invocation
def move(invocation: Invocation, turn: str, target: str, no_sync: bool) -> None:
    """Put one turn on another task.

    \b
    taximeter task edit move t1f3.4 t9ab
    """
    _edit(
        invocation,
        no_sync,
        lambda db, make: make.move(db, *make.find_numbered(db, turn), make.find_task(db, target)),
        "moved to",
    )


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.argument("value", metavar="STATUS", type=click.Choice(list(GLYPHS)))
@ledger_options
@passes_invocation
def status(invocation: Invocation, task_id: str, value: str, no_sync: bool) -> None:
    """Set what became of a task; your word is the strongest evidence.

    STATUS is completed, open, interrupted, abandoned or reverted.

    \b
    taximeter task edit status t1f3 completed
    """
    _edit(invocation, no_sync, lambda db, make: make.set_status(db, make.find_task(db, task_id), value), "status set")


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.option("--off", is_flag=True, help="Take it in again.")
@ledger_options
@passes_invocation
def exclude(invocation: Invocation, task_id: str, off: bool, no_sync: bool) -> None:
    """Leave a task out of all rates.

    Its cost is shown outside the tasks.

    \b
    taximeter task edit exclude t1f3
    """
    _edit(
        invocation,
        no_sync,
        lambda db, make: make.exclude(db, make.find_task(db, task_id), is_on=not off),
        "taken in" if off else "excluded",
    )
