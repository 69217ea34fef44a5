"""Makes ledgers from transcripts, and records from a few words, for the tests of the task model."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger, transaction
from store.meta import set_meta_value
from store.task_rows import CallRow, ChainRow, EventRow, SessionRecords, SessionRow, ToolRow, TurnRow
from store.tasks import mark_all_stale
from tests.unit.ledger.captured import Tokens, as_reported
from tests.unit.ledger.reading import take_in
from tests.unit.rates import per_mtok
from tracker.rebuild import rebuild
from tracker.sources.text import packed, word_hashes

FIXTURES = Path(__file__).parents[2] / "data" / "claude_code"
SCENARIOS = sorted(folder.name for folder in FIXTURES.iterdir() if (folder / "projects").is_dir())
REAL = Path(__file__).parents[4] / "shared" / "real" / "claude"
MINUTE = 60_000
START = datetime(2026, 11, 10, tzinfo=UTC)
NOW_MS = round((START + timedelta(days=10)).timestamp() * 1000)
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
RATES = {"p": per_mtok("5", "25", "6.25", "10", "0.50")}


def ledger_of(folder: Path, *claude_dirs: Path) -> sqlite3.Connection:
    """A new ledger in `folder` with these Claude Code folders in it."""
    db = open_ledger(folder / "ledger.db")
    for claude_dir in claude_dirs:
        take_in(db, claude_dir)
    return db


def rebuild_everything(db: sqlite3.Connection) -> int:
    """Forget all that is derived and derive it again, as a program with other rules does; edits stay."""
    with transaction(db):
        mark_all_stale(db)
        set_meta_value(db, "boundary_fit", "")
    return rebuild(db)


def git(folder: Path, *words: str, minute: float | None = None) -> str:
    """Run git in a folder, now or so many minutes after START; what it printed."""
    names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    variables = dict(os.environ)
    if minute is not None:
        at = (START + timedelta(minutes=minute)).isoformat()
        variables |= {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    command = ["git", *names, *words]
    return subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True, text=True).stdout


def call(key: int, position: int, **given: Any) -> CallRow:
    """A call on the main chain, priced by `p` of RATES unless told otherwise."""
    values: dict[str, Any] = {
        "id": key, "chain": "", "home_id": 1, "message_id": f"msg_{key}", "turn": None, "position": position,
        "requested_at": None, "first_at": position * 1000, "last_at": position * 1000 + 500,
        "model": "claude-opus-4-5-20251101", "input": 3, "cache_read": 0, "write_5m": 1000, "write_1h": 0,
        "output": 100,
        "web_searches": 0, "speed": None, "stop": "end_turn", "effort": None, "version": "2.1.0", "flags": 0,
        "price_id": "p", "cost": None, "miss_reason": None,
    } | given  # fmt: skip
    made = CallRow(**values)
    if "cost" in given:
        return made
    rates = RATES["p"]
    pico = (
        made.input * rates.input + made.cache_read * rates.read + made.write_5m * rates.write_5m
        + made.write_1h * rates.write_1h + made.output * rates.output
    )  # fmt: skip
    return made._replace(cost=pico // 1000)


def turn(uuid: str, position: int, text: str = "go", **given: Any) -> TurnRow:
    """A prompt."""
    values: dict[str, Any] = {
        "prompt_uuid": uuid, "position": position, "at": position * 1000, "kind": "prompt", "prompt_id": None,
        "text": text, "chars": len(text), "words": packed(word_hashes(text)), "echo": None, "branch": None,
        "source_tool_use": None, "seen_agent": None,
    } | given  # fmt: skip
    return TurnRow(**values)


def tool(key: str, position: int, **given: Any) -> ToolRow:
    """A tool use on the main chain whose result was no error."""
    values: dict[str, Any] = {
        "id": key, "chain": "", "turn": None, "position": position, "at": position * 1000, "message_id": None,
        "name": "Bash", "target": None, "flags": 0, "result_chars": 10, "is_error": 0, "spawned": None,
        "commit_sha": None,
    } | given  # fmt: skip
    return ToolRow(**values)


def event(kind: str, position: int, **given: Any) -> EventRow:
    """A mark in the main chain."""
    values: dict[str, Any] = {
        "chain": "", "position": position, "kind": kind, "at": position * 1000, "detail": None,
    } | given  # fmt: skip
    return EventRow(**values)


def records(
    *,
    calls: Sequence[CallRow] = (),
    turns: Sequence[TurnRow] = (),
    tools: Sequence[ToolRow] = (),
    events: Sequence[EventRow] = (),
    chains: Sequence[ChainRow] = (),
    foreign: dict[str, int] | None = None,
    agent: str = "claude-code",
) -> SessionRecords:
    """The records of session 1."""
    session = SessionRow(1, agent, "s1", "/code/api", None, None, 0, None)
    return SessionRecords(session, list(chains), list(calls), list(turns), list(tools), list(events), foreign or {})


class Transcript:
    """Writes a transcript line by line, as a current client does."""

    def __init__(self, root: Path, session: str, *, project: str = "/code/api", branch: str = "main") -> None:
        self.path = root / "projects" / project.replace("/", "-") / f"{session}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.session, self.project, self.branch = session, project, branch
        self.minute = 0.0
        self._count = 0

    def _write(self, row: dict[str, Any]) -> None:
        self._count += 1
        seconds = int(self.minute * 60)
        base = {
            "uuid": f"{self.session}-{self._count}",
            "timestamp": (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", ".000Z"),
            "sessionId": self.session, "cwd": self.project, "gitBranch": self.branch, "version": "2.1.329",
            "isSidechain": False,
        }  # fmt: skip
        with self.path.open("a") as file:
            file.write(json.dumps(base | row) + "\n")
        self.minute += 0.05

    def prompt(self, text: str, *, after_minutes: float = 1, **more: Any) -> "Transcript":
        """The user types."""
        self.minute += after_minutes
        self._write({"type": "user", "message": {"role": "user", "content": text}, **more})
        return self

    def row(self, **row: Any) -> "Transcript":
        """The client notes something."""
        self._write(row)
        return self

    def answer(
        self,
        key: str,
        *,
        tools: Iterable[tuple[str, str, dict[str, Any]]] = (),
        read: int = 0,
        wrote: int = 2000,
        output: int = 300,
        plain: int = 3,
        text: str = "done",
        result: str = "ok",
        **more: Any,
    ) -> "Transcript":
        """The agent answers, and the tools that it asked for succeed; `plain`: input beside the cache."""
        asked = list(tools)
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        content += [{"type": "tool_use", "id": name, "name": kind, "input": given} for name, kind, given in asked]
        self._write(
            {
                "type": "assistant",
                "requestId": f"req_{key}",
                "message": {
                    "id": f"msg_{key}",
                    "role": "assistant",
                    "model": "claude-opus-4-5-20251101",
                    "content": content,
                    "stop_reason": "tool_use" if asked else "end_turn",
                    "usage": as_reported(Tokens(plain, read, wrote, 0, output)),
                },
                **more,
            }
        )
        for name, _, _ in asked:
            block = {"type": "tool_result", "tool_use_id": name, "content": result, "is_error": False}
            self._write({"type": "user", "message": {"role": "user", "content": [block]}})
        return self


def edit(key: str, file: str = "/code/api/upload.py") -> list[tuple[str, str, dict[str, str]]]:
    """The use of a tool that edits the file."""
    return [(key, "Edit", {"file_path": file})]
