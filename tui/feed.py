"""Keeps the screens fed: one thread follows the agents' records, one reads the ledger and hands over snapshots.

Knows nothing of widgets. The app says what it wants to see (`ask`); each snapshot and each change of health goes to the
functions given to `start`, on a thread of the feed.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from store.ledger import LedgerError, file_of, is_damage, ledger_path, open_ledger, replace_if_damaged
from store.reads.tasks import has_tasks
from tracker.clock import local, now_ms
from tracker.file_stamp import file_stamp
from tracker.ingest import SyncReport, sync_in_parallel
from tracker.rebuild import rebuild
from tracker.settings import settings_path
from tracker.watch import Watcher, WatchTargets
from tui.edits import DismissNudge, Edit, Edited, SwitchKind, apply_edit
from tui.feed_contract import Clock, Listener
from tui.ingest_progress import IngestProgress
from tui.readers.all import SnapshotReader
from tui.snapshot import Health, Month, Phase, Snapshot, ViewRequest

if TYPE_CHECKING:
    from tracker.keeper import LedgerKeeper
    from tracker.reports.carried import Carried

_POLL_SECONDS = 0.2  # how often to check whether another connection has written to the ledger
_MAX_AGE_MS = 30_000  # figures that depend on the time of day are read again after this
_BUSY_SECONDS = 5.0
_STEPS_TO_STOP = 1_000  # of the database, between two looks whether a result is still wanted
_RETRY_SECONDS = 1.0
_STOP_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 0.4
_DRAW_SECONDS = 0.03  # time to draw another screen; reading meanwhile would double it
_LOCKED_WORDS = "another program has locked the ledger; retrying"


class LedgerFeed:
    """The feed over this machine's ledger."""

    def __init__(
        self,
        targets: WatchTargets,
        *,
        looked_in: Sequence[str] = (),
        clock: Clock = now_ms,
        ledger: Path | None = None,
        keeper: "LedgerKeeper | None" = None,
    ) -> None:
        """`looked_in`: folders named if the ledger is empty. `keeper`: without one, only tasks are derived."""
        self._targets = targets
        self._looked_in = tuple(looked_in)
        self._clock = clock
        self._ledger = ledger
        self._keeper = keeper
        self._listener: Listener | None = None
        self._latest: Snapshot | None = None
        self._following_health = Health()
        self._reading_trouble: Health | None = None  # takes precedence over it
        self._write_trouble = ""  # why derived tables could not be written
        self._stop = threading.Event()
        self._restart = threading.Event()  # the ledger's file was replaced: the follower reopens it
        self._wake_reader = threading.Event()
        self._request = ViewRequest()
        self._watcher: Watcher | None = None
        self._threads: list[threading.Thread] = []
        self._rereads = 0  # counts changes outside the ledger, such as settings

    def start(self, listener: Listener) -> None:
        """Start following and reading, also after a stop; an earlier snapshot is handed over at once."""
        self._stop.clear()
        self._listener = listener
        listener.take_health(self._health)
        if self._latest is not None:
            listener.take_snapshot(self._latest)
        self.read_ahead(self._request)
        self._start_thread("taximeter-follow", self._follow_agents)

    def read_ahead(self, request: ViewRequest) -> None:
        """Start reading before there is a listener, so that the first frame already has its figures."""
        self._request = request
        self._start_thread("taximeter-read", self._read)

    def _start_thread(self, name: str, job: Callable[[], None]) -> None:
        if any(thread.name == name for thread in self._threads):
            return
        thread = threading.Thread(target=job, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hand_over(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
        if self._listener is not None:
            self._listener.take_snapshot(snapshot)

    @property
    def _health(self) -> Health:
        return self._reading_trouble or self._following_health

    def _set_following(self, health: Health) -> None:
        self._following_health = health
        self._hand_over_health()

    def _set_reading_trouble(self, trouble: Health | None) -> None:
        self._reading_trouble = trouble
        self._hand_over_health()

    def _hand_over_health(self) -> None:
        if self._listener is not None:
            self._listener.take_health(self._health)

    def ask(self, request: ViewRequest) -> None:
        """Build snapshots for this request from now on."""
        self._request = request
        self._wake_reader.set()

    def rescan(self) -> None:
        """Ingest new records now."""
        if self._watcher is not None:
            self._watcher.wake()

    def edit(self, edit: Edit) -> Edited:
        """Apply an edit, on a connection of its own."""
        try:
            db = open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)
        except (LedgerError, sqlite3.Error) as error:
            return Edited(str(error), failed=True)
        try:
            return apply_edit(db, edit, self._clock())
        finally:
            db.close()
            self._request_reread()
            if isinstance(edit, DismissNudge | SwitchKind):
                self.rescan()  # so that hooks and status line do not show it either

    def brief(self, session_id: int) -> str:
        """The handover of a session, on a connection of its own."""
        from tracker.handover.brief import handover

        with closing(open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)) as db:
            return handover(db, session_id).text

    def hindsight(self, task: str) -> Sequence[str] | None:
        """What would have been cheaper in a task, None if unknown, on a connection of its own."""
        from tracker.advisor.preferences import PreferenceReader
        from tracker.reports.task import task_detail
        from tracker.reports.task_hindsight import task_hindsight

        with closing(open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)) as db:
            detail = task_detail(db, task, now=self._clock())
            if detail is None:
                return None
            found = task_hindsight(db, detail, quiet=PreferenceReader().read().quiet)
            return found.sentences if found else None

    def carried(self, task: str, stop: Callable[[], bool]) -> "Carried":
        """A task's bill by what was in the context of its calls, on a connection of its own."""
        from tracker.reports.carried import task_carried

        with closing(open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)) as db:
            db.set_progress_handler(stop, _STEPS_TO_STOP)
            return task_carried(db, task)

    def carried_in(self, month: Month, stop: Callable[[], bool]) -> "Carried":
        """What a month's calls paid, by what they carried, on a connection of this call's own."""
        from tracker.reports.carried import carried_report
        from tui.readers.months import filter_of

        with closing(open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)) as db:
            db.set_progress_handler(stop, _STEPS_TO_STOP)
            return carried_report(db, filter_of(month)).carried

    def _request_reread(self) -> None:
        """Request a new snapshot although the ledger did not change."""
        self._rereads += 1
        self._wake_reader.set()

    def stop(self) -> None:
        """End the threads and release the spool to the hooks."""
        self._stop.set()
        self._restart.set()
        self._wake_reader.set()
        self.rescan()
        for thread in self._threads:
            thread.join(timeout=_STOP_SECONDS)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._keeper is not None:
            self._keeper.close()

    # -- following --------------------------------------------------------------------------------------------------

    def _follow_agents(self) -> None:
        """Follow until stopped; after an error, report it and start again."""
        while True:
            self._restart.clear()
            if self._stop.is_set():
                return
            try:
                db = open_ledger(self._ledger, busy_seconds=_BUSY_SECONDS)
                try:
                    self._follow_with(db)
                finally:
                    db.close()
            except Exception as error:  # noqa: BLE001 -- figures must come again once the cause has passed
                self._set_following(self._trouble(error))
                self._stop.wait(_RETRY_SECONDS)

    def _follow_with(self, db: sqlite3.Connection) -> None:
        self._watcher = None
        self._initial_ingest(db)
        self._watcher = Watcher(db, self._targets, on_sync=partial(self._after_ingest, db), on_notice=self._notice)
        if not self._stop.is_set():
            self._watcher.run(self._restart)

    def _initial_ingest(self, db: sqlite3.Connection) -> None:
        """Ingest everything new since the last run, with progress."""
        sources, options = self._targets.sources, self._targets.options_of(db)
        is_first = not has_tasks(db)

        def show(words: str, share: float) -> None:
            if self._stop.is_set():
                raise _StoppedError
            self._set_following(Health(Phase.READING, words, share, is_first))

        words = IngestProgress(show)
        try:
            ledger = self._ledger or ledger_path()
            sync_in_parallel(db, ledger, sources, options, SyncReport(), words.on_files, under_dashboard=True)
            show("finding tasks in new records", 1.0)
            self._wake_reader.set()
            self._keep_current(db, words.on_sessions)
        except _StoppedError:
            return
        self._report_following()
        self._wake_reader.set()

    def _after_ingest(self, db: sqlite3.Connection, report: SyncReport) -> None:
        """After each sync of the watcher: derive what is new, whoever ingested it, and show nudges that are due."""
        self._keep_current(db)
        if self._following_health.phase is not Phase.LIVE:
            self._report_following()
        if report.new_calls or report.files:
            self._wake_reader.set()

    def _keep_current(self, db: sqlite3.Connection, on_progress: Callable[[int, int], None] | None = None) -> None:
        try:
            self._write_trouble = ""
            if self._keeper is None:
                rebuild(db, on_progress)
                return
            due = self._keeper.keep_current(db, on_progress)
            for nudge in due:
                if self._listener is not None:
                    self._listener.take_nudge(nudge)
            self._keeper.show_on_desktop(due)
            self._keeper.work_while_idle(db)
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise
            self._write_trouble = f"cannot write the ledger: {error}; retrying"
            self._report_following()
            retry = threading.Timer(_RETRY_SECONDS, self.rescan)
            retry.daemon = True
            retry.start()

    def _notice(self, words: str) -> None:
        """Show the watcher's messages: an error until it is resolved, anything else once."""
        watcher = self._watcher
        if watcher is not None and words not in (watcher.failure, watcher.absence) and self._listener is not None:
            self._listener.take_notice(words)
        self._report_following()

    def _report_following(self) -> None:
        """Report what prevents writing to the ledger, or that all is well; a missing folder prevents nothing."""
        failure = self._write_trouble or (self._watcher.failure if self._watcher else "")
        if _is_locked(failure):
            phase, words = Phase.BUSY, _LOCKED_WORDS
        elif failure:
            phase, words = Phase.FAILED, failure
        else:
            phase, words = Phase.LIVE, self._watcher.absence if self._watcher else ""
        self._set_following(Health(phase, words))

    # -- reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        db: sqlite3.Connection | None = None
        path = self._ledger or ledger_path()
        file: tuple[int, int] | None = None
        reader = SnapshotReader(self._looked_in, self._request_reread)
        seen: object = None  # state that the last snapshot was made from
        read_at = 0
        took = 0.0
        while not self._stop.is_set():
            self._wake_reader.clear()
            request = self._request
            try:
                if db is not None and file_of(path) != file:
                    # The ledger was removed or replaced: close everything that reads the old file, then start again.
                    db.close()
                    db, seen = None, None
                    reader.end()
                    reader = SnapshotReader(self._looked_in, self._request_reread)
                    self._set_following(Health())
                    self._stop.wait(_RETRY_SECONDS)
                    self._restart.set()
                    self.rescan()
                if db is None:
                    db = open_ledger(path, busy_seconds=_BUSY_SECONDS)
                    file = file_of(path)
                version = int(db.execute("PRAGMA data_version").fetchone()[0])
                now = self._clock()
                made_from = version, request, self._rereads, file_stamp(settings_path())
                if seen != made_from or _is_stale(read_at, now):
                    began = time.monotonic()
                    snapshot = reader.read(db, request, now)
                    seen, read_at = made_from, now
                    took = time.monotonic() - began
                    if self._reading_trouble is not None:
                        self._set_reading_trouble(None)
                    self._hand_over(snapshot)
            except Exception as error:  # noqa: BLE001 -- one odd row must not end the feed: it is said, and tried again
                self._set_reading_trouble(self._trouble(error))
                self._stop.wait(_RETRY_SECONDS)
            self._wait_for_change(took, request)
        reader.end()
        if db is not None:
            db.close()

    def _wait_for_change(self, took: float, request: ViewRequest) -> None:
        """Wait for a change, at most twice as long as the last reading took, so that keys get two thirds of the time.

        A new request ends the wait once its screen has been drawn.
        """
        until = time.monotonic() + min(2 * took, _LONGEST_WAIT_SECONDS)
        while self._wake_reader.wait(_POLL_SECONDS) and not self._stop.is_set():
            if self._request != request:
                self._stop.wait(_DRAW_SECONDS)
                return
            if time.monotonic() >= until:
                return
            self._wake_reader.clear()
            self._stop.wait(0.02)

    def _trouble(self, error: Exception) -> Health:
        try:
            kept = replace_if_damaged(self._ledger or ledger_path(), error, busy_seconds=_BUSY_SECONDS)
        except LedgerError as failure:
            kept, error = None, failure
        if kept is not None and self._listener is not None:
            self._listener.take_notice(
                f"the ledger was damaged: it is kept as {kept.name}, and a new one has what could be read"
            )
        text = str(error)
        if _is_locked(text):
            return Health(Phase.BUSY, _LOCKED_WORDS)
        return Health(Phase.FAILED, text if isinstance(error, LedgerError) else f"cannot read the ledger: {text}")


def _is_stale(read_at: int, now: int) -> bool:
    """Whether figures have become too old, by the wall clock: it runs on during sleep, and may be set."""
    return abs(now - read_at) > _MAX_AGE_MS or local(now).date() != local(read_at).date()


def _is_locked(words: str) -> bool:
    """Whether the error only says that another program holds the ledger."""
    return "database is locked" in words or "database is busy" in words


class _StoppedError(Exception):
    """The user quit during the initial ingest."""
