"""The spool: one short line per hook event, which tells an ingest at once where new records are.

A line goes out in one write to a descriptor opened for appending, under a shared lock that a reader (spool_reader)
waits for: parallel hooks neither tear each other's lines nor write into a file that was already read. The spool is a
hint, not the record: lines hold what identifies an event, never a prompt or a tool's output, and when nobody reads,
it stops growing at MAX_BYTES.
"""

import os

from hooks.places import SPOOL_FILE
from hooks.quick_json import encode_flat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hooks.quick_json import Scalar

MAX_BYTES = 1 << 20
MAX_LINE_BYTES = 4096
_ATTEMPTS = 5


def append(home: str, record: "Mapping[str, Scalar]") -> bool:
    """Append one line; False if the spool is full or the line too long. OSError if the folder cannot be written."""
    line = encode_flat(record).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        return False
    path = os.path.join(home, SPOOL_FILE)
    for _ in range(_ATTEMPTS):
        descriptor = open_private(path, os.O_WRONLY | os.O_APPEND)
        try:
            if lock(descriptor) and not _still_there(descriptor, path):
                continue  # a reader took the file away between opening and locking
            if os.fstat(descriptor).st_size + len(line) > MAX_BYTES:
                return False
            return os.write(descriptor, line) == len(line)
        finally:
            os.close(descriptor)
    return False


def open_private(path: str, flags: int) -> int:
    """Open a file for writing, created with its folder if missing, for this user only; OSError if that fails."""
    try:
        return os.open(path, flags | os.O_CREAT, 0o600)
    except FileNotFoundError:
        make_private_folder(os.path.dirname(path))
        return os.open(path, flags | os.O_CREAT, 0o600)


def make_private_folder(path: str) -> None:
    """Create a folder and its missing parents, accessible to this user only."""
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        if parent and parent != path:
            make_private_folder(parent)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def lock(descriptor: int, *, alone: bool = False, waits: bool = True) -> bool:
    """Lock an open file, shared or exclusive (`alone`); False where there are no locks (Windows, some file systems).

    BlockingIOError if another process holds it, unless it `waits`.
    """
    try:
        import fcntl

        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return False
    return True


def _still_there(descriptor: int, path: str) -> bool:
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (named.st_ino, named.st_dev) == (opened.st_ino, opened.st_dev)
