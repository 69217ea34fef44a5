"""Writes stores as Cline does, and says where the captured ones are."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CAPTURES = Path(__file__).parents[3] / "data" / "cline"


class TaskFolder:
    """A classic task on disk that a test writes row by row."""

    def __init__(self, root: Path, task: str) -> None:
        self.root = root
        self.task = task
        self.folder = root / "data" / "tasks" / task
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, rows: Iterable[dict[str, Any]], name: str = "ui_messages.json") -> None:
        """Replace the file as Cline does: whole."""
        (self.folder / name).write_text(json.dumps(list(rows)))


class Rows:
    """Makes rows of `ui_messages.json` with growing times."""

    def __init__(self, start: int = 1_795_000_000_000) -> None:
        self.at = start
        self.model = {"providerId": "anthropic", "modelId": "claude-sonnet-4-5-20250929", "mode": "act"}

    def say(self, what: str, text: str | None = "", **more: Any) -> dict[str, Any]:
        self.at += 1000
        return {"ts": self.at, "type": "say", "say": what, "text": text, "modelInfo": dict(self.model), **more}

    def ask(self, what: str, text: str | None = None, **more: Any) -> dict[str, Any]:
        self.at += 1000
        return {"ts": self.at, "type": "ask", "ask": what, "text": text, **more}

    def request(
        self, tokens_in: int, tokens_out: int, writes: int = 0, reads: int = 0, cost: float | None = 0.01, **more: Any
    ) -> dict[str, Any]:
        info: dict[str, Any] = {"request": "…", "tokensIn": tokens_in, "tokensOut": tokens_out}
        info |= {"cacheWrites": writes, "cacheReads": reads, "cost": cost, **more}
        return self.say("api_req_started", json.dumps(info))

    def deleted(self, tokens_in: int, tokens_out: int, writes: int, reads: int, cost: float) -> dict[str, Any]:
        info = {"tokensIn": tokens_in, "tokensOut": tokens_out, "cacheWrites": writes, "cacheReads": reads}
        return self.say("deleted_api_reqs", json.dumps({**info, "cost": cost}))


class SessionFolder:
    """An SDK session on disk."""

    def __init__(self, root: Path, session: str) -> None:
        self.root = root
        self.session = session
        self.folder = root / "data" / "sessions" / session
        self.folder.mkdir(parents=True, exist_ok=True)
        self.messages: list[dict[str, Any]] = []
        self.at = int(session[:13])

    @property
    def path(self) -> Path:
        return self.folder / f"{self.session}.messages.json"

    def user(self, text: str, **more: Any) -> dict[str, Any]:
        self.at += 1000
        content = [{"type": "text", "text": text}]
        return self._add({"id": f"u{self.at}", "role": "user", "content": content, "ts": self.at, **more})

    def answer(self, metrics: dict[str, Any] | None, text: str = "Done.", **more: Any) -> dict[str, Any]:
        self.at += 1000
        message: dict[str, Any] = {
            "id": f"msg_{self.at}",
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
        }
        message |= {"ts": self.at, "modelInfo": {"id": "claude-sonnet-4-5-20250929", "provider": "anthropic"}}
        if metrics is not None:
            message["metrics"] = metrics
        return self._add({**message, **more})

    def _add(self, message: dict[str, Any]) -> dict[str, Any]:
        self.messages.append(message)
        return message

    def write(self, name: str | None = None, **header: Any) -> None:
        content = {"version": 1, "sessionId": self.session, "origin": {"source": "cli", "version": "3.0.65"}, **header}
        path = self.path if name is None else self.folder / name
        path.write_text(json.dumps({**content, "messages": self.messages}, indent=2) + "\n")


def metrics(total: int, output: int, reads: int = 0, writes: int = 0, cost: float | None = None) -> dict[str, Any]:
    made = {"inputTokens": total, "outputTokens": output, "cacheReadTokens": reads, "cacheWriteTokens": writes}
    return made if cost is None else {**made, "cost": cost}
