"""The meter beside a running Cline: hook files and plugin installed, a watcher on its stores, the ledger to look at."""

import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hooks.install.cline import install_cline, plan_cline_install
from hooks.install.cline_files import Targets
from hooks.install.commands import Program
from hooks.places import launcher
from store.ledger import home, open_ledger
from tracker.ingest import sync
from tracker.reader_options import options_of
from tracker.sources.base import Source
from tracker.sources.cline import ClineSource
from tracker.sources.cline.live_rows import LiveRowsSource
from tracker.watch import Watcher, WatchTargets

from .messages_server import MessagesServer
from .script import Usage
from .truth import Exchange
from .waiting import wait_until


def install(where: Targets) -> None:
    """Install for this user's Cline, with this test's state folder."""
    program = Program(sys.executable, launcher(), str(home()))
    install_cline(plan_cline_install(where, program), where, program)


def sources(folder: Path, *, rows: bool = True, records: bool = True) -> list[tuple[Source, list[Path]]]:
    """What to read: the plugin's rows, Cline's own records below `folder`, or both."""
    live, stores = LiveRowsSource(home()), ClineSource()
    found: list[tuple[Source, list[Path]]] = []
    if rows:
        found.append((live, live.roots([])))
    if records:
        found.append((stores, stores.roots([folder])))
    return found


def take_in(folder: Path, *, rows: bool = True, records: bool = True) -> int:
    """Sync once; returns how many calls were new."""
    db = open_ledger()
    report = sync(db, sources(folder, rows=rows, records=records), options_of(db))
    assert (report.problems, report.bad_lines) == ([], 0)
    return report.new_calls


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """A watcher on rows and records for as long as the block runs."""
    db, stop, said = open_ledger(), threading.Event(), list[str]()
    watcher = Watcher(
        db, WatchTargets(sources(folder), options_of), on_sync=lambda _report: None, on_notice=said.append
    )
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        watcher.wake()
        thread.join()
    assert said == []


def ledger_usage(db: sqlite3.Connection) -> Counter[Usage]:
    """Usage of every call in the ledger, and how often it is there."""
    found = db.execute("SELECT input, cache_read, write_5m, write_1h, output FROM call")
    return Counter(Usage(*row) for row in found)


def billed_usage(calls: list[Exchange]) -> Counter[Usage]:
    """Usage of these calls as the server billed it."""
    return Counter(call.usage for call in calls if call.usage is not None)


def wait_for_billed(server: MessagesServer, requests: int) -> None:
    """Wait until the server has billed so many requests in all."""
    server.wait_for(lambda: len(server.truth.billed) >= requests)


def wait_for_ledger(db: sqlite3.Connection, wanted: Counter[Usage], *, timeout_seconds: float = 10.0) -> None:
    """Wait until the ledger holds exactly this usage; TimeoutError tells what it holds."""
    wait_until(
        lambda: ledger_usage(db) == wanted,
        timeout_seconds=timeout_seconds,
        facts=lambda: f"the ledger has {ledger_usage(db)}, wanted is {wanted}",
    )
