"""Ingests new records: finds transcripts, resumes each at its saved offset, writes records and read state together.

Several processes may ingest at once. A file's read state has a version: a process that finds a newer one discards what
it read and starts over with that file, so nothing is counted twice and nothing is lost.
"""

import gc
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from store.files import Advance, advance, known_files, mark_gone, read_state
from store.ledger import begin, open_ledger, transaction, unless_busy
from store.spend import refresh_spend, sum_up_changed
from store.write import Writer
from tracker.reprice import list_price
from tracker.sources.base import FoundFile, Options, Piece, ReadState, Sources

# With fewer bytes to read, starting worker processes costs more than it saves.
_PARALLEL_BYTES = 24 << 20
_ROUNDS = 3
# A batch is written after this much reading. Larger batches rewrite fewer pages, smaller ones need less memory. The
# time limit keeps progress visible where reading is slow.
_BATCH_BYTES, _BATCH_SECONDS = 32 << 20, 0.5
# While another process holds the write lock, reading goes on up to this many buffered bytes.
_MAX_BUFFERED_BYTES = 64 << 20


class PendingFile(NamedTuple):
    """A file with unread data, and how far it was read before."""

    source: int  # its index in the sources
    file: FoundFile
    state: ReadState | None
    version: int


class IngestJob(NamedTuple):
    """Files to ingest, and the sources and options to read them with."""

    sources: Sources
    files: Sequence[PendingFile]
    options: Options

    @property
    def bytes(self) -> int:
        """Bytes to read."""
        return sum(map(unread_bytes, self.files))

    def progress(self, *done: "SyncReport") -> "Progress":
        """Combined progress of the workers."""
        files = sum(part.files for part in done)
        return Progress(files, len(self.files), sum(part.bytes for part in done), self.bytes)


class Progress(NamedTuple):
    """Progress of an ingest."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int

    @property
    def share(self) -> float:
        """Share of the bytes that were read, 0..1; 1 if there were none to read."""
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
        """Add a worker's counts, but not its time: workers run in parallel."""
        self.files += part.files
        self.bytes += part.bytes
        self.new_calls += part.new_calls
        self.bad_lines += part.bad_lines
        for problem in part.problems:
            add_problem(self.problems, problem)


def sync(
    db: sqlite3.Connection,
    sources: Sources,
    options: Options,
    *,
    pending: list[PendingFile] | None = None,
    report: SyncReport | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> SyncReport:
    """Ingest everything new under the sources' roots, in this process. Large imports: `sync_in_parallel`.

    `pending`, `report`: results of a `find_pending` call just before, if there was one.
    """
    started = time.monotonic()
    report = report or SyncReport()
    if pending is None:
        pending = find_pending(db, discover_files(sources, report.problems))
    with no_garbage_collection():
        for _ in range(_ROUNDS):
            job = IngestJob(sources, pending, options)
            for done in ingest_files(db, job, range(len(pending))):
                on_progress(job.progress(done))
            report.add(done)
            if done.files == len(pending):
                break  # otherwise another process wrote one of them first
            pending = find_pending(db, discover_files(sources, report.problems))
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
    under_dashboard: bool = False,
) -> sqlite3.Connection:
    """`sync` with `workers` processes; None starts as many as pay off.

    Returns the connection to continue with: `db` is closed before a fork. `under_dashboard` nothing forks, and `db`
    stays open.
    """
    pending: list[PendingFile] | None = find_pending(db, discover_files(sources, report.problems))
    job = IngestJob(sources, pending or (), options)
    count = workers_for(job) if workers is None else workers
    if count > 1 and pending:
        from tracker.ingest_workers import ingest_in_processes

        refresh_spend(db)  # records the time zone, so that the workers' daily sums are valid
        if not under_dashboard:
            db.close()
        ingest_in_processes(ledger, job, count, report, on_progress, under_dashboard=under_dashboard)
        if not under_dashboard:
            db = open_ledger(ledger)
        pending = None
    sync(db, sources, options, pending=pending, report=report, on_progress=on_progress)
    return db


def workers_for(job: IngestJob) -> int:
    """How many processes pay off: one per core if there is much to read, else 0."""
    if len(job.files) < 2 or job.bytes < _PARALLEL_BYTES:
        return 0
    return min(os.cpu_count() or 1, 8)


def discover_files(sources: Sources, problems: list[str]) -> Iterator[tuple[int, FoundFile]]:
    """Every file that can be ingested, with the index of its source; the others are added to `problems`."""
    for index, (source, roots) in enumerate(sources):
        for root in roots:
            try:
                for file in source.discover(root):
                    if _is_text(file.path):
                        yield index, file
                    else:
                        add_problem(problems, f"{file.path!r}: a name that is not UTF-8")
            except* OSError as found:
                for error in found.exceptions:
                    if isinstance(error, OSError):
                        add_problem(problems, f"{error.filename or root}: {error.strerror or error}")


def find_pending(db: sqlite3.Connection, files: Iterable[tuple[int, FoundFile]]) -> list[PendingFile]:
    """The new and changed files, most unread bytes first. Marks vanished files as gone; their rows stay."""
    known = known_files(db)
    pending: list[PendingFile] = []
    seen: set[str] = set()
    for index, file in files:
        if file.path in seen:
            continue
        seen.add(file.path)
        row = known.get(file.path)
        if row is not None and row[:3] == file[3:] and not row.gone:
            continue
        version, state = read_state(db, file.path)
        known_state = msgspec.msgpack.decode(state, type=ReadState) if state else None
        pending.append(PendingFile(index, file, known_state, version))
    vanished = [path for path, row in known.items() if path not in seen and not row.gone and not os.path.exists(path)]
    if vanished:
        with transaction(db):
            mark_gone(db, vanished)
    pending.sort(key=unread_bytes, reverse=True)
    return pending


def _is_text(path: str) -> bool:
    """Whether a file name is valid UTF-8; the ledger cannot store any other."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unread_bytes(pending: PendingFile) -> int:
    """Bytes after the saved offset; the whole file if it shrank."""
    size, offset = pending.file.size, pending.state.offset if pending.state else 0
    return size - offset if size >= offset else size


def ingest_files(db: sqlite3.Connection, job: IngestJob, indices: Iterable[int]) -> Iterator[SyncReport]:
    """Read the job's files at `indices` and write them in batches, one transaction each.

    Yields the totals so far, after each batch and at the end. Files that another process wrote first do not count.
    """
    writer = _BatchWriter(db, job)
    problems: list[str] = []
    batch: list[tuple[int, Piece]] = []
    batch_bytes = files = 0
    since = time.monotonic()
    for index in indices:
        for piece in read_file(job, index, problems):
            batch.append((index, piece))
            batch_bytes += piece.state.offset
            is_due = batch_bytes >= _BATCH_BYTES or time.monotonic() - since > _BATCH_SECONDS
            if is_due and writer.write(batch, wait=batch_bytes >= _MAX_BUFFERED_BYTES):
                yield writer.so_far(files, problems)
                batch, batch_bytes, since = [], 0, time.monotonic()
        files += 1
    if batch:
        writer.write(batch, wait=True)
    yield writer.so_far(files, problems)


class _BatchWriter:
    """Writes batches of pieces with their files' read states, and counts them."""

    def __init__(self, db: sqlite3.Connection, job: IngestJob) -> None:
        self._db = db
        self._files = list(job.files)
        self._writer = Writer(db, partial(list_price, job.options.pricer))
        self._lost: set[int] = set()  # files that another process wrote first
        self._bytes = 0
        self._joined = 0  # change in the number of calls from merging duplicates
        self._bad_lines = 0

    def so_far(self, files: int, problems: list[str]) -> SyncReport:
        """Totals after `files` files were read; `problems` says why others could not be."""
        new_calls = self._writer.new_calls + self._joined
        return SyncReport(files - len(self._lost), self._bytes, new_calls, self._bad_lines, problems=[*problems])

    def write(self, pieces: Iterable[tuple[int, Piece]], *, wait: bool) -> bool:
        """Write these pieces, each with its file's index, in one transaction.

        Returns False, with nothing written, if another process holds the write lock and `wait` is not set.
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
        before = self._files[index]
        file, state = before.file, piece.state
        position = Advance(
            file.path, file.agent, file.kind, state.inode, state.size, state.mtime_ns, msgspec.msgpack.encode(state),
            piece.batch.bad_lines, piece.from_start,
        )  # fmt: skip
        if not advance(self._db, position, before.version):
            self._lost.add(index)
            return
        self._writer.write(piece.batch)
        after = before._replace(state=state, version=before.version + 1)
        self._files[index] = after
        self._bytes += unread_bytes(before) - unread_bytes(after)
        self._bad_lines += piece.batch.bad_lines


def _begin(db: sqlite3.Connection, *, wait: bool) -> bool:
    with nullcontext() if wait else unless_busy(db):
        begin(db)
    return db.in_transaction


def read_file(job: IngestJob, index: int, problems: list[str]) -> Iterator[Piece]:
    """The pieces of the file at `index`; an error that stops reading is added to `problems`."""
    pending, price = job.files[index], job.options.pricer.price
    try:
        for piece in job.sources[pending.source][0].read(pending.file, pending.state, job.options):
            used = {call.price_id for call in piece.batch.calls}
            piece.batch.prices = [price(price_id) for price_id in used if price_id is not None]
            yield piece
    except FileNotFoundError:
        pass  # deleted between listing and reading
    except OSError as error:
        add_problem(problems, f"{pending.file.path}: {error.strerror or error}")


def add_problem(problems: list[str], text: str) -> None:
    """Add a problem unless it is listed already."""
    if text not in problems:
        problems.append(text)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Decoding makes many short-lived objects and no cycles; garbage collection would take a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
