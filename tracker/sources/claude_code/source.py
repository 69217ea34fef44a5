"""Finds transcripts and reads them on from where the last read stopped."""

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.claude_code.reader import AGENT, Carry, FileReader

_UUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_WINDOW = 4096
_PIECE_BYTES = 8 << 20


class ClaudeCodeSource:
    """The transcripts under one or more configuration folders."""

    agent = AGENT

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders as they are, else those of this machine that exist (CLAUDE_CODE section 1.1)."""
        if given:
            return list(given)
        configured = os.environ.get("CLAUDE_CONFIG_DIR")
        if configured:
            candidates = [Path(part).expanduser() for part in configured.split(",") if part]
        else:
            candidates = [Path.home() / ".claude", Path.home() / ".config" / "claude"]
        return [folder for folder in candidates if (folder / "projects").is_dir()]

    def discover(self, roots: Sequence[Path]) -> Iterator[FoundFile]:
        """Every `.jsonl` at any depth below `projects`; links are followed once, vanished entries passed over."""
        for root in roots:
            yield from _walk(str(root / "projects"), set())

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """Read on; from the start if what was read before is no longer what the file begins with."""
        with open(file.path, "rb", buffering=1 << 18) as handle:
            facts = os.fstat(handle.fileno())
            size = facts.st_size
            if state is not None and not _continues(handle, state, facts):
                state = None
            carry = msgspec.msgpack.decode(state.carry, type=Carry) if state is not None else Carry()
            offset = state.offset if state is not None else 0
            stem = os.path.splitext(os.path.basename(file.path))[0]
            path_agent = stem[len("agent-") :] if stem.startswith("agent-") else None
            session = stem if _UUID.match(stem) else _parent_session(file.path)
            reader = FileReader(path_agent, session, options, carry)
            while True:
                stop = _read_lines(handle, offset, size, reader)
                batch = reader.take()
                done = stop >= size or stop == offset or not _more(handle, stop, size)
                head, tail = _fingerprint(handle, stop)
                yield Piece(
                    batch,
                    ReadState(
                        facts.st_ino,
                        size if done else stop,
                        facts.st_mtime_ns if done else 0,
                        stop,
                        head,
                        tail,
                        msgspec.msgpack.encode(reader.carry),
                    ),
                    offset == 0,
                )
                if done:
                    return
                offset = stop


def _walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            try:
                if entry.name.endswith(".jsonl"):
                    facts = entry.stat()
                    yield FoundFile(entry.path, AGENT, "transcript", facts.st_ino, facts.st_size, facts.st_mtime_ns)
                elif entry.is_dir():
                    if entry.is_symlink():
                        facts = entry.stat()
                        if (facts.st_dev, facts.st_ino) in seen:
                            continue
                        seen.add((facts.st_dev, facts.st_ino))
                    yield from _walk(entry.path, seen)
            except FileNotFoundError:
                continue


def _parent_session(path: str) -> str | None:
    """Session id in the folder of a subagent's file (`<session>/subagents/…`), None in older layouts."""
    parts = path.replace("\\", "/").split("/")
    if "subagents" in parts:
        before = parts[parts.index("subagents") - 1]
        if _UUID.match(before):
            return before
    return None


def _read_lines(handle: BinaryIO, offset: int, size: int, reader: FileReader) -> int:
    """Feed whole lines from `offset` up to a piece's worth; returns the offset behind the last one taken."""
    handle.seek(offset)
    feed = reader.feed
    end = min(size, offset + _PIECE_BYTES)
    for raw in handle:
        if raw[-1] != 10 and not _whole(raw):
            break
        feed(raw, offset)
        offset += len(raw)
        if offset >= end:
            break
    return offset


def _whole(raw: bytes) -> bool:
    """True for a last line without newline that is complete all the same: an object that closes."""
    if not raw.rstrip().endswith(b"}"):
        return False
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _more(handle: BinaryIO, offset: int, size: int) -> bool:
    """Whether another whole line begins at `offset`."""
    if offset >= size:
        return False
    handle.seek(offset)
    raw = handle.readline()
    return raw.endswith(b"\n") or _whole(raw)


def _fingerprint(handle: BinaryIO, offset: int) -> tuple[bytes, bytes]:
    """Digests of the first and the last stretch before `offset`."""
    handle.seek(0)
    head = handle.read(min(_WINDOW, offset))
    handle.seek(max(0, offset - _WINDOW))
    tail = handle.read(min(_WINDOW, offset))
    return blake2b(head, digest_size=8).digest(), blake2b(tail, digest_size=8).digest()


def _continues(handle: BinaryIO, state: ReadState, facts: os.stat_result) -> bool:
    """False if the file is another one, shrank, or changed before the offset (section 8, point 14)."""
    if facts.st_ino != state.inode or facts.st_size < state.offset:
        return False
    if facts.st_size == state.size and facts.st_mtime_ns != state.mtime_ns and state.mtime_ns:
        return False  # touched without growing: rewritten in place, or the client's heartbeat; a re-read is cheap
    return _fingerprint(handle, state.offset) == (state.head, state.tail)
