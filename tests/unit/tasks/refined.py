"""A session of four prompts, what a small model says of it, and the tasks that follow."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tasks.making import Transcript, ledger_of
from tracker.rebuild import rebuild
from tracker.reports.tasks import tasks_report

MODEL = "claude-haiku-5-5"
GOOD = {
    "tasks": [
        {"first": 1, "title": "Retry slow uploads", "status": "completed"},
        {"first": 3, "title": "Billing page", "status": "open"},
    ]
}
REFINED = [("Retry slow uploads", 2, "completed", "refined"), ("Billing page", 2, "open", "refined")]


def four_prompts(folder: Path) -> sqlite3.Connection:
    """A ledger with one session of four prompts."""
    one = Transcript(folder / "c", "s1")
    for number, words in enumerate(("add retries", "yes", "rows for invoices", "and a filter"), start=1):
        one.prompt(words).answer(f"a{number}", read=2000 * (number - 1))
    made = ledger_of(folder, folder / "c")
    rebuild(made)
    return made


def shape(db: sqlite3.Connection) -> list[tuple[str, int, str, str | None]]:
    """Title, turns, status and evidence of each task."""
    tasks = sorted(tasks_report(db, now=0).tasks, key=lambda task: task.started_at)
    return [(task.title, task.turns, task.status, task.evidence) for task in tasks]


class Api:
    """A server that speaks just enough of the Messages API, and does as it is told."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status = 200
        self.faults: list[int] = []  # statuses of the next answers
        self.text = json.dumps(GOOD)
        self.cut = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                api.requests.append(json.loads(body))
                bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
                api.keys.append(self.headers.get("x-api-key") or bearer)
                if api.cut:
                    self.connection.close()
                    return
                answer: dict[str, Any] = {
                    "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                    "content": [{"type": "text", "text": api.text}], "stop_reason": "end_turn", "stop_sequence": None,
                    "usage": {"input_tokens": 1000, "output_tokens": 100},
                }  # fmt: skip
                status = api.faults.pop(0) if api.faults else api.status
                if status != 200:
                    answer = {"type": "error", "error": {"type": "some_error", "message": "no"}}
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The server, which is the provider to this program, with a key."""
    server = Api()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    yield server
    server.close()
