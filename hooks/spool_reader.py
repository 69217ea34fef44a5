"""Reads the spool: renames the file, and removes it only once its lines have been processed.

If a reader dies, the next one processes the file it renamed. So a line may be seen twice, but never lost.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from hooks.places import READER_LOCK, SPOOL_FILE
from hooks.spool import MAX_BYTES, lock, open_private
from hooks.status_sample import STATUS_EVENT
from hooks.status_segments import LIMIT_WINDOWS
from store.samples import LimitReading, StatusSample

_TAKEN = ".taken"
_MAX_TAKEN_FILES = 8  # with more unprocessed ones, the spool is left in place and fills up
# Values that SQLite cannot store, or that are no path, are refused: an ingest would fail on them again and again.
_Integer = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]  # leaves room for sums
_Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\0]*\Z")]


class HookEvent(msgspec.Struct, frozen=True):
    """One hook event: what happened in which session and when (epoch ms)."""

    event: _Text
    at: _Integer
    session_id: _Text | None = None
    transcript_path: _Text | None = None
    source: _Text | None = None  # what caused a SessionStart
    nudge_id: _Text | None = None  # with the event NudgeShown
    agent: _Text | None = None  # None: Claude Code


class _StatusLine(msgspec.Struct):
    """The event STATUS_EVENT, as `status_sample.spool_record` makes it."""

    at: _Integer
    session_id: _Text
    cost_nano: _Integer | None = None
    started_at: _Integer | None = None
    five_hour_used_percent: float | None = None
    five_hour_resets_at: _Integer | None = None
    seven_day_used_percent: float | None = None
    seven_day_resets_at: _Integer | None = None

    def sample(self) -> StatusSample:
        """The line as a sample."""
        limits = [
            LimitReading(kind, used, getattr(self, f"{kind}_resets_at"))
            for kind in LIMIT_WINDOWS
            if (used := getattr(self, f"{kind}_used_percent")) is not None
        ]
        return StatusSample(self.session_id, self.at, self.cost_nano, self.started_at, limits)


_decode_event = msgspec.json.Decoder(HookEvent).decode
_decode_status_line = msgspec.json.Decoder(_StatusLine).decode


@dataclass(slots=True)
class Drained:
    """The content of the spool, in order of time."""

    events: list[HookEvent] = field(default_factory=list)
    samples: list[StatusSample] = field(default_factory=list)
    bad_lines: int = 0

    def transcripts(self) -> set[str]:
        """Paths of the transcripts that the events name, whether they exist or not."""
        return {event.transcript_path for event in self.events if event.transcript_path}


def folders_of(transcripts: Iterable[str]) -> list[Path]:
    """The Claude Code folders of `<folder>/projects/<slug>/<session>.jsonl`; none for files laid out otherwise."""
    places = {Path(path).parent.parent for path in transcripts}
    return sorted(place.parent for place in places if place.name == "projects" and place.is_dir())


class ReaderLock:
    """Held by the one process that is responsible for the spool: while it is held, hooks start no ingest.

    A watcher holds it as long as it runs. Any number of processes may still drain and ingest beside it.
    """

    def __init__(self, home: str) -> None:
        self._path = os.path.join(home, READER_LOCK)
        self._descriptor: int | None = None

    def acquire(self, wait_seconds: float = 0.0) -> bool:
        """Acquire the lock; False if another process holds it after the wait. OSError if home cannot be written."""
        if self._descriptor is not None:
            return True
        descriptor = open_private(self._path, os.O_RDWR)
        if not _lock_within(descriptor, wait_seconds):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_empty(home: str) -> bool:
    """Whether nothing in the spool is waiting to be read."""
    return not os.path.exists(os.path.join(home, SPOOL_FILE)) and not _taken_files(home)


@contextmanager
def drained(home: str) -> Iterator[Drained]:
    """Everything in the spool; the lines are removed when the block ends without an exception."""
    _take(home)
    held: list[tuple[int, str]] = []
    try:
        drain = Drained()
        for path in _taken_files(home):
            descriptor = _hold(path)
            if descriptor is not None:
                held.append((descriptor, path))
                _read(descriptor, drain)
        drain.events.sort(key=lambda event: event.at)
        yield drain
        for _, path in held:
            os.unlink(path)
    finally:
        for descriptor, _ in held:
            os.close(descriptor)


def _take(home: str) -> None:
    path = os.path.join(home, SPOOL_FILE)
    if len(_taken_files(home)) >= _MAX_TAKEN_FILES:
        return
    try:
        os.rename(path, f"{path}.{os.getpid()}-{time.time_ns()}{_TAKEN}")
    except FileNotFoundError:
        return


def _taken_files(home: str) -> list[str]:
    folder, name = os.path.split(os.path.join(home, SPOOL_FILE))
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    return [os.path.join(folder, one) for one in names if one.startswith(name) and one.endswith(_TAKEN)]


def _hold(path: str) -> int | None:
    """Open and lock a renamed file once no hook writes into it any more; None if another process holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    # A hook holds it for microseconds, another reader for longer.
    if not _lock_within(descriptor, 0.2) or os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    return descriptor


def _lock_within(descriptor: int, seconds: float) -> bool:
    """Lock an open file exclusively; False if another process holds it for all that time."""
    end = time.monotonic() + seconds
    while True:
        try:
            lock(descriptor, alone=True, waits=False)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.002)


def _read(descriptor: int, drain: Drained) -> None:
    raw = b""
    while chunk := os.read(descriptor, MAX_BYTES):
        raw += chunk
    for line in raw.split(b"\n"):
        if not line:
            continue
        try:
            event = _decode_event(line)
            if event.event == STATUS_EVENT:
                drain.samples.append(_decode_status_line(line).sample())
            else:
                drain.events.append(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            drain.bad_lines += 1
