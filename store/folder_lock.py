"""Locks the ledger's folder: for opening the ledger or replacing its file, and for changing the settings."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def folder_lock(folder: Path, *, is_shared: bool) -> Iterator[None]:
    """Lock the ledger's folder, shared or exclusive; does nothing where the file system has no locks.

    SQLite finds a journal by the ledger's name: a process that opened the ledger while its files are renamed would
    combine one ledger with the other's journal.
    """
    descriptor = None
    with suppress(OSError, ImportError):
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
