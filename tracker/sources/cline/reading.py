"""Reads a record file of Cline or Roo whole and tells what is new in it (CLINE section 1).

A file that is being rewritten reads as torn: nothing comes out, the state stays, and the next look tries again.
"""

from collections.abc import Iterator
from pathlib import Path

from store.records import Batch
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.cline import companions
from tracker.sources.cline.carry import Carry, decode_carry, encode_carry, leave_out_told
from tracker.sources.cline.classic import TaskReader
from tracker.sources.cline.dialect import ClineDialect, Dialect
from tracker.sources.cline.files import (
    API_HISTORY,
    MESSAGES_SUFFIX,
    TASK_HISTORY,
    TASK_METADATA,
    Kind,
    Whole,
    decode_elements,
    read_whole,
)
from tracker.sources.cline.prices import RecordingPricer
from tracker.sources.cline.roo import RooDialect, models_named
from tracker.sources.cline.rows import DECODE_ERRORS, TaskMetadata, decode_metadata
from tracker.sources.cline.sdk import Origin, TranscriptReader, origin_of
from tracker.sources.cline.sdk_rows import decode_transcript


def read(file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
    """One piece with what is new in the file since `state`; none while it is torn."""
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
    if kind == Kind.TRANSCRIPT:
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
