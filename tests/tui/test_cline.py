"""Cline on the screens: both agents together and apart, and what an opened task says of the provider."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.tui.fakes import NOW_MS, dashboard, drawn, settled
from tests.unit.sources.cline.writing import Rows, TaskFolder
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild
from tracker.sources.base import Options, Source
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.sources.cline import ClineSource
from tui.readers.all import SnapshotReader
from tui.snapshot import Snapshot, ViewRequest

TITLE = "Port the parser"


@pytest.fixture
def script(sample_claude_dir: Path, tmp_path: Path) -> Callable[[ViewRequest], Snapshot]:
    """Snapshots of a ledger with the sample sessions, and a task by OpenRouter that ran out of credit."""
    began = NOW_MS - 3_600_000
    task, rows = TaskFolder(tmp_path / ".cline", str(began)), Rows(began)
    rows.model = {"providerId": "openrouter", "modelId": "anthropic/claude-sonnet-4.5", "mode": "act"}
    refused = json.dumps({"message": "Insufficient credits", "status": 402})
    task.write(
        [
            rows.say("task", TITLE),
            rows.request(1000, 100, cost=0.05),
            rows.request(1000, 100, cost=0.05),
            rows.say("error_retry", json.dumps({"attempt": 1, "errorMessage": refused})),
        ]
    )
    db: sqlite3.Connection = open_ledger(tmp_path / "ledger.db")
    sources: list[tuple[Source, list[Path]]] = [
        (ClaudeCodeSource(), [sample_claude_dir]),
        (ClineSource(), [task.root]),
    ]
    sync(db, sources, Options(PriceBook()))
    rebuild(db)
    reader = SnapshotReader(())
    return lambda request: reader.read(db, request, NOW_MS)


async def test_the_spend_screen_has_a_line_an_agent(script: Callable[[ViewRequest], Snapshot]) -> None:
    app = dashboard(script, start="spend")
    lines = (await drawn(app, size=(140, 48))).splitlines()
    assert [line for line in lines if "claude-code" in line and "$" in line]
    assert [line for line in lines if "cline" in line and "$0.10" in line]


async def test_the_filter_leaves_one_agents_tasks_and_one_opened_says_what_the_provider_did(
    script: Callable[[ViewRequest], Snapshot],
) -> None:
    app = dashboard(script, start="tasks")
    async with app.run_test(size=(140, 48)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"cline", "enter")
        listed = await settled(pilot)
        await pilot.press("enter")
        opened = await settled(pilot)
    assert TITLE in listed
    assert " cc " not in listed
    assert "402 no credit left" in opened
    assert "The provider billed $0.1000" in " ".join(opened.split())
