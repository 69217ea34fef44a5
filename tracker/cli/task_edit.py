"""`task edit …`: the user's corrections of tasks."""

import sqlite3
from collections.abc import Sequence

import click

from store.money import short_usd
from store.reads.tasks import all_ids
from tracker.cli.common import Invocation, ledger_options, open_modelled
from tracker.cli.output import whole_words
from tracker.edit_tasks import commands as edit_tasks
from tracker.errors import UserError
from tracker.model.tasks.status import TaskStatus
from tracker.reports.task import TaskDetail, task_detail
from tracker.reports.tasks import short_ids
from tracker.words import counted


@click.group("edit")
def edit_group() -> None:
    """Correct a task; rebuilds keep the edit, `task undo` reverts it.

    \b
    taximeter task edit merge t1f3 t9ab       t9ab becomes part of t1f3
    taximeter task edit status t1f3 completed
    """


def load_detail(db: sqlite3.Connection, identity: str) -> TaskDetail:
    """The task with this full id; UserError if there is none."""
    detail = task_detail(db, identity, short_id=short_ids(all_ids(db)).get(identity))
    if detail is None:
        raise UserError(f"no task {identity!r} (taximeter tasks lists them)")
    return detail


def _tell(db: sqlite3.Connection, done: str, identity: str) -> None:
    """Print what was `done`, and the task as it is now."""
    detail = load_detail(db, identity)
    one = detail.task
    words = f"{one.title}  {counted(one.turns, 'turn')}, {short_usd(one.cost)}, {one.status}"
    click.echo(whole_words(f"{done}: {detail.short_id}  {words}"))


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.argument("title", nargs=-1, required=True)
@ledger_options
def rename(invocation: Invocation, task_id: str, title: Sequence[str]) -> None:
    """Give a task a title.

    \b
    taximeter task edit rename t1f3 Upload retries
    """
    db = open_modelled(invocation)
    _tell(db, "renamed", edit_tasks.rename(db, edit_tasks.find_task(db, task_id), " ".join(title)))


@edit_group.command()
@click.argument("into", metavar="ID")
@click.argument("others", metavar="OTHER…", nargs=-1, required=True)
@ledger_options
def merge(invocation: Invocation, into: str, others: Sequence[str]) -> None:
    """Merge other tasks into the first one.

    They may be in other sessions and of other agents.

    \b
    taximeter task edit merge t1f3 t9ab t77c
    """
    db = open_modelled(invocation)
    first, *more = (edit_tasks.find_task(db, one) for one in (into, *others))
    _tell(db, "merged", edit_tasks.merge(db, first, more))


@edit_group.command()
@click.argument("turn", metavar="ID.N")
@ledger_options
def split(invocation: Invocation, turn: str) -> None:
    """Start a task at a turn.

    \b
    taximeter task edit split t1f3.4
    """
    db = open_modelled(invocation)
    _tell(db, "split off", edit_tasks.split(db, *edit_tasks.find_numbered(db, turn)))


@edit_group.command()
@click.argument("turn", metavar="ID[.N]")
@ledger_options
def join(invocation: Invocation, turn: str) -> None:
    """Join a task or a turn to the task before it.

    Works within one session; `merge` works across sessions.

    \b
    taximeter task edit join t9ab
    """
    db = open_modelled(invocation)
    _tell(db, "joined", edit_tasks.join(db, *edit_tasks.find_numbered(db, turn)))


@edit_group.command()
@click.argument("turn", metavar="ID.N")
@click.argument("target", metavar="TARGET")
@ledger_options
def move(invocation: Invocation, turn: str, target: str) -> None:
    """Move one turn to another task.

    \b
    taximeter task edit move t1f3.4 t9ab
    """
    db = open_modelled(invocation)
    _tell(db, "moved to", edit_tasks.move(db, *edit_tasks.find_numbered(db, turn), edit_tasks.find_task(db, target)))


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.argument("value", metavar="STATUS", type=click.Choice([status.value for status in TaskStatus]))
@ledger_options
def status(invocation: Invocation, task_id: str, value: str) -> None:
    """Set how a task ended; your word is the strongest evidence.

    STATUS is completed, open, interrupted, abandoned or reverted.

    \b
    taximeter task edit status t1f3 completed
    """
    db = open_modelled(invocation)
    _tell(db, "status set", edit_tasks.set_status(db, edit_tasks.find_task(db, task_id), value))


@edit_group.command()
@click.argument("task_id", metavar="ID")
@click.option("--off", is_flag=True, help="Include it again.")
@ledger_options
def exclude(invocation: Invocation, task_id: str, off: bool) -> None:
    """Leave a task out of all rates.

    Its cost is shown separately.

    \b
    taximeter task edit exclude t1f3
    """
    db = open_modelled(invocation)
    identity = edit_tasks.exclude(db, edit_tasks.find_task(db, task_id), is_on=not off)
    _tell(db, "included again" if off else "excluded", identity)
