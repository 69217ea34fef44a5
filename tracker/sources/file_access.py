"""Listing and opening record files safely: there may be anything under such a name (a pipe, a dead link, a folder)."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_NOWHERE = frozenset((errno.ENOENT, errno.ELOOP))
_LARGEST_INTEGER = (1 << 63) - 1  # what an SQLite column holds


def leads_nowhere(error: OSError) -> bool:
    """Whether the file is simply not there: gone since it was listed, or a dead or circular link."""
    return error.errno in _NOWHERE


def is_folder(path: Path) -> bool:
    """Whether there is a folder. One that may not be read counts, so that listing it reports that."""
    try:
        return path.is_dir()
    except PermissionError:
        return True


def is_there(path: Path) -> bool:
    """Whether there is anything of that name. In a folder that may not be entered nothing is."""
    try:
        return path.exists()
    except PermissionError:
        return False


def inode_of(facts: os.stat_result) -> int:
    """The number by which a file is told from one that takes its place; of those with more than 63 bits, the last."""
    return facts.st_ino & _LARGEST_INTEGER


def entry_facts(entry: os.DirEntry[str]) -> os.stat_result:
    """What an entry of a folder leads to, with its number, which Windows does not list."""
    facts = entry.stat()
    return facts if facts.st_ino else os.stat(entry.path)


def raise_problems(problems: list[OSError]) -> None:
    """Raise what could not be listed, all in one, now that everything else was."""
    if problems:
        raise ExceptionGroup("not everything could be listed", problems)


def open_regular(path: str) -> tuple[FileIO, os.stat_result]:
    """A file opened to read, unbuffered, and what it is; the caller closes it.

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
