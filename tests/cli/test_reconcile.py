"""`reconcile` against a provider on the loopback, and the same reports from saved files."""

import json
import logging
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.provider_server import (
    CODE_USAGE,
    COST,
    KEY,
    MESSAGES_USAGE,
    Provider,
    code_record,
    cost_result,
    usage_result,
    without_key,
)
from tests.cli.running import Taximeter
from tests.unit.ledger.plain import FILE, MODEL, SESSION, encoded, prompt
from tests.unit.ledger.reading import write_tree
from tracker.provider.api import _KEYRING_SECONDS

DAY = "2026-11-20"
SPAN = ("--since", "2026-11-16", "--until", "2026-11-20")
pytestmark = pytest.mark.usefixtures("still", "keyless")


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
    def kind(fresh: int, read: int, write: int, output: int, cents: str = "0.522") -> tuple[str, dict[str, int]]:
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
        (["401"], "does not recognise the key in ANTHROPIC_ADMIN_KEY (401)"),
        (["403"], "may not do this (403)"),
        (["404"], "no such report"),
        (["400"], "refused (400)"),
        (["429:600"], "wait 600 s (429)"),
        (["429:1"] * 3, "(429)"),
        (["503"] * 3, "failed (503)"),
        (["cut"] * 3, "connection to the provider broke"),
        (["html"], "other than a report"),
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
def test_a_transient_error_is_retried(
    faults: list[str], taximeter: Taximeter, provider: Provider, caplog: pytest.LogCaptureFixture, isolated_home: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.faults = list(faults)
    ran = taximeter("reconcile", *SPAN, "--json")
    assert ran.json()["classes"] == {"agrees": 1}
    without_key(ran, caplog, isolated_home)


@pytest.mark.usefixtures("tree")
def test_a_wrong_key_is_reported_without_revealing_it_even_with_debug(
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
def test_a_malformed_key_is_not_sent(taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant with\ttabs and ünicode")
    ran = taximeter("reconcile", *SPAN)
    assert ran.code == 1
    assert "does not hold a valid key" in ran.err
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
    assert "include $0.25 missing from transcripts, in 1 session (" in " ".join(report.out.split())


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
