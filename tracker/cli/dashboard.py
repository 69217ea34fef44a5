"""`dashboard`: what people look at all day. The feed begins to read before Textual is imported (0.2 s)."""

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
# Threads hand the interpreter over this often: a key then waits less for a thread that reads.
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
    # What `serve` starts talks through pipes, with a driver of its own.
    if not supports_dashboard() and "TEXTUAL_DRIVER" not in os.environ:
        raise UsageError("the dashboard needs a terminal (taximeter tasks and spend print, serve is for a browser)")
    open_dashboard(invocation, screen=screen, theme=theme)


def open_dashboard(invocation: Invocation, *, screen: str = "now", theme: str | None = None) -> None:
    """Follow the agents and draw until the user leaves."""
    from store.ledger import home
    from tracker.cli.empty import looked_in
    from tracker.cli.sync import watch_targets
    from tracker.keeper import LedgerKeeper
    from tui.feed import LedgerFeed
    from tui.snapshot import ViewRequest

    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.disable()  # a tenth of the time to the first picture would go to looking for garbage among imports
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
    """End a process whose terminal is gone without the system's saying so, as to one that has it from elsewhere.

    Textual would read its end over and over, and wait for ever to write to it.
    """
    if hasattr(select, "poll") and sys.stdin.isatty():
        poll = select.poll()
        poll.register(sys.stdin, 0)  # asks for nothing: a hang-up is always told
        if any(event & select.POLLHUP for _, event in poll.poll()):
            os.kill(os.getpid(), signal.SIGHUP)
