"""File events of the system, under the names that listing gives.

Imports watchdog, which takes tens of milliseconds: only who follows the agents needs it.
"""

import os
import unicodedata
import warnings
from collections.abc import Callable

import watchdog.observers
from watchdog import events
from watchdog.observers.api import BaseObserver, ObservedWatch

Saw = Callable[[events.FileSystemEvent, str], None]  # an event and the path that it is about, on watchdog's own thread

_TOLD = [
    events.FileModifiedEvent,
    events.FileCreatedEvent,
    events.FileMovedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]


def started_observer() -> BaseObserver:
    """An observer at work that watches nothing yet; OSError where the system has no events to give."""
    # A folder that fills while watchdog takes it in is announced twice; the words would land on the user's screen.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
    observer = watchdog.observers.Observer()
    observer.start()
    return observer


def watch_folder(observer: BaseObserver, folder: str, place: str, saw: Saw) -> ObservedWatch:
    """Tell of all that happens below a folder; `place` is where it really is, since not every system follows a link.

    FileNotFoundError if it is gone; if it cannot be watched another OSError, on macOS a RuntimeError or SystemError.
    """
    return observer.schedule(_Handler(folder, place, saw), place, recursive=True, event_filter=_TOLD)


class _Handler(events.FileSystemEventHandler):
    def __init__(self, folder: str, place: str, saw: Saw) -> None:
        self._folder, self._place, self._saw = folder, place, saw

    def dispatch(self, event: events.FileSystemEvent) -> None:
        """Hand an event over."""
        path = os.fsdecode(event.dest_path or event.src_path)
        self._saw(event, self._folder + _behind(self._place, path))


def _behind(place: str, path: str) -> str:
    """What follows a folder's name in that of something in it; macOS spells the folder as on disk, we as given."""
    if not path.startswith(place):
        place, path = (unicodedata.normalize("NFC", one) for one in (place, path))
    return path[len(place) :]
