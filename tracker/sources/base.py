"""The contract between sources and ingest.

A source finds files and reads them on from a state. The state is a byte offset and the little that must be carried
over; reading on from a state gives the same observations as reading from the start (DESIGN section 2).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from store.records import Batch
from tracker.pricing import PriceBook

# What decoders say of JSON that is torn, is no UTF-8, or is nested deeper than they go.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class FoundFile(NamedTuple):
    """A file to read, as the directory listing shows it."""

    path: str
    agent: str  # claude-code | cline | roo
    kind: str  # which reader of that source
    inode: int
    size: int
    mtime_ns: int


class ReadState(msgspec.Struct, array_like=True, frozen=True):
    """How far a file has been read. `carry` is private to the source; `head` and `tail` fingerprint what was read."""

    inode: int
    size: int
    mtime_ns: int
    offset: int = 0
    head: bytes = b""
    tail: bytes = b""
    carry: bytes = b""


class Piece(NamedTuple):
    """Observations from one stretch of a file, and the read state after it; both are stored in one transaction."""

    batch: Batch
    state: ReadState
    from_start: bool = True  # the stretch begins at the file's first byte


class Options(NamedTuple):
    """Options that every reader needs."""

    pricer: PriceBook
    prompt_chars: int = 200  # opening words kept of a prompt; 0 keeps none


class Source(Protocol):
    """A record format."""

    agent: str

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """Folders to search: the given ones, otherwise this machine's known ones that exist."""
        ...

    def discover(self, root: Path) -> Iterator[FoundFile]:
        """Yield the files to read under a root; then raise the OSErrors of folders that could not be listed."""
        ...

    def watched(self, root: Path) -> list[Path]:
        """The folders of a root that contain everything `discover` lists; the root itself while they do not exist."""
        ...

    def may_list(self, path: str) -> bool:
        """Whether `discover` may list a file of this name; file events of other names are ignored."""
        ...

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """Resume reading at `state` (None: from the start), in pieces of bounded size."""
        ...


Sources = Sequence[tuple[Source, Sequence[Path]]]  # each with its folders
