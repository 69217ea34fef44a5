"""The command line inside this process, without folders, over captured sessions, or over a small tree."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.history import NOW
from tests.cli.provider_server import COST, KEY, MESSAGES_USAGE, Provider, cost_result, serving, usage_result
from tests.cli.running import SCENARIOS, Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.plain import FILE, MODEL, session_of
from tests.unit.ledger.reading import write_tree
from tracker.model.plans.projection import RESAMPLES, draw_months


@pytest.fixture
def taximeter(capsys: pytest.CaptureFixture[str]) -> Taximeter:
    """The command line without folders."""
    return Taximeter(capsys)


@pytest.fixture(autouse=True)
def fewer_months(monkeypatch: pytest.MonkeyPatch) -> None:
    """`plans` draws a tenth of the months that it draws for a user: most of its time goes there."""
    monkeypatch.setattr("tracker.reports.plans.draw_months", partial(draw_months, resamples=RESAMPLES // 10))


@pytest.fixture
def captured(taximeter: Taximeter) -> Taximeter:
    """The command line over several captured sessions."""
    taximeter.claude_dirs = [DATA / name for name in SCENARIOS]
    return taximeter


@pytest.fixture
def tree(taximeter: Taximeter, tmp_path: Path) -> Path:
    """A folder with one session of three calls, given to every command."""
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(3)})]
    return taximeter.claude_dirs[0]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still at NOW."""
    monkeypatch.setattr("tracker.clock.now", NOW.astimezone)


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key of whoever runs the tests is found, be it in the environment or the keyring."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def provider(keyless: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that agrees with the ledger of `tree`, asked with a key from the environment."""
    with serving() as provider:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_LOG", "debug")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr("tracker.provider.api.time.sleep", lambda _: None)
        for report in (MESSAGES_USAGE, COST):
            provider.days[report] = {f"2026-11-{day}": [] for day in range(16, 20)}
        # Three calls of tests.unit.ledger.plain: 10 in, 1000 read, 100 written for five minutes, 50 out, $0.00174 each.
        provider.days[MESSAGES_USAGE]["2026-11-20"] = [usage_result(MODEL, 30, 3_000, 300, 0, 150)]
        provider.days[COST]["2026-11-20"] = [cost_result(MODEL, "0.522")]
        yield provider
