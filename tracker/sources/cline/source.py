"""Finds the record files of Cline and Roo, and reads each whole when it has changed (CLINE section 1).

A file that is being rewritten reads as torn: nothing comes out, the state stays, and the next look tries again.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from store.records import Batch
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.cline import companions, places
from tracker.sources.cline.carry import Carry, decode_carry, encode_carry, leave_out_told
from tracker.sources.cline.classic import TaskReader
from tracker.sources.cline.dialect import ClineDialect, Dialect
from tracker.sources.cline.files import (
    API_HISTORY,
    COMPACTION_SUFFIX,
    HISTORY_ITEM,
    MESSAGES_SUFFIX,
    TASK_HISTORY,
    TASK_METADATA,
    UI_MESSAGES,
    Whole,
    decode_elements,
    is_readable,
    read_whole,
)
from tracker.sources.cline.prices import RecordingPricer
from tracker.sources.cline.roo import RooDialect, models_named
from tracker.sources.cline.rows import DECODE_ERRORS, TaskMetadata, decode_metadata
from tracker.sources.cline.sdk import Origin, TranscriptReader, origin_of
from tracker.sources.cline.sdk_rows import decode_transcript

_TASK, _HISTORY, _HISTORY_ITEM = "task", "history", "history-item"
_TRANSCRIPT, _AGENT, _MANIFEST, _COMPACTION = "sdk", "sdk-agent", "sdk-manifest", "sdk-compaction"


class ClineSource:
    """Both stores of Cline: the classic tasks and the SDK's sessions."""

    agent = "cline"

    def __init__(self, machine: places.Machine | None = None) -> None:
        self._machine = machine or places.this_machine()

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders that are not Roo's, else the known places of this machine that exist."""
        return places.given_roots(given, roo=False) if given else places.cline_roots(self._machine)

    def discover(self, roots: Sequence[Path]) -> Iterator[FoundFile]:
        """Tasks, histories, transcripts, manifests and compactions; never files of another name, which may hold keys.

        An unreadable folder does not hide the others: the first OSError is raised at the end.
        """
        listing = _Listing(self.agent)
        for root in roots:
            stores = places.stores_under(root)
            for folder in stores.tasks:
                yield from listing.below(folder, {UI_MESSAGES: _TASK})
            for folder in stores.sessions:
                for session in listing.folders(folder):
                    yield from listing.session(session)
            for history in stores.histories:
                yield from listing.one(history, _HISTORY)
        listing.raise_first()

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """One piece with what is new in the file; none while it is torn."""
        yield from _read(file, state, options)


class RooSource:
    """Roo Code's tasks."""

    agent = "roo"

    def __init__(self, machine: places.Machine | None = None) -> None:
        self._machine = machine or places.this_machine()

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders that are Roo's, else the known places of this machine that exist."""
        return places.given_roots(given, roo=True) if given else places.roo_roots(self._machine)

    def discover(self, roots: Sequence[Path]) -> Iterator[FoundFile]:
        """Each task's rows and its history item. An OSError is raised after everything else was listed."""
        listing = _Listing(self.agent)
        for root in roots:
            for folder in places.stores_under(root).tasks:
                yield from listing.below(folder, {UI_MESSAGES: _TASK, HISTORY_ITEM: _HISTORY_ITEM})
        listing.raise_first()

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """One piece with what is new in the file; none while it is torn."""
        yield from _read(file, state, options)


class _Listing:
    """Lists folders; keeps the first error for the end."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._problem: OSError | None = None

    def folders(self, parent: Path) -> list[Path]:
        """The folders in a folder."""
        return [Path(entry.path) for entry in self._entries(parent) if entry.is_dir()]

    def below(self, parent: Path, wanted: dict[str, str]) -> Iterator[FoundFile]:
        """The wanted files (name: kind) one level down."""
        for folder in self.folders(parent):
            for name, kind in wanted.items():
                yield from self.one(folder / name, kind)

    def session(self, folder: Path) -> Iterator[FoundFile]:
        """The files of one SDK session."""
        lead = f"{folder.name}{MESSAGES_SUFFIX}"
        for entry in self._entries(folder):
            path, name = Path(entry.path), entry.name
            if not is_readable(entry.path):
                continue
            if name.endswith(MESSAGES_SUFFIX):
                yield from self.one(path, _TRANSCRIPT if name == lead else _AGENT)
            elif name.endswith(COMPACTION_SUFFIX):
                yield from self.one(path, _COMPACTION)
            elif name == f"{folder.name}.json":
                yield from self.one(path, _MANIFEST)

    def one(self, path: Path, kind: str) -> Iterator[FoundFile]:
        """The file itself, if it is there."""
        try:
            facts = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._note(error)
            return
        yield FoundFile(str(path), self._agent, kind, facts.st_ino, facts.st_size, facts.st_mtime_ns)

    def raise_first(self) -> None:
        """Raise what went wrong, now that nothing more is to come."""
        if self._problem is not None:
            raise self._problem

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._note(error)
            return []

    def _note(self, error: OSError) -> None:
        self._problem = self._problem or error


def _read(file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
    whole = read_whole(file.path)
    if whole is None:
        return
    carry = decode_carry(state.carry if state is not None else b"")
    if state is not None and state.head == whole.digest:
        yield Piece(Batch(), whole.state(state.carry), from_start=False)
        return
    pricer = RecordingPricer(options.pricer)
    batch = _batch(file, whole, carry, options._replace(pricer=pricer))
    if batch is None:
        return
    leave_out_told(batch, carry)
    batch.prices = pricer.prices_of(batch.calls)
    yield Piece(batch, whole.state(encode_carry(carry)))


def _batch(file: FoundFile, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    """The records of a file as it stands, `carry` updated; None while it or one that it needs is torn."""
    path = Path(file.path)
    if file.kind == _TASK:
        return _task(path, file.agent, whole, carry, options)
    if file.kind in (_TRANSCRIPT, _AGENT):
        return _transcript(path, file.kind, whole, carry, options)
    if file.kind == _MANIFEST:
        return companions.read_manifest(whole.content, options)
    if file.kind == _COMPACTION:
        found = companions.read_compaction(whole.content, path.parent.name, carry.compaction)
        if found is None:
            return None
        batch, carry.compaction = found
        return batch
    if file.kind == _HISTORY:
        return companions.read_history(whole.content, options)
    return companions.read_history_item(whole.content, options)


def _task(path: Path, agent: str, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    rows = decode_elements(whole.content)
    if rows is None:
        return None
    dialect = _roo_dialect(path, whole) if agent == "roo" else _cline_dialect(path, whole)
    if dialect is None:
        return None
    reader = TaskReader(path.parent.name, dialect, options)
    for row in rows:
        reader.feed(row)
    return reader.finish(carry.seen)


def _cline_dialect(path: Path, whole: Whole) -> Dialect | None:
    metadata, history_model = TaskMetadata(), None
    beside = path.with_name(TASK_METADATA)
    if beside.exists():
        described = read_whole(str(beside))
        if described is None:
            return None
        try:
            metadata = decode_metadata(described.content)
        except DECODE_ERRORS:
            return None
    if not metadata.model_usage and b'"modelInfo"' not in whole.content:
        history = path.parent.parent.parent / "state" / TASK_HISTORY
        listed = read_whole(str(history)) if history.exists() else None
        history_model = companions.model_in_history(listed.content, path.parent.name) if listed else None
    return ClineDialect(metadata, history_model)


def _roo_dialect(path: Path, whole: Whole) -> Dialect | None:
    named: list[tuple[int, str]] | None = []
    beside = path.with_name(API_HISTORY)
    if b"<model>" not in whole.content and beside.exists():
        conversation = read_whole(str(beside))
        named = models_named(conversation.content) if conversation is not None else None
    return None if named is None else RooDialect(named)


def _transcript(path: Path, kind: str, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    try:
        transcript = decode_transcript(whole.content)
    except DECODE_ERRORS:
        return None
    session = path.parent.name
    if kind == _TRANSCRIPT:
        return TranscriptReader(session, "", options).read(transcript)
    if carry.origin is None:
        lead = path.with_name(f"{session}{MESSAGES_SUFFIX}")
        if lead.exists():
            told = read_whole(str(lead))
            origin = origin_of(told.content, whole.content) if told is not None else None
            if origin is None:
                return None
            if origin.turn is not None:
                carry.origin = (origin.turn, origin.tool_use)
    chain = path.name.removesuffix(MESSAGES_SUFFIX)
    return TranscriptReader(session, chain, options, Origin(*carry.origin) if carry.origin else None).read(transcript)
