"""What stands on the screens equals what `--json` of the matching command says."""

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.money import nano_from_usd, short_usd
from tests.tui.fakes import NOW_MS, TODAY, dashboard, drawn
from tracker import clock
from tracker.cli.app import run
from tracker.pricing import PriceBook
from tracker.reports.backtest import rule_name
from tracker.reports.carried import NAMES, task_carried
from tracker.sources.base import Options
from tracker.watch import WatchTargets
from tracker.words import modelled_percent, percent, tokens
from tui.feed import LedgerFeed
from tui.readers.months import requested_month
from tui.snapshot import HINDSIGHT_DAYS, Snapshot, ViewRequest
from tui.widgets.carried import carried_lines
from tui.widgets.figure import large
from tui.words import fine_usd

Script = Callable[[ViewRequest], Snapshot]
_MONTH = ("--since", "2026-11-01", "--until", "2026-11-30")


@pytest.fixture
def said(
    sample_ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """What a command prints with `--json`, over the same ledger at the same moment."""
    monkeypatch.setenv("TAXIMETER_HOME", str(sample_ledger.parent))
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(NOW_MS / 1000).astimezone())

    def call(*words: str) -> Any:
        capsys.readouterr()
        assert run([*words, "--no-sync", "--json"]) == 0
        printed = capsys.readouterr().out
        return [json.loads(line) for line in printed.splitlines()] if words[0] == "calls" else json.loads(printed)

    return call


async def shown(script: Script, screen: str, *keys: str) -> str:
    return await drawn(dashboard(script, start=screen), *keys, size=(140, 48))


def usd(amount: str) -> str:
    """A decimal string as the screens write it."""
    return short_usd(nano_from_usd(Decimal(amount)))


async def test_the_spend_screen_has_the_figures_of_spend(sample_script: Script, said: Callable[..., Any]) -> None:
    text = await shown(sample_script, "spend")
    by_model = said("spend", "--by", "model", *_MONTH)
    assert f"November 2026 · {usd(by_model['total']['cost_usd'])} " in text
    assert f"plus {usd(by_model['hidden']['cost_usd'])}" in text
    for by in ("model", "project", "agent"):
        for row in said("spend", "--by", by, *_MONTH)["rows"]:
            assert usd(row["cost_usd"]) in text
    for by, keys in (("branch", "b"), ("subagent", "bb")):
        listed = await shown(sample_script, "spend", *keys)
        for row in said("spend", "--by", by, *_MONTH)["rows"]:
            assert f" {usd(row['cost_usd'])} " in figure_of(listed, row["key"])
    day = said("spend", "--since", TODAY.isoformat(), "--until", TODAY.isoformat())["total"]
    assert f"Fri 20 {usd(day['cost_usd'])} {day['calls']} calls" in text
    assert f"today {usd(day['cost_usd'])}" in text


async def test_the_tasks_screen_has_the_figures_of_tasks(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("tasks", *_MONTH)
    text = await shown(sample_script, "tasks")
    rates = report["headline"]
    assert f"{rates['completed']} completed" in text
    for name in ("direct", "loaded", "median", "p90"):
        assert f"{name} {usd(rates[f'{name}_usd'])}" in text
    for task in report["tasks"]:
        parts = [usd(amount) for amount in (task["inherited_usd"], task["split"]["waste"])]
        drawn = ["·" if part == "$0.00" else part for part in parts]
        wanted = [
            task["title"][:20],
            f" {task['calls']} ",
            f" {usd(task['cost_usd'])} ",
            *(f" {one} " for one in drawn),
        ]
        assert any(all(one in line for one in wanted) for line in text.splitlines()), wanted


async def test_an_open_task_has_the_figures_of_task(sample_script: Script, said: Callable[..., Any]) -> None:
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


def test_carried_has_the_same_figures_as_task_json(sample_db: sqlite3.Connection, said: Callable[..., Any]) -> None:
    identity = said("tasks", *_MONTH)["tasks"][0]["id"]
    carried = said("task", identity)["task"]["carried"]
    assert carried["targets"]
    text = "\n".join(map(str, carried_lines(task_carried(sample_db, identity), 120)))
    for row in carried["rows"]:
        line = next(line for line in text.splitlines() if line.startswith(row["tool"] or NAMES[row["kind"]]))
        assert usd(row["cost_usd"]) in line
        assert not row["results"] or f" {tokens(row['tokens'])} " in line
    assert all(usd(row["cost_usd"]) in figure_of(text, row["target"]) for row in carried["targets"][:12])


def test_what_a_month_carried_has_the_figures_of_tools(
    sample_ledger: Path, sample_db: sqlite3.Connection, said: Callable[..., Any]
) -> None:
    told = said("tools", *_MONTH)
    month = requested_month(sample_db, "", TODAY)
    feed = LedgerFeed(WatchTargets([], lambda _db: Options(PriceBook())), ledger=sample_ledger)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        feed.carried_in(month, lambda: True)
    carried = feed.carried_in(month, lambda: False)
    text = "\n".join(map(str, carried_lines(carried, 120)))
    assert f" of {usd(told['total']['cost_usd'])}" in text
    for row in told["rows"]:
        line = next(line for line in text.splitlines() if line.startswith(row["tool"] or NAMES[row["kind"]]))
        assert usd(row["cost_usd"]) in line


async def test_a_task_without_evidence_says_its_status_in_that_column(
    sample_script: Script, said: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said("tasks", *_MONTH)
    run(["tasks", *_MONTH, "--no-sync"])
    for text in (capsys.readouterr().out, await shown(sample_script, "tasks")):
        (row,) = [row.strip("│ ") for row in text.splitlines() if row.strip("│ ").startswith("∅")]
        assert row.endswith("abandoned")


async def test_the_now_screen_has_the_figures_of_context(sample_script: Script, said: Callable[..., Any]) -> None:
    session = sample_script(ViewRequest()).now
    assert session is not None
    report = said("context", session.session.native_id)
    text = await shown(sample_script, "now")
    ahead = report["prospect"]
    assert f"{tokens(report['context'])} now" in text
    assert f"compact level {tokens(ahead['compact_level'])}" in text
    assert f"~{usd(ahead['next_call_usd'])}" in figure_of(text, "next call")
    turn = ahead["next_turn"]
    assert f"{usd(turn['p10_usd'])}–{usd(turn['p90_usd'])[1:]}" in figure_of(text, "next turn")
    assert f"~{tokens(ahead['growth_per_call'])}" in figure_of(text, "grows a call")
    assert f"~{ahead['calls_to_auto_compaction']:,}" in figure_of(text, "calls to full")
    names = {"continue": "go on", "compact": "compact", "new_session": "new session"}
    for option in ahead["options"]:
        assert f"~{usd(option['cost_usd'])}" in figure_of(text, f" {names[option['kind']]} ")
    task = next(task for task in said("tasks", *_MONTH)["tasks"] if task["title"] == session.task.title)
    assert is_large(usd(task["cost_usd"]), text)
    assert f"{task['calls']} calls · {len(task['turns'])} turns" in text
    assert f"{usd(task['inherited_usd'])} inherited" in text
    for call in said("calls", "--session", session.session.native_id)[-3:]:
        assert fine_usd(nano_from_usd(Decimal(call["cost_usd"]))) in text


async def test_top_line_and_budget_have_the_figures_of_spend_and_budget(
    sample_script: Script, said: Callable[..., Any]
) -> None:
    text = await shown(sample_script, "spend")
    report = said("budget")
    spent = {one["kind"]: usd(one["spent_usd"]) for one in report["budgets"]}
    assert f"today {spent['day']} · Nov {spent['month']}" in text
    layers = report["layers"]
    assert f"~{usd(layers['base_usd'])}" in figure_of(text, "base")
    assert f"~{usd(layers['planned_usd'])}" in figure_of(text, "planned")


async def test_the_cache_screen_has_the_figures_of_cache(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("cache", *_MONTH)
    text = await shown(sample_script, "cache")
    total = report["total"]
    assert is_large(usd(total["saved_usd"]), text)
    assert usd(total["waste_usd"]) in figure_of(text, "misses cost")
    assert percent(total["survival"]) in figure_of(text, " survival  ")
    assert percent(total["rewrite"]) in figure_of(text, " rewrite  ")
    assert percent(total["hit"]) in figure_of(text, "from cache")
    for name, key in (("cold starts", "cold_starts"), ("planned rebuilds", "planned_rebuilds"), (" calls ", "calls")):
        assert f" {total[key]:,} " in figure_of(text, name)
    for cause in report["causes"]:
        line = figure_of(text, cause["cause"].replace("_", " "))
        assert usd(cause["waste_usd"]) in line
        assert f" {cause['count']} " in line


async def test_the_plans_screen_has_the_figures_of_plans(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("plans")
    text = await shown(sample_script, "plans")
    table = text[text.index("hits a limit") :]
    for plan in report["plans"]:
        line = figure_of(table, f" {plan['name']} ")
        assert f"~${Decimal(plan['monthly_usd']['p10']):,.0f}" in line
        assert f"~${Decimal(plan['task_usd']['allocated']):,.2f}" in line
        if plan["id"] != "api":
            assert modelled_percent(plan["p_limit_hit"]) in line
            assert modelled_percent(plan["utilisation"]) in line


async def test_the_nudges_screen_has_the_figures_of_nudges(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("nudges")
    text = await shown(sample_script, "nudges")
    assert report["nudges"]
    for nudge in report["nudges"]:
        line = figure_of(text, f"{(nudge['text'] or nudge['reason'])[:30]}")
        assert nudge["kind"].replace("_", " ") in text
        if nudge["saves_usd"] is not None:
            assert f"~{usd(nudge['saves_usd'])} " in line or nudge["text"] in line
    assert f"{sum(kind['shown'] for kind in report['kinds'])} shown" in text


async def test_hindsight_has_the_figures_of_backtest(sample_script: Script, said: Callable[..., Any]) -> None:
    report = said("backtest", "--since", (TODAY - timedelta(days=HINDSIGHT_DAYS - 1)).isoformat())
    text = await shown(sample_script, "nudges")
    assert f"Hindsight · {report['sessions']} sessions" in text
    for policy in report["policies"]:
        if policy["name"] in ("never", "fixed_100k", "taximeter", "optimum"):
            assert f"~{usd(policy['cost_usd'])}" in figure_of(text, rule_name(policy["name"]))


def figure_of(text: str, name: str) -> str:
    """The lines of the screen that hold a name."""
    return "\n".join(line for line in text.splitlines() if name in line)


def is_large(figure: str, text: str) -> bool:
    """Whether a figure stands on the screen in the three lines of a large one."""
    drawn = large(figure, "")
    assert drawn is not None
    rows = text.splitlines()
    return any(
        all(line.plain.rstrip() in row for line, row in zip(drawn, rows[top:], strict=False))
        for top in range(len(rows))
    )
