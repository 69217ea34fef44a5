"""Old clients copied a resumed session's history into a new file without a mark (CLAUDE_CODE section 1.5)."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

ORIGINAL = "ffffffff-0000-4000-8000-000000000001"  # last by name, so that names cannot decide
COPY = "00000000-0000-4000-8000-000000000002"


def lines(session: str, numbers: range) -> str:
    made: list[dict[str, Any]] = []
    for number in numbers:
        at = f"2025-09-03T10:00:{number:02d}.000Z"
        common = {"sessionId": session, "timestamp": at, "cwd": "/home/dev/app", "version": "1.0.98"}
        prompt = {"role": "user", "content": "go on"}
        answer = {
            "id": f"msg_{number}",
            "model": "claude-sonnet-4-20250514",
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 10, "output_tokens": 5},
        }
        made.append({**common, "type": "user", "uuid": f"u{number}", "message": prompt})
        made.append(
            {**common, "type": "assistant", "uuid": f"a{number}", "requestId": f"req_{number}", "message": answer}
        )
    return "".join(json.dumps(line) + "\n" for line in made)


@pytest.mark.parametrize("order", list(permutations((ORIGINAL, COPY))))
def test_the_session_that_ended_first_made_the_calls(tmp_path: Path, order: tuple[str, str]) -> None:
    texts = {ORIGINAL: lines(ORIGINAL, range(1, 4)), COPY: lines(COPY, range(1, 6))}
    folder = tmp_path / "claude" / "projects" / "app"
    folder.mkdir(parents=True)
    db = open_ledger(tmp_path / "ledger.db")
    for session in order:
        (folder / f"{session}.jsonl").write_text(texts[session])
        sync(db, [(ClaudeCodeSource(), [tmp_path / "claude"])], Options(PriceBook()))
    credited = dict(
        db.execute("SELECT message_id, native_id FROM call JOIN session ON session.id = call.session_id").fetchall()
    )
    assert credited == {f"msg_{number}": ORIGINAL if number < 4 else COPY for number in range(1, 6)}
    sums = db.execute("SELECT native_id, SUM(calls) FROM spend JOIN session ON session.id = session_id GROUP BY 1")
    assert dict(sums.fetchall()) == {ORIGINAL: 3, COPY: 2}
