"""Whether a file changed since one looked at it."""

from pathlib import Path

FileStamp = tuple[int, int, int]  # inode, time of the last change, size


def file_stamp(path: Path) -> FileStamp | None:
    """What changes whenever the file does; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
