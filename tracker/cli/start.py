"""`taximeter` without words: the dashboard on a terminal, the report otherwise."""

import sys

from store.spend import Filter
from tracker.cli.common import Settings, open_synced
from tracker.cli.spend import show
from tracker.reports.spend import spend_report


def start(settings: Settings) -> None:
    """Open the dashboard; where the output is no terminal, print the report over what the ledger has."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from tracker.cli.dashboard import open_dashboard

        open_dashboard(settings)
        return
    db = open_synced(settings, no_sync=False)
    show(spend_report(db, "day", Filter()), settings, db)
