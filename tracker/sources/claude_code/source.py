"""Finds transcripts and resumes each at its saved offset."""

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from io import FileIO
from pathlib import Path

import msgspec

from tracker.claude_folders import configured_folders
from tracker.sources.base import DECODE_ERRORS, FoundFile, Options, Piece, ReadState
from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.lines import AGENT
from tracker.sources.claude_code.reader import FileReader
from tracker.sources.claude_code.subagent_facts import KIND, PREFIX, is_facts_file, read_facts
from tracker.sources.file_access import (
    entry_facts,
    inode_of,
    is_folder,
    is_missing,
    open_regular,
    raise_problems,
)

_UUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_WINDOW = 4096
_PIECE_BYTES = 8 << 20
_BLOCK_BYTES = 128 << 10  # small enough to be in the processor's cache still when it is decoded


def usual_folders() -> list[Path]:
    """The folders where this machine's client writes, whether they exist or not."""
    return configured_folders() or [Path.home() / ".claude", Path.home() / ".config" / "claude"]


class ClaudeCodeSource:
    """The transcripts under one or more configuration folders."""

    agent = AGENT

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders, otherwise those of this machine that exist (CLAUDE_CODE section 1.1)."""
        if given:
            return list(given)
        return [folder for folder in usual_folders() if is_folder(folder / "projects")]

    def discover(self, root: Path) -> Iterator[FoundFile]:
        """Every `.jsonl` and every subagent's `.meta.json` at any depth below `projects`.

        Links are followed once, vanished entries passed over. What cannot be listed is raised at the end, in a group of
        OSErrors, when everything else was.
        """
        problems: list[OSError] = []
        yield from _walk(str(root / "projects"), set(), problems)
        raise_problems(problems)

    def watched(self, root: Path) -> list[Path]:
        """`projects` and the links to folders in it, which file events do not follow; the root before any session."""
        projects = root / "projects"
        return [projects, *_linked_folders(projects)] if is_folder(projects) else [root]

    def may_list(self, path: str) -> bool:
        """Transcripts and what describes a subagent's: tool outputs are stored next to them."""
        return path.endswith(".jsonl") or is_facts_file(path)

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """Resume at the state's offset, or from the start if the file no longer begins with what was read."""
        if file.kind == KIND:
            yield from read_facts(file, _parent_session(file.path))
            return
        handle, facts = open_regular(file.path)
        with handle:
            buffer = bytearray(_BLOCK_BYTES)
            size = facts.st_size
            if state is not None and not _continues(handle, state, facts):
                state = None
            carry = msgspec.msgpack.decode(state.carry, type=Carry) if state is not None else Carry()
            offset = state.offset if state is not None else 0
            stem = os.path.splitext(os.path.basename(file.path))[0]
            path_agent = stem[len(PREFIX) :] if stem.startswith(PREFIX) else None
            session = stem if _UUID.match(stem) else _parent_session(file.path)
            reader = FileReader(stem, path_agent, session, options, carry)
            while True:
                stop = _read_lines(handle, offset, size, reader, buffer)
                batch = reader.take()
                done = stop >= size or stop == offset or not _fill(buffer, handle, stop, size)
                head, tail = _fingerprint(handle, stop)
                yield Piece(
                    batch,
                    ReadState(
                        inode_of(facts),
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


def _linked_folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_symlink() and is_folder(Path(entry.path))]
    except OSError:
        return []  # the scan tells of it


def _walk(folder: str, seen: set[tuple[int, int]], problems: list[OSError]) -> Iterator[FoundFile]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(error)
        return
    with entries:
        for entry in entries:
            try:
                is_transcript = entry.name.endswith(".jsonl")
                if is_transcript or is_facts_file(entry.name):
                    facts, kind = entry_facts(entry), "transcript" if is_transcript else KIND
                    yield FoundFile(entry.path, AGENT, kind, inode_of(facts), facts.st_size, facts.st_mtime_ns)
                elif entry.is_dir() and not _was_followed(entry, seen):
                    yield from _walk(entry.path, seen, problems)
            except OSError as error:
                if is_missing(error):
                    continue
                if isinstance(error, PermissionError) and not entry.is_symlink():
                    error.filename = folder  # it may be listed, but nothing in it may be looked at
                    problems.append(error)
                    return
                problems.append(error)


def _was_followed(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    """Whether the entry is a link to a folder that was already followed; remembers where it leads."""
    if not entry.is_symlink():
        return False
    facts = entry_facts(entry)
    place = (facts.st_dev, facts.st_ino)
    was_seen = place in seen
    seen.add(place)
    return was_seen


def _parent_session(path: str) -> str | None:
    """Session id in the folder of a subagent's file (`<session>/subagents/…`), None in older layouts."""
    parts = path.replace("\\", "/").split("/")
    if "subagents" in parts:
        before = parts[parts.index("subagents") - 1]
        if _UUID.match(before):
            return before
    return None


def _read_lines(handle: FileIO, offset: int, size: int, reader: FileReader, buffer: bytearray) -> int:
    """Feed whole lines from `offset`, up to one piece; returns the offset after the last one."""
    end = min(size, offset + _PIECE_BYTES)
    while offset < end:
        length = _fill(buffer, handle, offset, size)
        if not length:
            break
        reader.feed(buffer, length, offset)
        offset += length
    return offset


def _fill(buffer: bytearray, handle: FileIO, offset: int, size: int) -> int:
    """Read whole lines from `offset` into `buffer`, which grows if one line needs it; returns their length.

    0 if there is only the beginning of a line before `size`.
    """
    handle.seek(offset)
    filled = 0
    while True:
        with memoryview(buffer) as view:
            got = handle.readinto(view[filled : min(len(buffer), size - offset)])
        filled += got
        end = buffer.rfind(b"\n", filled - got, filled) + 1
        if end:
            return end
        if not got or offset + filled >= size:
            return filled if _whole(bytes(buffer[:filled])) else 0
        if filled == len(buffer):
            buffer.extend(bytes(len(buffer)))


def _whole(raw: bytes) -> bool:
    """True for a last line without newline that is complete all the same: every object on it closes."""
    if not raw.rstrip().endswith(b"}"):
        return False
    try:
        msgspec.json.decode(raw)
    except DECODE_ERRORS:
        from tracker.sources.claude_code.salvage import salvage  # imports json, and damage is rare

        return not salvage(raw)[1]
    return True


def _fingerprint(handle: FileIO, offset: int) -> tuple[bytes, bytes]:
    """Digests of the first and the last bytes before `offset`."""
    handle.seek(0)
    head = handle.read(min(_WINDOW, offset))
    handle.seek(max(0, offset - _WINDOW))
    tail = handle.read(min(_WINDOW, offset))
    return blake2b(head, digest_size=8).digest(), blake2b(tail, digest_size=8).digest()


def _continues(handle: FileIO, state: ReadState, facts: os.stat_result) -> bool:
    """False if the file is another one, shrank, or changed before the offset (section 8, point 14)."""
    if inode_of(facts) != state.inode or facts.st_size < state.offset:
        return False
    if facts.st_size == state.size and facts.st_mtime_ns != state.mtime_ns and state.mtime_ns:
        return False  # touched without growing: rewritten in place, or the client's heartbeat; a re-read is cheap
    return _fingerprint(handle, state.offset) == (state.head, state.tail)
