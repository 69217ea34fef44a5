"""Fixtures of the hook tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.spool_reader import ReaderLock


@pytest.fixture
def home(isolated_home: Path) -> Iterator[Path]:
    """A state folder at which a reader is at work, so that no hook starts an ingest of its own."""
    lock = ReaderLock(str(isolated_home))
    assert lock.acquire()
    yield isolated_home
    lock.release()
