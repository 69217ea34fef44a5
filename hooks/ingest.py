"""`hook ingest`: ingests new records in the background until no hook has asked for a while.

Then it evaluates nudges, as a watcher would, for the next hook and the status line to show.
A transcript's last line may follow its Stop event by a tenth of a second, so files are looked at again for
LINGER_SECONDS, and for COMPACTION_SECONDS where the client first waits for all hooks at the SessionStart of a
compaction, the user's own too. Cline's events name no file and may come before its last write: its stores are looked at
once more at the end. One such process runs at a time, and none beside a watcher.
"""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hooks.health import log_error, log_line
from hooks.spool_reader import Drained, ReaderLock, drained, folders_of, is_empty
from store.ledger import LedgerError, is_damage, ledger_path, open_ledger, replace_if_damaged

if TYPE_CHECKING:
    from tracker.keeper import LedgerKeeper

LINGER_SECONDS = 1.5
COMPACTION_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.1
_LOCK_WAIT_SECONDS = 0.3
_NICENESS = 5


class _Seen(NamedTuple):
    """What events have named so far: transcripts, each with its size just before it was last ingested."""

    transcripts: dict[str, int]
    has_cline: bool = False
    linger_seconds: float = LINGER_SECONDS


def main(home: str, arguments: Sequence[str]) -> int:
    """Ingest until the spool stays empty; `--done FD` names a pipe to close after the first pass. Always 0."""
    words = list(arguments)
    done_pipes = [int(words[words.index("--done") + 1])] if "--done" in words else []
    os.environ["TAXIMETER_HOME"] = home
    os.nice(_NICENESS)
    lock = ReaderLock(home)
    try:
        # A hook that looks at the empty spool while this process is about to end starts none of its own: look again.
        while lock.acquire(_LOCK_WAIT_SECONDS):
            _linger(home, _ingest(home, _Seen({}), done_pipes))
            lock.release()
            if is_empty(home):
                break
    except Exception as error:  # noqa: BLE001 - nobody is there to read a traceback: it goes to the log
        log_error(home, "ingest", error, str(error) if isinstance(error, LedgerError) else None)
        _replace_damaged(home, error)
    return 0


def _replace_damaged(home: str, error: Exception) -> None:
    """Replace a damaged ledger, so that the next hook's ingest works; doctor reports it."""
    try:
        replace_if_damaged(ledger_path(), error)
    except LedgerError as failure:
        log_error(home, "ingest", failure, str(failure))


def _linger(home: str, seen: _Seen) -> None:
    end = time.monotonic() + seen.linger_seconds
    while time.monotonic() < end:
        time.sleep(_LOOK_EVERY_SECONDS)
        if is_empty(home) and all(_size(path) == size for path, size in seen.transcripts.items()):
            continue
        asked = not is_empty(home)
        seen = _ingest(home, seen)
        if asked:
            end = max(end, time.monotonic() + seen.linger_seconds)
    if seen.has_cline:
        _ingest(home, seen)
    with closing(open_ledger()) as db:
        _keeper(home).work_while_idle(db)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _ingest(home: str, known: _Seen, done_pipes: list[int] | None = None) -> _Seen:
    """Make one pass over the folders that the events name, or over all known folders after an event of Cline.

    Closes `done_pipes` once the records are in the ledger, before advice is written.
    """
    from tracker.ingest import SyncReport, sync
    from tracker.keeper import store_spooled
    from tracker.reader_options import usable_options
    from tracker.sources.all import all_sources

    with drained(home) as taken:
        transcripts = {*known.transcripts, *taken.transcripts()}
        seen = _Seen(
            {path: _size(path) for path in transcripts},
            known.has_cline or any(event.agent == "cline" for event in taken.events),
            COMPACTION_SECONDS if any(event.source == "compact" for event in taken.events) else LINGER_SECONDS,
        )
        folders = [] if seen.has_cline else folders_of(seen.transcripts)
        with closing(open_ledger()) as db:
            options, troubles = usable_options(db)
            report = SyncReport(problems=troubles)
            sync(db, all_sources(Path(home), folders, []), options, report=report)
            store_spooled(db, taken)
        _report(home, taken, report.problems)
    while done_pipes:
        os.close(done_pipes.pop())
    _advise(home)
    return seen


def _advise(home: str) -> None:
    """Derive what is new and write advice; if the ledger is busy or the disk full, the next ingest does it."""
    try:
        with closing(open_ledger()) as db:
            _keeper(home).keep_current(db)
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            raise
        log_error(home, "advice", error)


@cache
def _keeper(home: str) -> "LedgerKeeper":
    from tracker.keeper import LedgerKeeper

    return LedgerKeeper(home)


def _report(home: str, taken: Drained, problems: list[str]) -> None:
    for problem in problems:
        log_line(home, f"ingest: cannot read {problem}")
    if taken.bad_lines:
        log_line(home, f"ingest: lines of the spool that could not be read: {taken.bad_lines}")
