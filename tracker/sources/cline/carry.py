"""What a file's read state remembers, so that reading a rewritten file again emits only new records.

A task's file is rewritten several times per request; without this the ledger would merge all its calls each time.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from store.records import Batch
from tracker.sources.cline.deleted import Seen

_DIGEST_BYTES = 8
_KINDS = ("sessions", "chains", "calls", "turns", "tools", "events", "totals")  # of records in a batch


class StartedBy(NamedTuple):
    """What started a subagent: the turn it works for and the tool call that made it."""

    turn: str | None
    tool_use: str | None


class Carry(msgspec.Struct, array_like=True):
    """Private part of a read state."""

    seen: Seen = msgspec.field(default_factory=Seen)
    emitted: bytes = b""  # digests of the records that the last read emitted or dropped
    origin: StartedBy | None = None  # of a subagent, once found
    compaction: bytes = b""


_ENCODER = msgspec.msgpack.Encoder()


def drop_emitted(batch: Batch, carry: Carry) -> None:
    """Remove from `batch` the records that were emitted before, and remember the digests of all."""
    emitted = {carry.emitted[start : start + _DIGEST_BYTES] for start in range(0, len(carry.emitted), _DIGEST_BYTES)}
    now: set[bytes] = set()
    for kind in _KINDS:
        fresh = []
        for record in getattr(batch, kind):
            content = type(record).__name__.encode() + _ENCODER.encode(record)
            digest = blake2b(content, digest_size=_DIGEST_BYTES).digest()
            now.add(digest)
            if digest not in emitted:
                fresh.append(record)
        setattr(batch, kind, fresh)
    carry.emitted = b"".join(sorted(now))
