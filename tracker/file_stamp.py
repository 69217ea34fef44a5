"""Detects changes of a file."""

from pathlib import Path

FileStamp = tuple[int, int, int]  # inode, time of the last change, size


def file_stamp(path: Path) -> FileStamp | None:
    """A value that changes whenever the file does; None if there is no file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
