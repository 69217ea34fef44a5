"""Captures, a price list of two models, and helpers to write and read stores."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import pytest

from store.records import Batch, Price
from tracker.sources.base import FoundFile, Options, ReadState, Source
from tracker.sources.cline import ClineSource
from tracker.sources.cline.places import Machine

CAPTURES = Path(__file__).parents[3] / "data" / "cline"
_RATES = {  # $ per million tokens: input, output, write, read
    "claude-sonnet-4-5-20250929": (3_000_000, 15_000_000, 3_750_000, 300_000),
    "my-priced-model": (3_000_000, 15_000_000, 3_000_000, 300_000),
}


class ListPricer:
    """Two models, no tiers; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, int]] = []

    def resolve(
        self,
        model: str,
        provider: str | None,
        at_ms: int,
        prompt_tokens: int,
        speed: str | None,
        tier: str | None,
        geo: str | None,
    ) -> Price | None:
        self.asked.append((model, provider, prompt_tokens))
        rates = _RATES.get(model)
        if rates is None:
            return None
        given, out, write, read = rates
        row_id = f"{model}@list"
        return Price(
            row_id, "test", model, "2025-01-01", given, out, write, 2 * given, read, 0, "standard", 1000, "", ""
        )


class Reader(Protocol):
    """Reads all files below a root; `states` holds the read states by path and is updated."""

    def __call__(
        self,
        root: Path,
        source: Source | None = None,
        states: dict[str, ReadState] | None = None,
        options: Options | None = None,
    ) -> Batch: ...


@pytest.fixture
def pricer() -> ListPricer:
    return ListPricer()


@pytest.fixture
def options(pricer: ListPricer) -> Options:
    return Options(pricer)


@pytest.fixture
def nowhere(tmp_path: Path) -> Machine:
    """A machine without any agent."""
    return Machine(tmp_path / "nobody", {}, "linux")


@pytest.fixture
def capture() -> Callable[[str], Path]:
    return lambda name: CAPTURES / name / ".cline"


@pytest.fixture
def truth() -> Callable[[str], list[dict[str, Any]]]:
    """The successful answers of a capture, in the order in which they were served."""

    def served(name: str) -> list[dict[str, Any]]:
        told = json.loads((CAPTURES / name / "truth.json").read_text())
        return [one for one in told["served"] if one["status"] == 200]

    return served


@pytest.fixture
def read_all(options: Options, nowhere: Machine) -> Reader:
    standard = options

    def read(
        root: Path,
        source: Source | None = None,
        states: dict[str, ReadState] | None = None,
        options: Options | None = None,
    ) -> Batch:
        source = source or ClineSource(nowhere)
        states = {} if states is None else states
        whole = Batch()
        for file in source.discover(source.roots([root])):
            for piece in source.read(file, states.get(file.path), options or standard):
                states[file.path] = piece.state
                join(whole, piece.batch)
        return whole

    return read


def join(whole: Batch, part: Batch) -> None:
    for name in ("sessions", "chains", "calls", "turns", "tools", "events", "totals", "prices"):
        setattr(whole, name, getattr(whole, name) + getattr(part, name))
    whole.bad_lines += part.bad_lines


@pytest.fixture
def found() -> Callable[..., FoundFile]:
    """A file as a listing would show it."""

    def describe(path: Path, kind: str, agent: str = "cline") -> FoundFile:
        facts = path.stat()
        return FoundFile(str(path), agent, kind, facts.st_ino, facts.st_size, facts.st_mtime_ns)

    return describe


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


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path / ".cline", "1795000000000")


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


@pytest.fixture
def rows() -> Rows:
    return Rows()


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


@pytest.fixture
def session(tmp_path: Path) -> SessionFolder:
    return SessionFolder(tmp_path / ".cline", "1795000000000_abcde")


def metrics(total: int, output: int, reads: int = 0, writes: int = 0, cost: float | None = None) -> dict[str, Any]:
    made = {"inputTokens": total, "outputTokens": output, "cacheReadTokens": reads, "cacheWriteTokens": writes}
    return made if cost is None else {**made, "cost": cost}


@pytest.fixture
def usage() -> Callable[..., dict[str, Any]]:
    return metrics
