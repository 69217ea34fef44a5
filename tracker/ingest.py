"""Takes in everything new: finds files, reads on where it stopped, writes each piece and its read state together.

Several processes may do this at once. A file's read state has a version: a process that finds a newer one drops what
it read and starts over with that file, so nothing is counted twice and nothing is lost.
"""

import gc
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from store.files import Advance, advance, known_files, mark_gone, read_state
from store.ledger import begin, open_ledger, transaction
from store.spend import refresh_spend, sum_up_changed
from store.write import Writer
from tracker.reprice import list_price
from tracker.sources.base import FoundFile, Options, Piece, ReadState, Sources

# Below this much to read, starting worker processes costs more than it saves.
_PARALLEL_BYTES = 24 << 20
_ROUNDS = 3
# What is read before it is written. Larger groups write fewer pages twice, smaller ones need less memory. Where reading
# is slow, one sees how far it has come.
_GROUP_BYTES, _GROUP_SECONDS = 32 << 20, 0.5
# While another process writes, one reads on up to this much.
_MOST_BYTES = 64 << 20


class PendingFile(NamedTuple):
    """A file with something new, and how far it was read before."""

    source: int  # its index in the sources
    file: FoundFile
    state: ReadState | None
    version: int


class Work(NamedTuple):
    """Files to be taken in, and what they are read with."""

    sources: Sources
    files: Sequence[PendingFile]
    options: Options

    @property
    def bytes(self) -> int:
        """What is to be read."""
        return sum(map(unread_bytes, self.files))

    def progress(self, *done: "SyncReport") -> "Progress":
        """How far those have come who share the work."""
        files = sum(one.files for one in done)
        return Progress(files, len(self.files), sum(one.bytes for one in done), self.bytes)


class Progress(NamedTuple):
    """How far an ingest has come."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int

    @property
    def share(self) -> float:
        """Of the bytes; there may be none."""
        return self.bytes_done / self.bytes if self.bytes else 1.0


class SyncReport(msgspec.Struct):
    """What an ingest did."""

    files: int = 0
    bytes: int = 0
    new_calls: int = 0
    bad_lines: int = 0
    seconds: float = 0.0
    problems: list[str] = []

    def add(self, part: "SyncReport") -> None:
        """Add what a part of the ingest did, except its time: parts run in parallel."""
        self.files += part.files
        self.bytes += part.bytes
        self.new_calls += part.new_calls
        self.bad_lines += part.bad_lines
        for problem in part.problems:
            note(self.problems, problem)


def sync(
    db: sqlite3.Connection,
    sources: Sources,
    options: Options,
    *,
    work: list[PendingFile] | None = None,
    report: SyncReport | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> SyncReport:
    """Read all that is new under the sources' roots into the ledger.

    `work`, `report`: what `find_work` gave just before, if it was called. Large imports: tracker.ingest_workers.
    """
    started = time.monotonic()
    report = report or SyncReport()
    if work is None:
        work = find_work(db, listed(sources, report.problems))
    with no_garbage_collection():
        for _ in range(_ROUNDS):
            shared = Work(sources, work, options)
            for done in take_share(db, shared, range(len(work))):
                on_progress(shared.progress(done))
            report.add(done)
            if done.files == len(work):
                break  # else another process got to one first
            work = find_work(db, listed(sources, report.problems))
        report.new_calls += refresh_spend(db)
    report.seconds += time.monotonic() - started
    return report


def sync_in_parallel(
    db: sqlite3.Connection,
    ledger: Path,
    sources: Sources,
    options: Options,
    report: SyncReport,
    on_progress: Callable[[Progress], None],
    *,
    workers: int | None = None,
    beside_a_screen: bool = False,
) -> sqlite3.Connection:
    """`sync` into the open `ledger`, in `workers` processes; None: as many as are worth starting.

    Returns the connection to go on with: before a fork `db` is closed, and nothing forks `beside_a_screen`.
    """
    work: list[PendingFile] | None = find_work(db, listed(sources, report.problems))
    shared = Work(sources, work or (), options)
    count = workers_for(shared) if workers is None else workers
    if count > 1 and work:
        from tracker.ingest_workers import read_in_processes

        refresh_spend(db)  # notes the time zone, so that the workers' sums stand
        if not beside_a_screen:
            db.close()
        read_in_processes(ledger, shared, count, report, on_progress, beside_a_screen=beside_a_screen)
        if not beside_a_screen:
            db = open_ledger(ledger)
        work = None
    sync(db, sources, options, work=work, report=report, on_progress=on_progress)
    return db


def workers_for(work: Work) -> int:
    """How many processes are worth starting: one a core for much to read, else none."""
    if len(work.files) < 2 or work.bytes < _PARALLEL_BYTES:
        return 0
    return min(os.cpu_count() or 1, 8)


def listed(sources: Sources, problems: list[str]) -> Iterator[tuple[int, FoundFile]]:
    """Every file that can be taken in, with the index of its source; what cannot be is added to `problems`."""
    for index, (source, roots) in enumerate(sources):
        for root in roots:
            try:
                for file in source.discover(root):
                    if _is_text(file.path):
                        yield index, file
                    else:
                        note(problems, f"{file.path!r}: a name that is not UTF-8")
            except* OSError as found:
                for error in found.exceptions:
                    if isinstance(error, OSError):
                        note(problems, f"{error.filename or root}: {error.strerror or error}")


def find_work(db: sqlite3.Connection, files: Iterable[tuple[int, FoundFile]]) -> list[PendingFile]:
    """The files that grew, changed or are new, largest first; marks files that vanished as gone, their rows stay."""
    known = known_files(db)
    work: list[PendingFile] = []
    met: set[str] = set()
    for index, file in files:
        if file.path in met:
            continue
        met.add(file.path)
        row = known.get(file.path)
        if row is not None and row[:3] == file[3:] and not row.gone:
            continue
        version, state = read_state(db, file.path)
        known_state = msgspec.msgpack.decode(state, type=ReadState) if state else None
        work.append(PendingFile(index, file, known_state, version))
    vanished = [path for path, row in known.items() if path not in met and not row.gone and not os.path.exists(path)]
    if vanished:
        with transaction(db):
            mark_gone(db, vanished)
    work.sort(key=unread_bytes, reverse=True)
    return work


def _is_text(path: str) -> bool:
    """False for a file name with bytes that are no UTF-8: the ledger could not hold it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unread_bytes(one: PendingFile) -> int:
    """Bytes that a file has grown by; all of it if it shrank."""
    offset = one.state.offset if one.state else 0
    return one.file.size - offset if one.file.size >= offset else one.file.size


def take_share(db: sqlite3.Connection, work: Work, indices: Iterable[int]) -> Iterator[SyncReport]:
    """Read the files at `indices` and write them in groups, a transaction each.

    Yields what was done so far, after each group and at the end. Files that another process got to first do not count.
    """
    intake = _Intake(db, work)
    problems: list[str] = []
    held: list[tuple[int, Piece]] = []
    held_bytes = files = 0
    since = time.monotonic()
    for index in indices:
        for piece in read_file(work, index, problems):
            held.append((index, piece))
            held_bytes += piece.state.offset
            is_group = held_bytes >= _GROUP_BYTES or time.monotonic() - since > _GROUP_SECONDS
            if is_group and intake.write(held, wait=held_bytes >= _MOST_BYTES):
                yield intake.so_far(files, problems)
                held, held_bytes, since = [], 0, time.monotonic()
        files += 1
    if held:
        intake.write(held, wait=True)
    yield intake.so_far(files, problems)


class _Intake:
    """Writes pieces, each with its file's state, and keeps count."""

    def __init__(self, db: sqlite3.Connection, work: Work) -> None:
        self._db = db
        self._files = list(work.files)
        self._writer = Writer(db, partial(list_price, work.options.pricer))
        self._lost: set[int] = set()  # files that another process got to first
        self._bytes = 0
        self._joined = 0  # the change in the number of calls by those that are found to be the same
        self._bad_lines = 0

    def so_far(self, files: int, problems: list[str]) -> SyncReport:
        """What was done once `files` files were read; `problems` kept others from being read."""
        new_calls = self._writer.new_calls + self._joined
        return SyncReport(files - len(self._lost), self._bytes, new_calls, self._bad_lines, problems=[*problems])

    def write(self, pieces: Iterable[tuple[int, Piece]], *, wait: bool) -> bool:
        """Write the next pieces of the files at these indices in one transaction.

        False, and nothing written, if another process is writing and `wait` is not set.
        """
        if not _begin(self._db, wait=wait):
            return False
        with self._db:
            for index, piece in pieces:
                self._put(index, piece)
            self._joined += sum_up_changed(self._db)
        return True

    def _put(self, index: int, piece: Piece) -> None:
        if index in self._lost:
            return
        one = self._files[index]
        file, state = one.file, piece.state
        position = Advance(
            file.path, file.agent, file.kind, state.inode, state.size, state.mtime_ns, msgspec.msgpack.encode(state),
            piece.batch.bad_lines, piece.from_start,
        )  # fmt: skip
        if not advance(self._db, position, one.version):
            self._lost.add(index)
            return
        self._writer.write(piece.batch)
        after = one._replace(state=state, version=one.version + 1)
        self._files[index] = after
        self._bytes += unread_bytes(one) - unread_bytes(after)
        self._bad_lines += piece.batch.bad_lines


def _begin(db: sqlite3.Connection, *, wait: bool) -> bool:
    patience_ms = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout = {patience_ms if wait else 0}")
    try:
        begin(db)
    except sqlite3.OperationalError as error:
        if wait or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return True


def read_file(work: Work, index: int, problems: list[str]) -> Iterator[Piece]:
    """The pieces of the file at `index`; what keeps it from being read is added to `problems`."""
    one, price = work.files[index], work.options.pricer.price
    try:
        for piece in work.sources[one.source][0].read(one.file, one.state, work.options):
            used = {call.price_id for call in piece.batch.calls}
            piece.batch.prices = [price(price_id) for price_id in used if price_id is not None]
            yield piece
    except FileNotFoundError:
        pass  # deleted between listing and reading: nothing was lost that could have been read
    except OSError as error:
        note(problems, f"{one.file.path}: {error.strerror or error}")


def note(problems: list[str], text: str) -> None:
    """Add a problem unless it is listed already."""
    if text not in problems:
        problems.append(text)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Decoding makes many short-lived objects and no cycles; collecting in between costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
