"""Reads a whole record file of Cline or Roo and emits what is new in it (CLINE section 1).

A file that is being rewritten reads as torn: nothing comes out, the state stays, and the next read tries again.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from store.records import Agent, Batch
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.cline import companions
from tracker.sources.cline.carry import Carry, StartedBy, drop_emitted
from tracker.sources.cline.classic import TaskReader
from tracker.sources.cline.dialect import ClineDialect, Dialect, RooDialect, models_named
from tracker.sources.cline.files import (
    API_HISTORY,
    MESSAGES_SUFFIX,
    TASK_HISTORY,
    TASK_METADATA,
    Kind,
    Whole,
    is_readable,
    read_whole,
)
from tracker.sources.cline.rows import TaskMetadata, decode_elements, decode_metadata, decoded
from tracker.sources.cline.sdk import TranscriptReader, started_by
from tracker.sources.cline.sdk_rows import decode_transcript
from tracker.sources.file_access import is_missing

_Parsed = TypeVar("_Parsed")
# Nobody takes that long to rewrite a file: what is torn then was left so by a crash.
_REWRITE_SECONDS = 60


def read(file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
    """One piece with what is new in the file since `state`; none while it is torn."""
    whole = read_whole(file.path)
    if whole is None:
        return
    carry = msgspec.msgpack.decode(state.carry, type=Carry) if state is not None and state.carry else Carry()
    if state is not None and state.head == whole.digest:
        yield Piece(Batch(), whole.state(state.carry), from_start=False)
        return
    batch = _batch(file, whole, carry, options)
    if batch is None:
        return
    drop_emitted(batch, carry)
    yield Piece(batch, whole.state(msgspec.msgpack.encode(carry)))


def _batch(file: FoundFile, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    """The records of a file as it stands, `carry` updated; None while it or one that it needs is torn."""
    path = Path(file.path)
    if file.kind == Kind.TASK:
        return _task(path, file.agent, whole, carry, options)
    if file.kind in (Kind.TRANSCRIPT, Kind.AGENT):
        return _transcript(path, file.kind, whole, carry, options)
    if file.kind == Kind.MANIFEST:
        return companions.read_manifest(whole.content, options)
    if file.kind == Kind.COMPACTION:
        found = companions.read_compaction(whole.content, path.parent.name, carry.compaction)
        if found is None:
            return None
        batch, carry.compaction = found
        return batch
    if file.kind == Kind.HISTORY:
        return companions.read_history(whole.content, options)
    return companions.read_history_item(whole.content, options)


def _task(path: Path, agent: str, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    rows = decoded(decode_elements, whole.content)
    if rows is None:
        return None
    dialect = _roo_dialect(path) if agent == Agent.ROO else _cline_dialect(path, whole)
    if dialect is None:
        return None
    reader = TaskReader(path.parent.name, dialect, options)
    for row in rows:
        reader.feed(row)
    return reader.finish(carry.seen)


def _cline_dialect(path: Path, whole: Whole) -> Dialect | None:
    metadata = _companion(path.with_name(TASK_METADATA), partial(decoded, decode_metadata), TaskMetadata())
    if metadata is None:
        return None
    history_model = None
    if not metadata.model_usage and b'"modelInfo"' not in whole.content:
        history = path.parent.parent.parent / "state" / TASK_HISTORY
        listed = read_whole(str(history)) if history.exists() else None
        history_model = companions.model_in_history(listed.content, path.parent.name) if listed else None
    return ClineDialect(metadata, history_model)


def _roo_dialect(path: Path) -> Dialect | None:
    nobody: list[tuple[int, str]] = []
    named = _companion(path.with_name(API_HISTORY), models_named, nobody)
    return None if named is None else RooDialect(named)


def _companion(path: Path, read_from: Callable[[bytes], _Parsed | None], nothing: _Parsed) -> _Parsed | None:
    """A companion file's content: `nothing` if it is missing or stays torn, None while it may still be written."""
    try:
        written = path.stat().st_mtime
    except OSError as error:
        if is_missing(error):
            return nothing
        raise
    whole = read_whole(str(path))
    parsed = read_from(whole.content) if whole is not None else None
    return nothing if parsed is None and abs(time.time() - written) > _REWRITE_SECONDS else parsed


def _imported_until(manifest: Path) -> int | None:
    """Until when (epoch ms) a session or its fork's origin belongs to another agent; 0 if it does not, None if torn."""
    looked_in = set()
    until: int | None = 0
    while until == 0 and manifest not in looked_in and is_readable(str(manifest)):
        looked_in.add(manifest)
        until, parent = _companion(manifest, companions.began_with, (0, "")) or (None, "")
        manifest = manifest.parent.parent / parent / f"{parent}.json"
    return until


def _transcript(path: Path, kind: str, whole: Whole, carry: Carry, options: Options) -> Batch | None:
    transcript = decoded(decode_transcript, whole.content)
    if transcript is None:
        return None
    session = path.parent.name
    if kind == Kind.TRANSCRIPT:
        imported = _imported_until(path.with_name(f"{session}.json"))
        return None if imported is None else TranscriptReader(session, "", options).read(transcript, imported)
    if carry.origin is None:
        lead = path.with_name(f"{session}{MESSAGES_SUFFIX}")
        found = _companion(lead, lambda content: started_by(content, whole.content), StartedBy(None, None))
        if found is None:
            return None
        if found.turn is not None:
            carry.origin = found
    chain = path.name.removesuffix(MESSAGES_SUFFIX)
    return TranscriptReader(session, chain, options, carry.origin).read(transcript)
