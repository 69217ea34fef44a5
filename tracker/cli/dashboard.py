"""`dashboard`: opens the dashboard. The feed starts reading before Textual is imported (0.2 s)."""

import gc
import os
import select
import signal
import sys
import threading

import click

from tracker.cli.common import Invocation, dir_options
from tracker.cli.output import supports_dashboard
from tracker.errors import UsageError
from tracker.settings import THEMES

SCREENS = ("now", "tasks", "spend", "cache", "plans", "nudges")
# Thread switch interval: keys wait less for a reading thread.
_SWITCH_SECONDS = 0.001


@click.command()
@click.option("--screen", type=click.Choice(SCREENS), default="now", show_default=True, help="First screen.")
@click.option("--theme", type=click.Choice(THEMES), help="Colours; default: the last one chosen.")
@dir_options
def dashboard(invocation: Invocation, screen: str, theme: str | None) -> None:
    """Open the dashboard, as `taximeter` alone does on a terminal.

    \b
    taximeter dashboard
    taximeter dashboard --screen spend --theme light
    """
    # Processes started by `serve` use pipes and a driver of their own.
    if not supports_dashboard() and "TEXTUAL_DRIVER" not in os.environ:
        raise UsageError("the dashboard needs a terminal (taximeter tasks and spend print, serve is for a browser)")
    open_dashboard(invocation, screen=screen, theme=theme)


def open_dashboard(invocation: Invocation, *, screen: str = "now", theme: str | None = None) -> None:
    """Run the dashboard until the user quits."""
    from store.ledger import home
    from tracker.cli.empty import looked_in
    from tracker.cli.sync import watch_targets
    from tracker.keeper import LedgerKeeper
    from tui.feed import LedgerFeed
    from tui.snapshot import ViewRequest

    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.disable()  # garbage collection during imports would take a tenth of the start-up time
    keeper = LedgerKeeper(str(home()), reads_spool=not invocation.explicit)
    targets = watch_targets(invocation, keeper)
    roots = [str(root) for _, folders in targets.sources for root in folders]
    feed = LedgerFeed(targets, looked_in=roots or looked_in(invocation), keeper=keeper)
    feed.read_ahead(ViewRequest(screen=screen))
    try:
        from tui.app import Dashboard
        from tui.garbage import GarbageCollector

        app = Dashboard(feed, theme=theme, start=screen, collector=GarbageCollector())
        threading.Thread(target=_hang_up_with_the_terminal, daemon=True).start()
        app.run()
    finally:
        feed.stop()
    if app.return_code:
        raise SystemExit(app.return_code)


def _hang_up_with_the_terminal() -> None:
    """Exit if the terminal closes without SIGHUP, as for a process that inherited it.

    Textual would read end-of-file in a loop, and block forever on writing.
    """
    if hasattr(select, "poll") and sys.stdin.isatty():
        poll = select.poll()
        poll.register(sys.stdin, 0)  # no events requested: a hang-up is always reported
        if any(event & select.POLLHUP for _, event in poll.poll()):
            os.kill(os.getpid(), signal.SIGHUP)
