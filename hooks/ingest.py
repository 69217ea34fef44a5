"""`hook ingest`: reads what the agents have written, in the background, for as long as hooks ask for it.

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


class _Named(NamedTuple):
    """What events named until now: transcripts, each with its size just before it was last taken in."""

    transcripts: dict[str, int]
    has_cline: bool = False
    linger_seconds: float = LINGER_SECONDS


def main(home: str, arguments: Sequence[str]) -> int:
    """Take in until the spool stays empty; `--done FD` names a pipe to close after the first pass. Always 0."""
    words = list(arguments)
    done_pipes = [int(words[words.index("--done") + 1])] if "--done" in words else []
    os.environ["TAXIMETER_HOME"] = home
    os.nice(_NICENESS)
    lock = ReaderLock(home)
    try:
        # A hook that looks at the empty spool while this process is about to end starts none of its own: look again.
        while lock.acquire(_LOCK_WAIT_SECONDS):
            _linger(home, _take_in(home, _Named({}), done_pipes))
            lock.release()
            if is_empty(home):
                break
    except Exception as error:  # noqa: BLE001 - nobody is there to read a traceback: it goes to the log
        log_error(home, "ingest", error, str(error) if isinstance(error, LedgerError) else None)
        _mend(home, error)
    return 0


def _mend(home: str, error: Exception) -> None:
    """A damaged ledger is replaced, so that the next hook's ingest goes on; doctor tells of it."""
    try:
        replace_if_damaged(ledger_path(), error)
    except LedgerError as failure:
        log_error(home, "ingest", failure, str(failure))


def _linger(home: str, named: _Named) -> None:
    end = time.monotonic() + named.linger_seconds
    while time.monotonic() < end:
        time.sleep(_LOOK_EVERY_SECONDS)
        if is_empty(home) and all(_size(path) == size for path, size in named.transcripts.items()):
            continue
        asked = not is_empty(home)
        named = _take_in(home, named)
        if asked:
            end = max(end, time.monotonic() + named.linger_seconds)
    if named.has_cline:
        _take_in(home, named)
    with closing(open_ledger()) as db:
        _keeper(home).work_while_idle(db)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _take_in(home: str, known: _Named, done_pipes: list[int] | None = None) -> _Named:
    """One pass over the folders that the events name, over all of this machine's after an event of Cline.

    `done_pipes` are closed once the records are in the ledger: advice is not waited for.
    """
    from tracker.ingest import SyncReport, sync
    from tracker.keeper import store_spooled
    from tracker.reader_options import usable_options
    from tracker.sources.all import all_sources

    with drained(home) as taken:
        transcripts = {*known.transcripts, *taken.transcripts()}
        named = _Named(
            {path: _size(path) for path in transcripts},
            known.has_cline or any(event.agent == "cline" for event in taken.events),
            COMPACTION_SECONDS if any(event.source == "compact" for event in taken.events) else LINGER_SECONDS,
        )
        folders = [] if named.has_cline else folders_of(named.transcripts)
        with closing(open_ledger()) as db:
            options, troubles = usable_options(db)
            report = SyncReport(problems=troubles)
            sync(db, all_sources(Path(home), folders, []), options, report=report)
            store_spooled(db, taken)
        _report(home, taken, report.problems)
    while done_pipes:
        os.close(done_pipes.pop())
    _advise(home)
    return named


def _advise(home: str) -> None:
    """Derive what is new and write advice; where the ledger is busy or the disk full the next ingest does it."""
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
