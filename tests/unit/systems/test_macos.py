"""What macOS does otherwise, as far as it can be shown here."""

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import take_in
from tracker.ingest import SyncReport, sync_in_parallel
from tracker.pricing import PriceBook
from tracker.sources.base import Options
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
    assert (report.files, bool(told)) == (2, True)
