"""`tasks --refine`: shows what would be sent and its cost, asks, and reports the results."""

import sqlite3

import click

from store.money import short_usd
from store.plain_text import plain
from store.reads.filter import Filter
from store.reads.tasks import sessions_of_tasks
from tracker.cli.common import confirm
from tracker.cli.output import short_session
from tracker.words import counted

_THROUGH_CLIENT = (" through your Claude Code", " at API prices; on a plan it counts towards the limits")


def ask_and_refine(db: sqlite3.Connection, chosen: Filter, through: str, *, assume_yes: bool) -> bool:
    """Run a refinement; False if the user declined. Prints on stderr only, as stdout is the report's."""
    from tracker.reader_options import price_book
    from tracker.rebuild import rebuild
    from tracker.refine.asking import WAYS
    from tracker.refine.suggestions import cheapest_model, digests, quote, refine

    waiting = digests(db, sessions_of_tasks(db, chosen), again=chosen.session_id is not None)
    if not waiting:
        click.echo("nothing to refine: every session with two prompts or more has been sent before", err=True)
        return True
    book = price_book()
    model = cheapest_model()
    price = quote(waiting, model, book)
    for digest in waiting:
        click.echo(click.style(f"session {digest.native_id}", bold=True), err=True)
        click.echo("\n".join(plain(line) for line in digest.text.splitlines()), err=True)
    way, on_plan = ("", "") if through == "api" else _THROUGH_CLIENT
    click.echo(
        f"\nThis would go to {model}{way}: {price.prompts} prompts of {counted(price.sessions, 'session')}, about"
        f" {price.input_tokens:,} tokens in and {price.output_tokens:,} out,"
        f" ~{short_usd(price.cost_nano)}{on_plan}.",
        err=True,
    )
    ask = WAYS[through](model)
    if not assume_yes and not confirm("Send it?"):
        return False
    paid = 0
    try:
        for outcome in refine(db, waiting, model, book, ask):
            paid += outcome.cost_nano
            words = outcome.problem or counted(outcome.tasks, "task")
            click.echo(f"{short_session(outcome.native_id)}: {plain(words)}", err=True)
    finally:
        rebuild(db)
        click.echo(f"paid {short_usd(paid)}{on_plan}", err=True)
    return True
