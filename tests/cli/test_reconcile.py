"""`reconcile` and `weigh` against a provider on the loopback, and the same reports from saved files."""

import json
import logging
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.provider_server import (
    CODE_USAGE,
    COST,
    COUNT,
    KEY,
    MESSAGES_USAGE,
    Provider,
    code_record,
    cost_result,
    serving,
    usage_result,
)
from tests.cli.running import Ran, Taximeter
from tests.unit.ledger.plain import FILE, MODEL, OTHER, OTHER_FILE, SESSION, encoded, prompt, session_of
from tests.unit.ledger.reading import write_tree
from tracker.provider.api import _KEYRING_SECONDS

DAY = "2026-11-20"
SPAN = ("--since", "2026-11-16", "--until", "2026-11-20")
# Three calls of tests.unit.ledger.plain: 10 in, 1000 read, 100 written for five minutes, 50 out, $0.00174 each.
SUMS = (30, 3_000, 300, 0, 150)
CENTS = "0.522"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that agrees with the ledger of `tree`, asked with a key from the environment."""
    with serving() as provider:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_LOG", "debug")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr("tracker.provider.api.time.sleep", lambda _: None)
        for day in ("2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"):
            provider.days[MESSAGES_USAGE][day] = []
            provider.days[COST][day] = []
        provider.days[MESSAGES_USAGE][DAY] = [usage_result(MODEL, *SUMS)]
        provider.days[COST][DAY] = [cost_result(MODEL, CENTS)]
        yield provider


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the keyring of whoever runs it; the clock stands still on the day after the last day of SPAN."""
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    monkeypatch.setattr("tracker.clock.now", moment.astimezone)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def without_key(ran: Ran, caplog: pytest.LogCaptureFixture, home: Path) -> None:
    """The key is in no output, no log and no file of ours."""
    assert KEY not in ran.out + ran.err + caplog.text
    for path in home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


@pytest.mark.usefixtures("tree")
def test_equal_figures_agree_over_all_pages(taximeter: Taximeter, provider: Provider) -> None:
    report = taximeter("reconcile", *SPAN, "--json").json()
    assert report["classes"] == {"agrees": 1}
    row = report["rows"][0]
    assert (row["day"], row["model"], row["why"]) == (DAY, MODEL, "tokens and money")
    assert row["provider"]["cost_usd"] == row["ledger"]["cost_usd"] == "0.005220000"
    assert report["labels"]["provider_usd"] == "reported"
    asked = [query for path, query in provider.asked if path == MESSAGES_USAGE]
    assert [query.get("page") for query in asked] == [None, ["page_2"], ["page_4"]]
    assert asked[0]["group_by[]"] == ["model"]
    assert asked[0]["starting_at"] == ["2026-11-16T00:00:00Z"]
    assert asked[0]["ending_at"] == ["2026-11-21T00:00:00Z"]
    assert provider.keys == {KEY}


@pytest.mark.usefixtures("tree")
def test_every_kind_of_difference_is_named(taximeter: Taximeter, provider: Provider) -> None:
    def kind(fresh: int, read: int, write: int, output: int, cents: str = CENTS) -> tuple[str, dict[str, int]]:
        provider.days[MESSAGES_USAGE][DAY] = [usage_result(MODEL, fresh, read, write, 0, output)]
        provider.days[COST][DAY] = [cost_result(MODEL, cents)]
        row = taximeter("reconcile", *SPAN, "--json").json()["rows"][0]
        return row["class"], row["difference"]["tokens"]

    assert kind(30, 3_000, 300, 170)[0] == "not_recorded"
    assert kind(30, 900_000, 300, 9_150) == (
        "other_machine",
        {"input": 0, "cache_read": 897_000, "cache_write_5m": 0, "cache_write_1h": 0, "output": 9_000},
    )
    assert kind(20, 2_000, 200, 100)[0] == "counted_twice"
    assert kind(30, 3_000, 300, 150, "9.0")[0] == "price"
    assert kind(31, 3_000, 300, 149)[0] == "unclear"


@pytest.mark.usefixtures("tree")
def test_another_models_day_is_another_machine_and_other_costs_are_shown(
    taximeter: Taximeter, provider: Provider
) -> None:
    provider.days[MESSAGES_USAGE]["2026-11-18"] = [usage_result("claude-sonnet-5-5", 5, 6, 7, 8, 9)]
    provider.days[COST]["2026-11-18"] = [cost_result(None, "250", "web_search")]
    ran = taximeter("reconcile", *SPAN)
    assert "other machine" in ran.out
    assert "$2.50 for web_search" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.usefixtures("tree")
def test_saved_files_give_the_same_answer(taximeter: Taximeter, provider: Provider, tmp_path: Path) -> None:
    provider.days[MESSAGES_USAGE]["2026-11-18"] = [usage_result("claude-sonnet-5-5", 5, 6, 7, 8, 9)]
    fetched = taximeter("reconcile", *SPAN, "--json").json()
    whole, lines = tmp_path / "usage.json", tmp_path / "cost.jsonl"
    whole.write_text(json.dumps(provider.pages(MESSAGES_USAGE)))
    lines.write_text("".join(json.dumps(page) + "\n" for page in provider.pages(COST)))
    asked = len(provider.asked)
    saved = taximeter("reconcile", str(whole), str(lines), *SPAN, "--json").json()
    assert len(provider.asked) == asked
    assert saved["sources"] == ["usage.json", "cost.jsonl"]
    assert {**saved, "sources": None} == {**fetched, "sources": None}


@pytest.mark.usefixtures("tree")
def test_the_claude_code_report_compares_unsplit_writes(taximeter: Taximeter, provider: Provider) -> None:
    provider.days[CODE_USAGE][DAY] = [code_record(DAY, MODEL, 30, 150, 3_000, 300, 0.522)]
    report = taximeter("reconcile", *SPAN, "--claude-code", "--json").json()
    assert [row["class"] for row in report["claude_code_rows"]] == ["agrees"]
    assert sum(path == CODE_USAGE for path, _ in provider.asked) == 5


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["401"], "does not know the key in ANTHROPIC_ADMIN_KEY (401)"),
        (["403"], "may not do this (403)"),
        (["404"], "no such report"),
        (["400"], "refused (400)"),
        (["429:600"], "wait 600 s (429)"),
        (["429:1"] * 3, "(429)"),
        (["503"] * 3, "failed (503)"),
        (["cut"] * 3, "connection to the provider broke"),
        (["html"], "no report"),
    ],
)
def test_a_fault_is_one_line_without_the_key(
    faults: list[str],
    said: str,
    taximeter: Taximeter,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    isolated_home: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.faults = list(faults)
    ran = taximeter("reconcile", *SPAN, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    without_key(ran, caplog, isolated_home)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("faults", [["429:1"], ["503"], ["cut"], ["429:1", "cut"]])
def test_a_fault_that_passes_is_waited_out(
    faults: list[str], taximeter: Taximeter, provider: Provider, caplog: pytest.LogCaptureFixture, isolated_home: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.faults = list(faults)
    ran = taximeter("reconcile", *SPAN, "--json")
    assert ran.json()["classes"] == {"agrees": 1}
    without_key(ran, caplog, isolated_home)


@pytest.mark.usefixtures("tree")
def test_a_wrong_key_is_told_even_with_debug_and_shows_nothing(
    taximeter: Taximeter,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    isolated_home: Path,
) -> None:
    secret = "sk-ant-admin01-a-wrong-one-that-is-a-secret-too"
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", secret)
    caplog.set_level(logging.DEBUG)
    ran = taximeter("reconcile", *SPAN)
    assert "(401)" in ran.err
    assert secret not in ran.out + ran.err + caplog.text
    without_key(ran, caplog, isolated_home)
    del provider


@pytest.mark.usefixtures("tree", "provider")
def test_what_is_no_key_is_not_sent(taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant with\ttabs and ünicode")
    ran = taximeter("reconcile", *SPAN)
    assert ran.code == 1
    assert "is no key" in ran.err
    assert "tabs" not in ran.err


@pytest.mark.usefixtures("tree")
def test_without_key_or_files_only_the_client_is_compared(taximeter: Taximeter) -> None:
    ran = taximeter("reconcile", *SPAN)
    assert ran.code == 0
    assert "ANTHROPIC_ADMIN_KEY" in ran.out
    assert taximeter("reconcile", *SPAN, "--json").json()["rows"] == []


def test_hidden_spend_of_a_session_without_calls_is_told(taximeter: Taximeter, tmp_path: Path) -> None:
    total = {"type": "cost-state", "sessionId": SESSION, "totalCostUSD": 0.25, "startTime": 1_795_000_000_000}
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(prompt(), total)})]
    report = taximeter("reconcile", "--since", "2026-11-20", "--until", "2026-11-20", "--offline")
    assert "have $0.25 that no transcript shows, in 1 session (" in " ".join(report.out.split())


@pytest.mark.usefixtures("tree")
def test_offline_asks_nobody(taximeter: Taximeter, provider: Provider) -> None:
    assert taximeter("reconcile", *SPAN, "--offline").code == 0
    assert provider.asked == []


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("platform", "name", "words"),
    [
        ("linux", "secret-tool", "lookup service taximeter account admin"),
        ("darwin", "security", "find-generic-password -s taximeter -a admin -w"),
    ],
)
def test_the_key_may_come_from_the_keyring(
    taximeter: Taximeter, provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    platform: str, name: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("tracker.provider.api._KEYRING_SECONDS", _KEYRING_SECONDS / 20)
    for variable in ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable)
    tool = tmp_path / "bin" / name
    tool.parent.mkdir()
    # Half a second stands for the ten in which the user types the password of the keyring.
    tool.write_text(f'#!/bin/sh\n/bin/sleep 0.5\n[ "$*" = "{words}" ] && echo {KEY}\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tool.parent))
    report = taximeter("reconcile", *SPAN, "--json").json()
    assert report["sources"] == ["the provider, key from the system keyring"]
    assert provider.keys == {KEY}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"data": 5}', '{"data": [{"starting_at": "yesterday", "results": []}]}',
     '{"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"tokens": 1}]}]}',
     '{"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"uncached_input_tokens": -5}]}]}',
     '{"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": "1", "currency": "EUR"}]}]}',
     '{"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": "NaN"}]}]}'],
)  # fmt: skip
def test_a_file_that_is_no_report_is_one_line(text: str, taximeter: Taximeter, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    ran = taximeter("reconcile", str(path), *SPAN)
    assert ran.code == 1
    assert "report.json" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.usefixtures("tree")
def test_the_same_report_twice_is_refused(taximeter: Taximeter, provider: Provider, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(provider.pages(MESSAGES_USAGE)))
    ran = taximeter("reconcile", str(tmp_path / "a.json"), str(tmp_path / "b.json"), *SPAN)
    assert "two usage reports for the same days" in ran.err


# -- weigh ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def instructions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with an instruction file of 400 characters, worked in."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "CLAUDE.md").write_text("x" * 400)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("tree", "instructions")
def test_weigh_counts_what_the_text_adds(taximeter: Taximeter, provider: Provider) -> None:
    report = taximeter("weigh", "--json").json()
    thing = report["things"][0]
    assert (thing["name"], thing["tokens"], thing["tokens_label"]) == ("CLAUDE.md", 99, "measured")
    assert report["model"] == MODEL
    assert [path for path, _ in provider.asked] == [COUNT, COUNT]
    assert provider.bodies[0]["system"] == "x" * 400
    assert "system" not in provider.bodies[1]


@pytest.mark.usefixtures("tree", "instructions")
def test_weigh_says_what_a_token_in_every_call_costs_a_month(taximeter: Taximeter, provider: Provider) -> None:
    """A user's own file stands in all three calls: one writes it at $5 a million, two read it at $0.20."""
    user_file = Path.home() / ".claude" / "CLAUDE.md"
    user_file.parent.mkdir()
    user_file.write_text("y" * 400)
    things = {one["name"]: one for one in taximeter("weigh", "--json").json()["things"]}
    own = things["~/.claude/CLAUDE.md"]
    assert own["calls"] == 3
    assert own["month_usd"] == f"0.{99 * (5_000 + 2 * 200):09d}"
    assert things["CLAUDE.md"]["month_usd"] is None
    del provider


def test_weigh_counts_the_users_own_file_of_each_configured_folder_over_its_own_calls(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = write_tree(tmp_path / "work", {FILE: session_of(3)})
    private = write_tree(tmp_path / "private", {OTHER_FILE: session_of(2, OTHER, first=10)})
    for folder in (work, private):
        (folder / "CLAUDE.md").write_text("y" * 400)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{work}, {private}")
    monkeypatch.chdir(tmp_path)
    files = [str(folder / "CLAUDE.md") for folder in (work, private)]
    for words in ([], files):
        things = taximeter("weigh", "--offline", "--json", *words).json()["things"]
        assert [one["calls"] for one in things] == [3, 2], words
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(work))
    [alone] = taximeter("weigh", "--offline", "--json").json()["things"]
    assert alone["calls"] == 5  # one folder alone may be known by several names, so all calls are its own


@pytest.mark.usefixtures("tree")
def test_weigh_counts_a_file_once_that_is_found_by_two_names(
    taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path.home() / ".claude"
    folder.mkdir()
    (folder / "CLAUDE.md").write_text("y" * 400)
    monkeypatch.chdir(Path.home())
    Path("CLAUDE.local.md").write_text("x" * 400)
    Path("AGENTS.md").symlink_to("CLAUDE.local.md")
    things = taximeter("weigh", "--offline", "--json").json()["things"]
    assert [(one["name"], one["calls"]) for one in things] == [(".claude/CLAUDE.md", 3), ("CLAUDE.local.md", 0)]


@pytest.mark.usefixtures("tree")
def test_weigh_tools_and_a_handover(taximeter: Taximeter, provider: Provider, tmp_path: Path) -> None:
    tools, brief = tmp_path / "tools.json", tmp_path / "brief.md"
    tools.write_text(json.dumps({"tools": [{"name": "find", "input_schema": {"type": "object"}}]}))
    brief.write_text("go on with the parser")
    things = taximeter("weigh", "--tools", str(tools), "--handover", str(brief), "--json").json()["things"]
    assert [one["kind"] for one in things] == ["tools", "handover"]
    assert all(one["tokens"] > 0 for one in things)
    assert provider.bodies[0]["tools"][0]["name"] == "find"


@pytest.mark.usefixtures("tree", "instructions")
def test_weigh_offline_estimates_and_says_so(taximeter: Taximeter, provider: Provider) -> None:
    ran = taximeter("weigh", "--offline")
    assert "~111" in ran.out
    assert "give or take 20%" in ran.out
    assert provider.asked == []
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.usefixtures("tree", "instructions")
@pytest.mark.parametrize(("fault", "said"), [("401", "(401)"), ("429:99", "wait 99 s"), ("html", "token count")])
def test_weigh_fails_in_one_line(
    fault: str,
    said: str,
    taximeter: Taximeter,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    isolated_home: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.faults = [fault]
    ran = taximeter("weigh")
    assert ran.code == 1
    assert said in ran.err
    assert ran.err.count("\n") == 1
    without_key(ran, caplog, isolated_home)


@pytest.mark.usefixtures("tree")
def test_weigh_without_key_or_file_says_what_to_do(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no instruction files here" in taximeter("weigh").err
    (tmp_path / "CLAUDE.md").write_text("x")
    assert "--offline" in taximeter("weigh").err
    assert os.environ.get("ANTHROPIC_API_KEY") is None
