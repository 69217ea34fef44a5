"""`taximeter` without words: the dashboard on a terminal, the report otherwise."""

import click

from store.spend import Filter
from tracker.cli.common import Settings, open_synced
from tracker.cli.spend import show
from tracker.reports.spend import spend_report


def start(settings: Settings) -> None:
    """Show the report over what the ledger has."""
    db = open_synced(settings, no_sync=False)
    show(spend_report(db, "day", Filter()), settings)
    click.echo()
