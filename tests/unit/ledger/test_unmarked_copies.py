"""Old clients copied a resumed session's history into a new file without a mark (CLAUDE_CODE section 1.5)."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

from .plain import answer, encoded, prompt

ORIGINAL = "ffffffff-0000-4000-8000-000000000001"  # last by name, so that names cannot decide
COPY = "00000000-0000-4000-8000-000000000002"


def lines(session: str, numbers: range) -> str:
    made: list[dict[str, Any]] = []
    for number in numbers:
        old: dict[str, Any] = {"timestamp": f"2025-09-03T10:00:{number:02d}.000Z", "version": "1.0.98"}
        made.append(prompt("go on", session, uuid=f"u{number}", **old))
        made.append(answer(number, session, uuid=f"a{number}", message={"model": "claude-sonnet-4-20250514"}, **old))
    return encoded(*made).decode()


def embedded(transcript: str) -> str:
    """The same with each answer as one of a subagent, inside a progress record."""
    made = []
    for line in map(json.loads, transcript.splitlines()):
        if line["type"] == "assistant":
            inner = {key: line[key] for key in ("type", "uuid", "requestId", "timestamp", "message")}
            data = {"type": "agent_progress", "agentId": "ab1", "message": inner}
            line = {key: line[key] for key in ("sessionId", "timestamp", "cwd")} | {"type": "progress", "data": data}
        made.append(line)
    return encoded(*made).decode()


def credited(place: Path, texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which session made which call, of transcripts that are written and read one after the other."""
    folder = place / "claude" / "projects" / "app"
    folder.mkdir(parents=True)
    db = open_ledger(place / "ledger.db")
    for session, text in texts:
        (folder / f"{session}.jsonl").write_text(text)
        sync(db, [(ClaudeCodeSource(), [place / "claude"])], Options(PriceBook()))
    found = db.execute("SELECT message_id, native_id FROM call JOIN session ON session.id = call.session_id").fetchall()
    sums = db.execute("SELECT native_id, SUM(calls) FROM spend JOIN session ON session.id = session_id GROUP BY 1")
    assert dict(sums) == Counter(session for _, session in found)
    return dict(found)


@pytest.mark.parametrize("order", list(permutations((ORIGINAL, COPY))))
@pytest.mark.parametrize("form", [str, embedded])
def test_the_session_that_ended_first_made_the_calls(
    tmp_path: Path, form: Callable[[str], str], order: tuple[str, str]
) -> None:
    texts = {ORIGINAL: form(lines(ORIGINAL, range(1, 4))), COPY: form(lines(COPY, range(1, 6)))}
    assert credited(tmp_path, [(session, texts[session]) for session in order]) == {
        f"msg_{number}": ORIGINAL if number < 4 else COPY for number in range(1, 6)
    }


@pytest.mark.parametrize("order", list(permutations((ORIGINAL, COPY))))
@pytest.mark.parametrize("own", [range(5, 6), range(0)])
def test_progress_records_that_a_fork_copied_are_the_parents_even_if_that_goes_on(
    tmp_path: Path, own: range, order: tuple[str, str]
) -> None:
    """A fork's own first row stands before what it copied; it may never say a thing."""
    started = {"type": "queue-operation", "timestamp": "2025-09-03T10:00:05.000Z", "sessionId": COPY}
    texts = {
        ORIGINAL: embedded(lines(ORIGINAL, range(1, 4)) + lines(ORIGINAL, range(7, 8))),
        COPY: json.dumps(started) + "\n" + embedded(lines(COPY, range(1, 4)) + lines(COPY, own)),
    }
    assert credited(tmp_path, [(session, texts[session]) for session in order]) == {
        f"msg_{number}": COPY if number in own else ORIGINAL for number in (1, 2, 3, 7, *own)
    }


def test_calls_move_to_the_session_that_ended_first_when_the_other_goes_on(tmp_path: Path) -> None:
    """Only the file of the one has grown; the sums of both are made anew."""
    texts = [(ORIGINAL, range(1, 4)), (COPY, range(1, 6)), (ORIGINAL, range(1, 8))]
    made = credited(tmp_path, [(session, lines(session, numbers)) for session, numbers in texts])
    assert made == {f"msg_{number}": COPY if number < 6 else ORIGINAL for number in range(1, 8)}
