"""Lists and opens record files safely: the name may belong to anything (a pipe, a dead link, a folder)."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_NOWHERE = frozenset((errno.ENOENT, errno.ELOOP))
_LARGEST_INTEGER = (1 << 63) - 1  # what an SQLite column holds


def is_missing(error: OSError) -> bool:
    """Whether the file does not exist: removed since it was listed, or a dead or circular link."""
    return error.errno in _NOWHERE


def is_folder(path: Path) -> bool:
    """Whether the path is a folder. True for one without permission, so that listing it reports the error."""
    try:
        return path.is_dir()
    except PermissionError:
        return True


def exists(path: Path) -> bool:
    """Whether the path exists; False in a folder without permission."""
    try:
        return path.exists()
    except PermissionError:
        return False


def inode_of(facts: os.stat_result) -> int:
    """The file's inode number (its low 63 bits), which changes when another file takes its place."""
    return facts.st_ino & _LARGEST_INTEGER


def entry_facts(entry: os.DirEntry[str]) -> os.stat_result:
    """The status of a directory entry's target, with its inode number, which Windows leaves out of listings."""
    facts = entry.stat()
    return facts if facts.st_ino else os.stat(entry.path)


def raise_problems(problems: list[OSError]) -> None:
    """Raise the collected listing errors, several as one group."""
    if problems:
        raise ExceptionGroup("not everything could be listed", problems)


def open_regular(path: str) -> tuple[FileIO, os.stat_result]:
    """A regular file opened for unbuffered reading, and its status; the caller closes it.

    OSError also for what is no regular file: opening a pipe would wait for its writer, for ever if there is none.
    """
    handle = open(path, "rb", buffering=0, opener=_open_at_once)  # noqa: SIM115 - handed on
    facts = os.fstat(handle.fileno())
    if not stat.S_ISREG(facts.st_mode):
        handle.close()
        raise OSError(errno.EINVAL, "not a regular file", path)
    return handle, facts


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has neither the flag nor such pipes
