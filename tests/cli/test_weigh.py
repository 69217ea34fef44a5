"""`weigh`: what instruction files, tool definitions and a handover cost, counted by a provider on the loopback."""

import json
import logging
import os
from pathlib import Path

import pytest

from tests.cli.provider_server import COUNT, Provider, without_key
from tests.cli.running import Taximeter
from tests.unit.ledger.plain import FILE, MODEL, OTHER, OTHER_FILE, session_of
from tests.unit.ledger.reading import write_tree

pytestmark = pytest.mark.usefixtures("still", "keyless")


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
