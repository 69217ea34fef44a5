"""Reads the rows that our Cline plugin writes, one a model request (CLINE section 5.3).

A row has the id of the message that Cline's own record will have, so the two are one call; the record decides where
the call belongs. A row without its record is a call all the same: Cline's files may be gone before they were read.
"""

from collections.abc import Iterator, Sequence

import msgspec

from store.records import Agent, Batch, Call, Chain, CopyRank, Session
from tracker.sources.base import DECODE_ERRORS, FoundFile, Options, Piece, ReadState
from tracker.sources.cline.calls import Place, ServedBy, metered_call
from tracker.sources.cline.sdk_rows import Metrics
from tracker.sources.cline.tokens import UNKNOWN
from tracker.sources.file_access import inode_of, open_regular
from tracker.sources.times import sane_ms


class LiveRow(msgspec.Struct):
    """A line of `<session>.jsonl`; `parent` is the agent that started this one, absent for the session's own."""

    session: str
    agent: str
    id: str
    at: int
    metrics: Metrics
    parent: str | None = None
    model: str | None = None
    provider: str | None = None


decode_row = msgspec.json.Decoder(LiveRow).decode


def read(file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
    """One piece with the complete lines since `state`; an incomplete last line is left for the next read."""
    offset = state.offset if state is not None and state.inode == file.inode else 0
    handle, facts = open_regular(file.path)
    with handle:
        offset = offset if offset <= facts.st_size else 0
        handle.seek(offset)
        content = handle.read()
    whole = content[: content.rfind(b"\n") + 1]
    yield Piece(
        _batch(whole.splitlines(), options),
        ReadState(inode_of(facts), facts.st_size, facts.st_mtime_ns, offset + len(whole)),
        from_start=offset == 0,
    )


def _batch(lines: Sequence[bytes], options: Options) -> Batch:
    batch = Batch()
    for line in lines:
        try:
            row = decode_row(line)
            call = _call(row, options)
        except (*DECODE_ERRORS, ValueError):
            batch.bad_lines += 1
            continue
        batch.calls.append(call)
        batch.sessions.append(Session(Agent.CLINE, row.session, 0, row.at, row.at))
        kind = "subagent" if call.chain else "main"
        batch.chains.append(Chain(Agent.CLINE, row.session, call.chain, kind, row.at))
    return batch


def _call(row: LiveRow, options: Options) -> Call:
    if not (row.session and row.id and sane_ms(row.at)):
        raise ValueError("a row that names no request")
    place = Place(
        agent=Agent.CLINE,
        session=row.session,
        chain=row.agent if row.parent else "",
        turn=None,
        at=row.at,
        copy_rank=CopyRank.EMBEDDED,
    )
    served_by = ServedBy(row.model or UNKNOWN, row.provider or UNKNOWN)
    return metered_call(row.id, place, served_by, row.metrics, options)
