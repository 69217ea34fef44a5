"""Captures, a price list of two models, stores to write, and a reader of everything below a folder."""

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import pytest

from store.records import Batch, Price
from tests.unit.sources.cline.writing import CAPTURES, Rows, SessionFolder, TaskFolder, metrics
from tracker.pricing import PriceBook, Served
from tracker.sources.base import FoundFile, Options, ReadState, Source
from tracker.sources.cline import ClineSource
from tracker.sources.cline.places import Machine

_RATES = {  # $ per million tokens: input, output, write, read
    "claude-sonnet-4-5-20250929": (3_000_000, 15_000_000, 3_750_000, 300_000),
    "my-priced-model": (3_000_000, 15_000_000, 3_000_000, 300_000),
}


class ListPricer(PriceBook):
    """Two models, no tiers; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str | None, int]] = []

    def resolve(
        self, model: str, provider: str | None, at_ms: int, prompt_tokens: int, served: Served | None = None
    ) -> Price | None:
        self.asked.append((model, provider, prompt_tokens))
        return self.price(f"{model}@list") if model in _RATES else None

    def price(self, price_id: str) -> Price:
        model = price_id.removesuffix("@list")
        given, out, write, read = _RATES[model]
        return Price(
            price_id, "test", model, "2025-01-01", given, out, write, 2 * given, read, 0, "standard", 1000, "", ""
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
        for file in chain.from_iterable(map(source.discover, source.roots([root]))):
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


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path / ".cline", "1795000000000")


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def session(tmp_path: Path) -> SessionFolder:
    return SessionFolder(tmp_path / ".cline", "1795000000000_abcde")


@pytest.fixture
def usage() -> Callable[..., dict[str, Any]]:
    return metrics
