"""What stands on the screens equals what `--json` of the matching command says."""

import json
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.money import nano_from_usd, short_usd
from tests.tui.fakes import NOW_MS, TODAY, dashboard, screen_text
from tracker.cli.app import run
from tracker.reports.plans import plans_report
from tracker.settings import Settings
from tui.snapshot import Snapshot, Wish
from tui.words import percent, tokens

Script = Callable[[Wish], Snapshot]
_MONTH = ("--since", "2026-11-01", "--until", "2026-11-30")


@pytest.fixture
def said(
    sample_ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """What a command prints with `--json`, over the same ledger."""
    monkeypatch.setenv("TAXIMETER_HOME", str(sample_ledger.parent))

    def call(*words: str) -> Any:
        capsys.readouterr()
        assert run([*words, "--no-sync", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


async def shown(script: Script, screen: str, *keys: str) -> str:
    app = dashboard(script, start=screen)
    async with app.run_test(size=(140, 48)) as pilot:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await pilot.pause()
            await pilot.pause()
        return screen_text(app)


def usd(amount: str) -> str:
    """A decimal string as the screens write it."""
    return short_usd(nano_from_usd(Decimal(amount)))


async def test_spend(sample_script: Script, said: Callable[..., Any]) -> None:
    text = await shown(sample_script, "spend")
    by_model = said("spend", "--by", "model", *_MONTH)
    assert f"November 2026 · {usd(by_model['total']['cost_usd'])} " in text
    assert f"beside it {usd(by_model['hidden']['cost_usd'])}" in text
    for by in ("model", "project", "agent"):
        for row in said("spend", "--by", by, *_MONTH)["rows"]:
            assert usd(row["cost_usd"]) in text
    day = said("spend", "--since", TODAY.isoformat(), "--until", TODAY.isoformat())["total"]
    assert f"Fri 20 {usd(day['cost_usd'])} {day['calls']} calls" in text
    assert f"today {usd(day['cost_usd'])}" in text


async def test_tasks(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("tasks", *_MONTH)
    text = await shown(sample_script, "tasks")
    rates = report["headline"]
    assert f"{rates['completed']} completed" in text
    for name in ("direct", "loaded", "median", "p90"):
        assert f"{name} {usd(rates[f'{name}_usd'])}" in text
    for task in report["tasks"]:
        line = next(line for line in text.splitlines() if task["title"][:20] in line)
        assert usd(task["cost_usd"]) in line
        assert usd(task["inherited_usd"]) in line
        assert usd(task["split"]["waste"]) in line
        assert f" {task['calls']} " in line


async def test_an_open_task(sample_script: Script, said: Callable[..., Any]) -> None:
    first = said("tasks", *_MONTH)["tasks"][0]
    task = said("task", first["id"])["task"]
    text = await shown(sample_script, "tasks", "enter")
    assert usd(task["cost_usd"]) in text
    for turn in task["turns"]:
        line = next(line for line in text.splitlines() if f" {turn['number']} {turn['opening'][:20]}" in line)
        assert usd(turn["cost_usd"]) in line
    split = task["split"]
    for amount in (split["fresh"], split["generation"], split["rent"]["baseline"]):
        assert usd(amount) in text


async def test_now(sample_script: Script, said: Callable[..., Any]) -> None:
    session = sample_script(Wish()).now
    assert session is not None
    report = said("context", session.session.native_id)
    text = await shown(sample_script, "now")
    ahead = report["prospect"]
    assert f"{tokens(report['context'])} now" in text
    assert f"compact level {tokens(ahead['compact_level'])}" in text
    assert f"~{usd(ahead['next_call_usd'])}" in text
    costs = {option["kind"]: option["cost_usd"] for option in ahead["options"]}
    # The command prices the present moment, the screen the frozen one: only a warm cache is alike.
    if not report["cache"]["is_cold"]:
        assert all(f"~{usd(cost)}" in text for cost in costs.values())


async def test_cache(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("cache", *_MONTH)
    text = await shown(sample_script, "cache")
    total = report["total"]
    assert f"caching saved {usd(total['saved_usd'])}".split()[-1] in text
    assert usd(total["waste_usd"]) in text
    assert percent(total["survival"]) in text
    assert percent(total["rewrite"]) in text
    for cause in report["causes"]:
        line = next(line for line in text.splitlines() if cause["cause"].replace("_", " ") in line)
        assert usd(cause["waste_usd"]) in line


async def test_plans(sample_script: Script, sample_db: sqlite3.Connection) -> None:
    report = plans_report(sample_db, Settings(), date.fromisoformat(TODAY.isoformat()), NOW_MS).as_json()
    text = await shown(sample_script, "plans")
    rows = [line for line in text.splitlines() if line.startswith("│ ")]
    for plan in report["plans"]:
        low = f"~${Decimal(plan['monthly_usd']['p10']):,.0f}"
        assert any(f" {plan['name']} " in line and low in line for line in rows)


async def test_nudges(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("nudges")
    text = await shown(sample_script, "nudges")
    for nudge in report["nudges"]:
        assert nudge["kind"].replace("_", " ") in text
    assert f"{sum(kind['shown'] for kind in report['kinds'])} shown" in text
