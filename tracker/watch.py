"""Ingests while the agents write: on file system events, or without them by scanning every two seconds.

Events only say which files to read. The read state is in the ledger, so a lost, duplicate or late event does no harm: a
full scan every half minute, and after anything unexpected, finds what was missed.
"""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from store.ledger import is_damage
from tracker.ingest import SyncReport, discover_files, find_pending, sync
from tracker.sources.base import FoundFile, Options, Sources
from tracker.sources.file_access import inode_of, is_folder

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver as Observer
    from watchdog.observers.api import ObservedWatch

_GATHER_SECONDS = 0.01  # debounce: one answer is several lines
_SCAN_SECONDS = 30.0
_POLL_SECONDS = 2.0
_ROOT_SECONDS = 2.0
_RETRY_SECONDS = 1.0


class WatchTargets(NamedTuple):
    """What to watch: record folders by source, and the options to read them with."""

    sources: Sources
    options_of: Callable[[sqlite3.Connection], Options]  # asked each time: the user may change them
    extra_paths: Sequence[Path] = ()  # further folders whose events trigger a sync: the hook spool
    find_sources: Callable[[], Sources] | None = None  # roots as of now, for agents that had none before


class Watcher:
    """Keeps a ledger up to date until stopped. Several may run on one ledger and share the work."""

    def __init__(
        self,
        db: sqlite3.Connection,
        targets: WatchTargets,
        *,
        on_sync: Callable[[SyncReport], None],
        on_notice: Callable[[str], None] = lambda _text: None,
        force_polling: bool = False,
    ) -> None:
        """`db` is used only on the thread of `run`. `on_sync` is called there after each sync, changes or not.

        `on_notice` gets a sentence on anything the user should know (polling, unreadable folders).
        """
        self._db = db
        self._sources = targets.sources
        self._targets = targets
        self._on_sync = on_sync
        self._on_notice = on_notice
        self._polling = force_polling
        self._is_blind = False  # a folder cannot be watched, so scan often
        self.failure = ""  # why the ledger currently cannot be written
        self._next_roots = 0.0  # monotonic time of the next check of the roots
        self._changed: set[str] = set()
        self._ended: set[str] = set()  # folders deleted since the last check of the roots
        self._look = threading.Event()
        self._scan = True
        self._lock = threading.Lock()
        self._noticed: set[str] = set()
        self._gone: set[Path] = set()
        self._index: dict[str, tuple[int, FoundFile]] = {}
        self._watched: dict[str, tuple[int, ObservedWatch]] = {}  # folder -> (inode, watch)

    def wake(self) -> None:
        """Scan everything now; may be called from any thread."""
        self._scan = True
        self._look.set()

    @property
    def absence(self) -> str:
        """A sentence on which folders are currently gone; "" if none."""
        gone = ", ".join(sorted(str(root) for root in self._gone))
        if len(self._gone) > 1:
            return f"{gone} are gone; what was read of them is kept, and reading resumes when they come back"
        return f"{gone} is gone; what was read of it is kept, and reading resumes when it comes back" if gone else ""

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; `wake` makes it notice at once."""
        observer = None if self._polling else self._start_observer()
        try:
            scanned = -_SCAN_SECONDS
            while not stop.is_set():
                if observer is not None and time.monotonic() >= self._next_roots:
                    self._add_new_roots()
                    self._watch_roots(observer)
                    self._next_roots = time.monotonic() + _ROOT_SECONDS
                is_watching = observer is not None and not self._is_blind
                next_scan = scanned + (_SCAN_SECONDS if is_watching else _POLL_SECONDS)
                if self._scan or time.monotonic() >= next_scan:
                    self._scan = False
                    self._sync(None, stop)
                    scanned = time.monotonic()
                    continue
                self._look.wait(min(next_scan, self._next_roots if observer else next_scan) - time.monotonic())
                if self._look.is_set() and not stop.is_set():
                    stop.wait(_GATHER_SECONDS)
                    self._look.clear()
                    with self._lock:
                        changed, self._changed = self._changed, set()
                    if changed and not self._scan:
                        self._sync(changed, stop)
        finally:
            if observer is not None:
                observer.stop()
                observer.join()

    # -- syncing ----------------------------------------------------------------------------------------------------

    def _sync(self, changed: set[str] | None, stop: threading.Event) -> None:
        """Sync the changed files, or everything if None or if a path is unknown. Waits a little after a failure."""
        try:
            options = self._targets.options_of(self._db)
            if changed is not None and changed <= self._index.keys():
                pending = find_pending(self._db, self._as_they_are(changed))
                report = sync(self._db, self._sources, options, pending=pending)
            else:
                self._add_new_roots()
                report = sync(self._db, self._sources, options)
                self._index = {file.path: (number, file) for number, file in discover_files(self._sources, [])}
                self._look_at_roots()
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise
            # Temporary, such as a full disk or a locked ledger. The read state did not advance, so nothing is lost.
            was_failing, self.failure = bool(self.failure), f"cannot write the ledger: {error}; retrying"
            if not was_failing:
                self._on_notice(self.failure)
            self._scan = True
            stop.wait(_RETRY_SECONDS)
            return
        if self.failure:
            self.failure = ""
            self._on_notice("the ledger can be written again")
        for problem in report.problems:
            self._notice(f"cannot read {problem}")
        self._on_sync(report)

    def _add_new_roots(self) -> None:
        """Add new roots; vanished ones stay, as they may come back."""
        if self._targets.find_sources is None:
            return
        new = [
            [root for root in found if root not in roots]
            for (_, roots), (_, found) in zip(self._sources, self._targets.find_sources(), strict=True)
        ]
        if any(new):
            self._sources = [
                (source, [*roots, *more]) for (source, roots), more in zip(self._sources, new, strict=True)
            ]
            self._next_roots = 0.0  # watch them at once

    def _look_at_roots(self) -> None:
        """Notify of each root that vanished or came back."""
        for root in {root for _, roots in self._sources for root in roots}:
            if is_folder(root) == (root not in self._gone):
                continue
            if root in self._gone:
                self._gone.remove(root)
                self._on_notice(f"{root} is back")
            else:
                self._gone.add(root)
                self._on_notice(self.absence)

    def _as_they_are(self, paths: set[str]) -> Iterator[tuple[int, FoundFile]]:
        """Known files with their current size and time; a missing one triggers a full scan."""
        for path in paths:
            number, known = self._index[path]
            try:
                facts = Path(path).stat()
            except OSError:
                self._scan = True
                continue
            yield number, known._replace(inode=inode_of(facts), size=facts.st_size, mtime_ns=facts.st_mtime_ns)

    def _notice(self, text: str) -> None:
        if text not in self._noticed:
            self._noticed.add(text)
            self._on_notice(text)

    # -- events -----------------------------------------------------------------------------------------------------

    def _start_observer(self) -> "Observer | None":
        from tracker.file_events import started_observer

        try:
            return started_observer()
        except OSError as error:
            self._tell_polling(error)
            return None

    def _watch_roots(self, observer: "Observer") -> None:
        """Watch every existing root; drop vanished ones until they come back."""
        wanted = {
            str(folder) for source, roots in self._sources for root in roots for folder in source.watched(root)
        } | {str(path) for path in self._targets.extra_paths}
        for folder, (inode, watch) in list(self._watched.items()):
            # A recreated folder may get the same inode; its deletion event tells them apart.
            if folder not in wanted or _inode(folder) != inode or folder in self._ended:
                observer.unschedule(watch)
                del self._watched[folder]
                self.wake()
        self._ended.clear()
        self._is_blind = False
        for folder in wanted - self._watched.keys():
            self._watch(observer, folder)

    def _watch(self, observer: "Observer", folder: str) -> None:
        """Watch a folder, unless it is gone or already watched under another name."""
        from tracker.file_events import watch_folder

        inode, place = _inode(folder), os.path.realpath(folder)
        if inode is None or any(watch.path == place for _, watch in self._watched.values()):
            return
        try:
            watch = watch_folder(observer, folder, place, self._saw)
        except FileNotFoundError:
            return  # gone again: retried at the next check
        except (OSError, RuntimeError, SystemError) as error:  # the last two occur on macOS
            self._tell_polling(error)
            self._is_blind = True
            return
        self._watched[folder] = (inode, watch)
        self.wake()

    def _tell_polling(self, error: Exception) -> None:
        self._notice(
            f"no file events ({getattr(error, 'strerror', None) or error}); looking every {_POLL_SECONDS:.0f} s instead"
        )

    def _saw(self, event: "FileSystemEvent", path: str) -> None:
        with self._lock:
            if event.is_directory:
                self._scan = True
                if event.event_type == "deleted":
                    self._ended.add(path)
            elif self._matters(path):
                self._changed.add(path)
            else:
                return
        self._look.set()

    def _matters(self, path: str) -> bool:
        """Whether a file is one that a source lists, or part of the hook spool."""
        return any(source.may_list(path) for source, _ in self._sources) or any(
            Path(path).is_relative_to(folder) for folder in self._targets.extra_paths
        )


def _inode(folder: str) -> int | None:
    """Inode of a folder; None if there is no folder."""
    try:
        facts = Path(folder).stat()
    except OSError:
        return None
    return facts.st_ino if stat.S_ISDIR(facts.st_mode) else None
