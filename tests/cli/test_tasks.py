"""`tasks`, `task`, `context`, `cache` as people and programs see them."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.history import last_days, write_history
from tests.unit.advisor.transcripts import Transcript as GrowingTranscript
from tests.unit.tasks.making import FIXTURES, SCENARIOS, Transcript
from tracker.cli.app import cli
from tracker.cli.commands import COMMANDS
from tracker.errors import UserError
from tracker.pricing import PriceBook
from tracker.settings import set_value
from tracker.sources.base import Options
from tracker.watch import WatchTargets
from tracker.words import percent
from tui.feed import LedgerFeed


def run(*words: str, **given: object) -> Result:
    return CliRunner().invoke(cli, list(words), **given)  # type: ignore[arg-type]


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Seven small sessions: enough for a rate."""
    root = tmp_path / "claude"
    for number in range(1, 8):
        one = Transcript(root, f"s{number}", project=f"/code/p{number % 2}")
        one.minute = number * 30
        one.prompt(f"add feature {number} to the [bold]uploader[/x]\x1b[31m").answer(
            f"{number}a",
            tools=[
                (f"e{number}", "Edit", {"file_path": f"/code/p/{number}.py"}),
                (f"c{number}", "Bash", {"command": f"git commit -m 'feature {number}'"}),
            ],
        )
        one.answer(f"{number}b", read=2000, output=1000 * number)
    return root


def task_list(sessions: Path) -> dict:
    return json.loads(run("tasks", "--json", "--claude-dir", str(sessions)).output)


def test_a_limit_keeps_the_latest_tasks_and_the_sums_of_all(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(*words: str) -> str:
        return run("tasks", *words, "--claude-dir", str(sessions)).output

    everything, cut = json.loads(listed("--json")), json.loads(listed("--json", "--limit", "2"))
    assert cut["tasks"] == everything["tasks"][:2]
    assert (cut["headline"], cut["total"]) == (everything["headline"], everything["total"])
    assert listed().count("✔") == listed("--limit", "0").count("✔") == 7
    shown = listed("--limit", "2")
    assert shown.count("✔") == 2
    assert "7 tasks" in shown
    assert "5 older tasks left out" in shown
    monkeypatch.setattr("tracker.cli.common.TERMINAL_ROWS", 3)
    monkeypatch.setattr("tracker.cli.common.is_terminal", lambda: True)
    assert listed().count("✔") == 3


def test_tasks_json_keeps_its_contract(sessions: Path) -> None:
    report = task_list(sessions)
    assert report["schema_version"] == 1
    task = report["tasks"][0]
    assert {
        "id", "title", "status", "evidence", "agents", "project", "sessions", "started_at", "ended_at", "turns",
        "calls", "tokens", "cost_usd", "split", "inherited_usd", "hidden_usd", "misses",
    } <= set(task)  # fmt: skip
    assert set(task["turns"][0]) == {"session", "prompt_uuid", "started_at", "calls", "cost_usd"}
    assert set(task["split"]) == {"rent", "waste", "fresh", "generation", "other"}
    assert set(task["split"]["rent"]) == {"baseline", "carry_over", "own"}
    assert set(report["headline"]) >= {
        "completed", "direct_usd", "loaded_usd", "overhead", "median_usd", "p90_usd", "interval_usd",
    }  # fmt: skip
    assert (task["status"], task["evidence"]) == ("completed", "git")
    assert report["headline"]["completed"] == 7
    assert Decimal(report["headline"]["direct_usd"]) == Decimal(report["headline"]["loaded_usd"])


def parts_of(task: dict) -> Decimal:
    split = task["split"]
    rent = sum((Decimal(value) for value in split["rent"].values()), Decimal())
    return rent + sum((Decimal(split[name]) for name in ("waste", "fresh", "generation", "other")), Decimal())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_tasks_sum_to_what_spend_says(scenario: str) -> None:
    folder = str(FIXTURES / scenario)
    report = json.loads(run("tasks", "--json", "--claude-dir", folder).output)
    spend = json.loads(run("spend", "--json", "--no-sync").output)
    assert report["total"] == spend["total"]
    for task in report["tasks"]:
        assert parts_of(task) == Decimal(task["cost_usd"])
        assert sum(Decimal(turn["cost_usd"]) for turn in task["turns"]) == Decimal(task["cost_usd"])
        assert sum(turn["calls"] for turn in task["turns"]) == task["calls"]


def test_with_fewer_than_five_completed_tasks_there_is_a_list_but_no_rate(tmp_path: Path) -> None:
    Transcript(tmp_path / "c", "s1").prompt("why?").answer("a")
    report = task_list(tmp_path / "c")
    assert report["headline"]["completed"] == 1
    assert report["headline"]["direct_usd"] is None
    assert "from five completed tasks on" in run("tasks", "--no-sync").output


def test_the_table_says_what_the_json_says(sessions: Path) -> None:
    report = task_list(sessions)
    lines = run("tasks", "--no-sync").output.splitlines()
    assert lines[0].startswith("7 completed of 7 · direct ")
    for task in report["tasks"]:
        (line,) = [line for line in lines if f" {task['id'][:5]} " in line]
        assert f"${Decimal(task['cost_usd']):.2f}" in line
        assert "git" in line


def test_where_no_file_was_tried_twice_no_others_are_spoken_of(sessions: Path) -> None:
    assert (
        "100% of turns with edits needed no second try at a file." in run("tasks", "--claude-dir", str(sessions)).output
    )


def test_titles_are_plain_text(sessions: Path) -> None:
    output = run("tasks", "--claude-dir", str(sessions), color=True).output
    assert "[bold]uploader[/x]" in output
    assert "\x1b[31m" not in output.replace("\x1b[0m", "")


def test_csv_has_a_row_a_task(sessions: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("tasks", "--csv", "--claude-dir", str(sessions)).output)))
    report = task_list(sessions)
    assert [(row["id"], row["cost_usd"]) for row in rows] == [
        (task["id"], task["cost_usd"]) for task in report["tasks"]
    ]


def test_an_opened_task_costs_the_same_in_every_form(sessions: Path) -> None:
    task = task_list(sessions)["tasks"][0]
    output = run("task", task["id"][:5]).output
    for words in ("completed by git", "▒", "Context", "Turn", "calls", f"${Decimal(task['cost_usd']):.2f}"):
        assert words in output
    opened = json.loads(run("task", task["id"], "--json", "--no-sync").output)["task"]
    assert opened["cost_usd"] == task["cost_usd"]
    assert opened["hindsight"] == {"label": "modelled", "advised": None, "best": None}
    turn = opened["turns"][0]
    assert sum(Decimal(value) for value in turn["split"].values()) == Decimal(turn["cost_usd"])
    rows = list(csv.DictReader(io.StringIO(run("task", task["id"], "--csv", "--no-sync").output)))
    assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal(task["cost_usd"])


def test_subagents_and_misses_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(FIXTURES / "s15_multitask_bgagent")
    report = json.loads(run("tasks", "--json", "--claude-dir", folder).output)
    (task,) = [task for task in report["tasks"] if task["subagent_calls"]]
    output = run("task", task["id"], "--no-sync").output
    assert "Subagents" in output
    assert "general-purpose ↳ turn" in output
    assert "more for" not in output
    monkeypatch.setattr("tracker.cli.task._SUBAGENTS_SHOWN", 0)
    cost = Decimal(task["subagent_cost_usd"])
    assert f"and 1 more for ${cost:.2f}" in run("task", task["id"], "--no-sync").output


def test_edits_from_the_command_line(sessions: Path) -> None:
    first, second = (task["id"] for task in task_list(sessions)["tasks"][:2])
    for words in (
        ("rename", first, "Seventh", "feature"),
        ("status", first, "open"),
        ("merge", first, second),
        ("split", f"{first}.2"),
        ("move", f"{first}.1", second),
        ("exclude", second),
        ("exclude", second, "--off"),
    ):
        result = run("task", "edit", *words, "--no-sync")
        assert result.exit_code == 0, result.output
    kinds = [run("task", "undo", "--no-sync").output.strip() for _ in range(8)]
    assert kinds == [
        *(f"undone: {kind}" for kind in ("exclude", "exclude", "move", "split", "merge", "status", "rename")),
        "no edit to undo",
    ]


def test_excluded_tasks_stand_outside_and_the_total_stays(sessions: Path) -> None:
    before = task_list(sessions)
    run("task", "edit", "exclude", before["tasks"][0]["id"], "--no-sync")
    after = task_list(sessions)
    assert after["total"] == before["total"]
    assert after["outside_tasks"]["cost_usd"] == before["tasks"][0]["cost_usd"]
    assert after["headline"]["completed"] == 6


def test_an_unknown_task_is_one_sentence(sessions: Path) -> None:
    result = run("task", "tzzzz", "--claude-dir", str(sessions))
    assert isinstance(result.exception, UserError)
    assert "taximeter tasks" in str(result.exception)
    result = run("task", "edit", "split", "tzzzz.2", "--no-sync")
    assert isinstance(result.exception, UserError)


def test_the_least_evidence_that_counts(sessions: Path) -> None:
    run("tasks", "--claude-dir", str(sessions))
    strict = json.loads(run("tasks", "--json", "--no-sync", "--signal", "you").output)
    assert strict["headline"]["completed"] == 0
    assert json.loads(run("tasks", "--json", "--no-sync", "--signal", "check").output)["headline"]["completed"] == 7


def test_context_prices_three_ways_to_go_on(sessions: Path) -> None:
    output = run("context", "--claude-dir", str(sessions)).output
    for words in (
        "Context",
        "first prompt",
        "the likely rest of the session",
        "go on",
        "compact",
        "new session",
        "modelled",
    ):
        assert words in output
    assert "the next 1 turn (about " in run("context", "s7", "--no-sync", "--turns", "1").output
    report = json.loads(run("context", "s7", "--json", "--no-sync", "--turns", "3").output)
    assert report["session"] == "s7"
    assert [option["kind"] for option in report["prospect"]["options"]] == ["continue", "compact", "new_session"]
    assert report["prospect"]["label"] == "modelled"
    assert report["prospect"]["turns"] == 3
    low, point, high = (Decimal(report["prospect"]["forecast"][name]) for name in ("p10_usd", "cost_usd", "p90_usd"))
    assert low < point < high
    assert isinstance(run("context", "nothing", "--no-sync").exception, UserError)
    assert len(list(csv.DictReader(io.StringIO(run("context", "s7", "--csv", "--no-sync").output)))) == 2


def test_the_waste_of_a_miss_is_that_of_its_task(sessions: Path) -> None:
    one = Transcript(sessions, "s9")
    one.minute = 700
    one.prompt("go").answer("9a", wrote=50_000).prompt("on", after_minutes=20).answer("9b", wrote=50_000)
    output = run("cache", "--claude-dir", str(sessions)).output
    for words in ("Caching", "survival", "cache expired: answer within", "100%"):
        assert words in output
    report = json.loads(run("cache", "--json", "--no-sync").output)
    assert f"rewrite {percent(report['total']['rewrite'])} (100%: each token once)" in output
    assert [(one["cause"], one["count"], one["tokens"]) for one in report["causes"]] == [("expired", 1, 50_000)]
    (miss,) = report["misses"]
    assert (miss["session"], miss["waste_usd"]) == ("s9", report["total"]["waste_usd"])
    tasks = task_list(sessions)["tasks"]
    assert sum(Decimal(task["split"]["waste"]) for task in tasks) == Decimal(miss["waste_usd"])
    assert miss["task"] in {task["id"] for task in tasks}
    # Days sum to the total.
    assert sum(day["calls"] for day in report["days"]) == report["total"]["calls"]
    rows = list(csv.DictReader(io.StringIO(run("cache", "--csv", "--no-sync").output)))
    assert [row["cause"] for row in rows] == ["expired"]


def test_a_client_at_the_end_of_its_window_compacts_at_the_next_call(tmp_path: Path) -> None:
    write_history(tmp_path, last_days(1, 0.001), model="claude-haiku-4-5", cache_read_input_tokens=199_950)
    output = run("context", "--claude-dir", str(tmp_path)).output
    assert "(about 1 call)" in output
    assert "the client auto-compacts at ~200k (assumed), in about 1 call\n" in output
    report = json.loads(run("context", "--json", "--no-sync").output)
    assert report["prospect"]["calls_to_auto_compaction"] == 1


def test_an_empty_ledger_says_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    for command in ("tasks", "context", "cache"):
        result = run(command, "--claude-dir", str(tmp_path))
        assert "No sessions found" in result.output, result.exception


def test_refining_shows_everything_before_it_asks(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Transcript(sessions, "s9")
    one.minute = 700
    one.prompt("add retries").answer("9a").prompt("and logs").answer("9b")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    result = run("tasks", "--refine", "--claude-dir", str(sessions))
    assert isinstance(result.exception, UserError)
    assert "ANTHROPIC_API_KEY" in str(result.exception)
    assert "add retries" in result.stderr
    assert "~$0.00" in result.stderr
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    result = run("tasks", "--refine", "--no-sync", input="n\n")
    assert isinstance(result.exception, UserError)
    assert (result.exception.exit_code, "add --yes" in str(result.exception)) == (2, True)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    result = run("tasks", "--refine", "--no-sync", input="n\n")
    assert result.exit_code == 0
    assert "Send it?" in result.stderr


def test_refining_with_prices_that_cannot_be_read_says_so(sessions: Path, isolated_home: Path) -> None:
    one = Transcript(sessions, "s9")
    one.minute = 700
    one.prompt("add retries").answer("9a").prompt("and logs").answer("9b")
    run("tasks", "--claude-dir", str(sessions))
    (isolated_home / "prices.toml").write_text("[[price]]\n")
    result = run("tasks", "--refine", "--no-sync")
    assert isinstance(result.exception, UserError)
    assert "prices.toml" in str(result.exception)


@pytest.mark.parametrize("words", [["--yes"], ["--through", "api"]])
def test_what_only_says_how_to_refine_is_refused_without_it(words: list[str], sessions: Path) -> None:
    result = run("tasks", *words, "--claude-dir", str(sessions))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--refine" in result.stderr


def test_without_words_and_terminal_the_tasks_are_shown(sessions: Path) -> None:
    assert run("--claude-dir", str(sessions)).output == run("tasks", "--no-sync").output
    assert "7 tasks" in run("--claude-dir", str(sessions)).output


def test_short_ids_of_chosen_tasks_are_unmistakable_among_all(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [task["id"] for task in task_list(sessions)["tasks"]]
    monkeypatch.setattr("tracker.reports.tasks.all_ids", lambda _: [*ids, *(one[:-1] + "_" for one in ids)])
    shown = run("tasks", "--project", "p1", "--no-sync").output
    assert sum(one in shown for one in ids) == 4


def test_sessions_of_all_tasks_are_those_of_spend(sessions: Path) -> None:
    one = Transcript(sessions, "s8")
    one.minute = 900
    one.prompt("and nobody answers")
    first, second, *_ = (task["id"] for task in task_list(sessions)["tasks"])
    assert run("task", "edit", "merge", first, second, "--no-sync").exit_code == 0
    spent = json.loads(run("spend", "--json", "--no-sync").output)["total"]
    assert task_list(sessions)["total"]["sessions"] == spent["sessions"] == 7


def test_a_turn_that_a_task_does_not_have_is_no_task_to_open(sessions: Path) -> None:
    name = task_list(sessions)["tasks"][0]["id"]
    assert run("task", f"{name}.1", "--no-sync").exit_code == 0
    for number in ("99", "0", "x", "²", "9" * 5000):
        assert isinstance(run("task", f"{name}.{number}", "--no-sync").exception, UserError)
        assert isinstance(run("task", "edit", "split", f"{name}.{number}", "--no-sync").exception, UserError)


def test_only_the_owner_can_read_an_export(sessions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "turn.csv").touch(0o644)
    assert run("export", str(folder), "--claude-dir", str(sessions)).exit_code == 0
    files = list(folder.iterdir())
    assert {file.suffix for file in files} == {".csv", ".jsonl"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_an_export_holds_the_tasks_also_where_no_report_was_asked_for_before(sessions: Path, tmp_path: Path) -> None:
    """The first command over new sessions, and one that takes in nothing new."""
    for words in (("--claude-dir", str(sessions)), ("--no-sync",)):
        folder = tmp_path / words[0].strip("-")
        assert run("export", str(folder), *words).exit_code == 0
        with open(folder / "task.csv", encoding="utf-8", newline="") as handle:
            assert sum(int(row["cost"]) > 0 for row in csv.DictReader(handle)) == 7
        with open(folder / "call_split.csv", encoding="utf-8", newline="") as handle:
            assert len(list(csv.DictReader(handle))) == 14


def test_the_commands_are_listed() -> None:
    assert {"tasks", "task", "context", "cache"} <= set(COMMANDS)


def test_an_unsure_decision_is_told_with_the_prompts_words(tmp_path: Path) -> None:
    wish = "the export of invoices should also hold the customer's number"
    session = Transcript(tmp_path / "c", "s").prompt("add retries to the uploader").answer("a", text="Retries are in.")
    session.prompt(wish, after_minutes=20).answer("b")
    report = task_list(tmp_path / "c")
    (unsure,) = report["least_sure"]
    assert unsure["prompt"] == wish
    told = " ".join(run("tasks", "--claude-dir", str(tmp_path / "c")).output.split())
    assert f'.{unsure["turn"]} "the export of invoices should also hold…" ' in told


def test_an_idle_session_is_not_current_work(sessions: Path) -> None:
    screen = run("context", "s1", "--claude-dir", str(sessions)).output
    assert "If you resume it, the likely rest of the session (about" in screen
    assert "From here" not in screen


def test_what_would_have_been_cheaper_is_as_advised_with_these_settings(tmp_path: Path) -> None:
    one = GrowingTranscript(tmp_path).prompt("Add totals to the report").tool_turns([30_000, 110_000])
    one.prompt("yes").tool_turns(list(range(112_000, 165_000, 1_000)))
    [task] = task_list(tmp_path)["tasks"]
    turns = []
    for quiet in (False, True):
        set_value("nudges", "quiet", quiet)
        hindsight = json.loads(run("task", task["id"], "--json", "--no-sync").output)["task"]["hindsight"]
        turns.append((hindsight["advised"] or {}).get("before_turns"))
        told = LedgerFeed(WatchTargets([], lambda _: Options(PriceBook()))).hindsight(task["id"])
        assert any("as Taximeter advises" in sentence for sentence in told or ()) is not quiet
    assert turns == [[2], None]
