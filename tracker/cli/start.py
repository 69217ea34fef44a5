"""`taximeter` without words: the dashboard on a terminal, the task report otherwise."""

import sys

import click

from tracker.cli.common import Settings


def start(ctx: click.Context, settings: Settings) -> None:
    """Open the dashboard; where the output is no terminal, print what `taximeter tasks` does."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from tracker.cli.dashboard import open_dashboard

        open_dashboard(settings)
        return
    from tracker.cli.tasks import tasks

    ctx.invoke(tasks)
