"""What macOS does otherwise, as far as it can be shown here."""

import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

from store.ledger import open_ledger
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import take_in
from tests.unit.watch.conftest import Watching
from tracker.ingest import SyncReport, sync_in_parallel
from tracker.pricing import PriceBook
from tracker.sources.base import FoundFile, Options
from tracker.sources.claude_code import ClaudeCodeSource

CLAUDE = DATA / "s27_hidden_spend"


def test_processes_that_share_an_import_are_not_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork() -> int:
        raise AssertionError("macOS may end a forked process")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "fork", no_fork)
    path, report = tmp_path / "ledger.db", SyncReport()
    sources, told = [(ClaudeCodeSource(), [CLAUDE])], []
    db = sync_in_parallel(
        open_ledger(path), path, sources, Options(PriceBook()), report, told.append, workers=2
    )  # fmt: skip
    with closing(db), closing(open_ledger(tmp_path / "other.db")) as other:
        take_in(other, CLAUDE)
        assert differences(dump(db), dump(other)) == []
    assert (report.files, bool(told)) == (3, True)


class SpellsOtherwise(Observer):  # type: ignore[misc, valid-type]
    """Tells of events as FSEvents does: by the names on disk, where macOS keeps an accent apart from its letter."""

    def schedule(self, handler: Any, path: str, **options: Any) -> Any:
        """Watch a folder."""
        dispatch = handler.dispatch

        def told(event: FileSystemEvent) -> None:
            event.src_path = unicodedata.normalize("NFD", os.fsdecode(event.src_path))
            dispatch(event)

        handler.dispatch = told
        return super().schedule(handler, path, **options)


def test_events_below_a_home_with_an_accent_name_the_files_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = 0
    discover = ClaudeCodeSource.discover

    def counted(source: ClaudeCodeSource, root: Path) -> Iterator[FoundFile]:
        nonlocal listings
        listings += 1
        return discover(source, root)

    monkeypatch.setattr("watchdog.observers.Observer", SpellsOtherwise)
    monkeypatch.setattr(ClaudeCodeSource, "discover", counted)
    watching = Watching(tmp_path / "Jos\u00e9")
    one = Transcript(watching.claude_dir, project="/home/dev/shop")
    one.prompt("Some work").tool_turns([30_000])
    watching.start()
    before = listings
    for number in range(2, 6):
        one.tool_turns([30_000 + 100 * number])
        watching.wait_for(lambda number=number: watching.calls() == number)  # type: ignore[misc]
    assert listings == before, "all folders were looked through"
    watching.assert_complete()
    watching.db.close()
    watching.reader.close()
