"""What a Cline hook starts in the background: the ledger has the session, and what Cline writes after its event."""

import json
import sys
from pathlib import Path

import pytest

from hooks.install.commands import Program
from hooks.places import launcher
from hooks.spool_reader import is_empty
from store.ledger import open_ledger
from tests.unit.hooks.program import wait_for_rest, wait_until
from tests.unit.hooks_cline.conftest import run_as_cline
from tests.unit.sources.cline.writing import SessionFolder, metrics
from tracker.sources.cline.live_rows import rows_folder


@pytest.fixture
def session(user: Path) -> SessionFolder:
    """A session of the user's Cline with one answer."""
    session = SessionFolder(user / ".cline", "1795000000000_abcde")
    session.user("Go")
    session.answer(metrics(1_000, 10))
    session.write()
    return session


def run_hook(home: Path, event: str, session: str) -> None:
    """Run the hook with nothing at work that reads the spool."""
    program = Program(sys.executable, launcher(), str(home))
    payload = {"taskId": "conv_1", "sessionContext": {"rootSessionId": session}}
    assert run_as_cline(program, event, payload).returncode == 0


def calls() -> int:
    """Calls in the ledger."""
    return int(open_ledger().execute("SELECT COUNT(*) FROM call").fetchone()[0])


def test_what_cline_writes_after_its_event_is_ingested_too(isolated_home: Path, session: SessionFolder) -> None:
    run_hook(isolated_home, "TaskComplete", session.session)
    wait_until(lambda: calls() == 1)
    session.answer(metrics(2_000, 20))
    session.write()
    wait_for_rest(isolated_home)
    assert calls() == 2
    assert is_empty(str(isolated_home))


def test_an_event_of_cline_is_no_less_heard_beside_one_that_names_a_transcript(
    isolated_home: Path, session: SessionFolder, tmp_path: Path
) -> None:
    transcript = tmp_path / "claude" / "projects" / "-home-dev" / "5ea3b8df.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.touch()
    spool = isolated_home / "spool" / "events.jsonl"
    spool.parent.mkdir(parents=True)
    spool.write_text(json.dumps({"event": "Stop", "at": 1, "transcript_path": str(transcript)}) + "\n")
    run_hook(isolated_home, "TaskComplete", session.session)
    wait_until(lambda: calls() == 1)
    wait_for_rest(isolated_home)


def test_the_plugins_rows_are_ingested(isolated_home: Path, session: SessionFolder) -> None:
    rows = rows_folder(isolated_home, session.root)
    rows.mkdir(parents=True)
    row = {"session": session.session, "agent": "a", "id": "msg_unrecorded", "at": session.at + 1000}
    line = json.dumps({**row, "metrics": metrics(3_000, 30), "model": "m", "provider": "p"})
    (rows / f"{session.session}.jsonl").write_text(f"{line}\n")
    run_hook(isolated_home, "SessionShutdown", session.session)
    wait_until(lambda: calls() == 2)
    wait_for_rest(isolated_home)
