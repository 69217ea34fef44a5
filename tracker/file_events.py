"""File system events, with paths spelled as in directory listings.

Imports watchdog, which takes tens of milliseconds; only watchers need it.
"""

import os
import unicodedata
import warnings
from collections.abc import Callable

import watchdog.observers
from watchdog import events
from watchdog.observers.api import BaseObserver, ObservedWatch

Saw = Callable[[events.FileSystemEvent, str], None]  # called with an event and its path, on watchdog's own thread

_TOLD = [
    events.FileModifiedEvent,
    events.FileCreatedEvent,
    events.FileMovedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]


def started_observer() -> BaseObserver:
    """A running observer that watches nothing yet; OSError if the system has no file events."""
    # A folder that fills while watchdog scans it causes a duplicate warning, which would be printed over the screen.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
    observer = watchdog.observers.Observer()
    observer.start()
    return observer


def watch_folder(observer: BaseObserver, folder: str, place: str, saw: Saw) -> ObservedWatch:
    """Watch everything below a folder; `place` is its real path, since not every system follows links.

    FileNotFoundError if it is gone. If it cannot be watched, another OSError, or on macOS RuntimeError or SystemError.
    """
    return observer.schedule(_Handler(folder, place, saw), place, recursive=True, event_filter=_TOLD)


class _Handler(events.FileSystemEventHandler):
    def __init__(self, folder: str, place: str, saw: Saw) -> None:
        self._folder, self._place, self._saw = folder, place, saw

    def dispatch(self, event: events.FileSystemEvent) -> None:
        """Pass an event on."""
        path = os.fsdecode(event.dest_path or event.src_path)
        self._saw(event, self._folder + _behind(self._place, path))


def _behind(place: str, path: str) -> str:
    """The part of `path` after the folder `place`; macOS may report the folder in another Unicode form."""
    if not path.startswith(place):
        place, path = (unicodedata.normalize("NFC", one) for one in (place, path))
    return path[len(place) :]
