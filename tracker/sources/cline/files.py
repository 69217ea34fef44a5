"""Reads whole files that Cline may be rewriting at the same time, and only files known to hold no API keys.

Cline rewrites its files in place (SDK store) or by rename (classic store), so a read may meet half a file. Such a
read counts as not made: the caller keeps its state and tries again (CLINE sections 2 and 3, "Write pattern").
"""

import os
import re
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from tracker.sources.base import ReadState
from tracker.sources.file_access import inode_of, open_regular

UI_MESSAGES = "ui_messages.json"
TASK_METADATA = "task_metadata.json"
API_HISTORY = "api_conversation_history.json"
TASK_HISTORY = "taskHistory.json"
HISTORY_ITEM = "history_item.json"
MESSAGES_SUFFIX = ".messages.json"
COMPACTION_SUFFIX = ".compaction.json"


class Kind:
    """Kinds of record files."""

    TASK = "task"
    HISTORY = "history"
    HISTORY_ITEM = "history-item"
    TRANSCRIPT = "sdk"
    AGENT = "sdk-agent"
    MANIFEST = "sdk-manifest"
    COMPACTION = "sdk-compaction"


_COMPANION_NAMES = frozenset({TASK_METADATA, API_HISTORY})
_PLAIN_NAMES = frozenset({UI_MESSAGES, TASK_HISTORY, HISTORY_ITEM}) | _COMPANION_NAMES
_SESSION_ID = re.compile(r"^\d{13}(?:_[\w-]+)?$")


class Whole(NamedTuple):
    """A file that was read whole, with its status at that moment."""

    content: bytes
    inode: int
    size: int
    mtime_ns: int
    digest: bytes

    def state(self, carry: bytes) -> ReadState:
        """The read state after all of this content has been ingested."""
        return ReadState(self.inode, self.size, self.mtime_ns, self.size, self.digest, b"", carry)


def is_readable(path: str) -> bool:
    """Whether this package may open `path`: an allowlist, since key files are stored next to the others."""
    file = Path(path)
    name = file.name
    if name in _PLAIN_NAMES:
        return True
    if name.endswith((MESSAGES_SUFFIX, COMPACTION_SUFFIX)):
        return ".tmp." not in name
    # A session's manifest is named after its folder; so might be a folder of settings.
    session = file.parent.name
    is_session = file.parent.parent.name == "sessions" or _SESSION_ID.match(session) is not None
    return is_session and name == f"{session}.json"


def is_listed(path: str) -> bool:
    """Whether `path` is listed as a record file, rather than read along with another one."""
    return is_readable(path) and os.path.basename(path) not in _COMPANION_NAMES


def read_whole(path: str) -> Whole | None:
    """The content of `path`; None if it is torn, changes under the read, or is gone.

    Raises OSError if the file cannot be read at all, ValueError if this package may not open it.
    """
    if not is_readable(path):
        raise ValueError(f"not a record file: {path}")
    try:
        handle, before = open_regular(path)
        with handle:
            content = handle.read()
            after = os.fstat(handle.fileno())
    except FileNotFoundError:
        return None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        return None
    if not content.rstrip().endswith((b"]", b"}")):
        return None
    digest = blake2b(content, digest_size=8).digest()
    return Whole(content, inode_of(after), after.st_size, after.st_mtime_ns, digest)
