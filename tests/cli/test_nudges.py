"""`nudges` and its words, over what hooks show and sessions do; `handover` and `backtest` have their own files."""

import csv
import io
import json
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hooks.advice import claim, due_nudges, read_advice
from store.ledger import home, open_ledger
from tests.unit.advisor.transcripts import Transcript
from tracker import desktop
from tracker.advisor.evaluate import KINDS
from tracker.cli.app import cli
from tracker.cli.common import Invocation
from tracker.cli.sync import open_and_sync
from tracker.clock import now_ms
from tracker.errors import UserError
from tracker.keeper import LedgerKeeper
from tracker.settings import load_settings, set_value


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


class Desk:
    """A session at work just now, a watcher's keeper, and a hook."""

    def __init__(self, folder: Path) -> None:
        self.claude_dir = folder / "claude"
        (self.claude_dir / "projects").mkdir(parents=True)
        self.one = Transcript(self.claude_dir, start_ms=int(time.time() * 1000) - 240_000)

    def advise(self) -> None:
        invocation = Invocation()
        invocation.add_dirs([self.claude_dir], [])
        db, _ = open_and_sync(invocation)
        LedgerKeeper(str(home())).keep_current(db)
        db.close()

    def stop_hook(self) -> str | None:
        """What the hook at Stop would print."""
        for nudge in due_nudges(read_advice(str(home()), self.one.session), now_ms(), "Stop"):
            if claim(str(home()), self.one.session, str(nudge["id"])):
                return str(nudge["text"])
        return None

    def said_compact(self) -> str:
        """Let the compact nudge come up and be shown."""
        self.one.prompt("go on").tool_turns(list(range(30_000, 107_000, 4_000)))
        self.advise()
        text = self.stop_hook()
        assert text is not None
        assert text.startswith("Compact now if you go on, ")
        return text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_context_points_at_what_the_open_nudge_asks_for_and_says_why(desk: Desk) -> None:
    """As Now does: the cheapest way here is another one."""
    said = desk.said_compact()
    options = json.loads(run("context", "--json", "--claude-dir", str(desk.claude_dir)).stdout)["prospect"]
    assert options["best"] == "new_session"
    shown = " ".join(run("context", "--claude-dir", str(desk.claude_dir)).output.split())
    assert "▸ compact ~" in shown
    assert f"▲ {said}. A new session is cheaper, but knows nothing." in shown
    assert shown.count("▸") == 1
    assert "~ modelled; ranges are meant to hold 8 of 10 times (measured on published sessions), if" in shown


def test_an_empty_log_says_what_to_do(desk: Desk) -> None:
    result = run("nudges", "--claude-dir", str(desk.claude_dir))
    assert "No nudges yet." in result.output
    said = " ".join(result.output.split())
    assert "(taximeter install claude-code, taximeter install cline) or by" in said
    assert "taximeter backtest shows what it would have been" in said


def test_shown_nudges_are_in_the_table_and_in_json(desk: Desk) -> None:
    text = desk.said_compact()
    desk.advise()
    result = run("nudges", "--no-sync")
    assert text in result.output
    assert " compact " in result.output
    assert "compact: 1 shown" in result.output
    assert "ranges are meant to hold 8 of 10 times." in " ".join(result.output.split())
    report = json.loads(run("nudges", "--no-sync", "--json").output)
    assert (report["schema_version"], report["label"]) == (1, "modelled")
    [row] = report["nudges"]
    assert (row["kind"], row["fate"], row["text"], row["session"]) == ("compact", "shown", text, desk.one.session)
    assert Decimal(row["p10_usd"]) <= Decimal(row["saves_usd"]) <= Decimal(row["p90_usd"])
    assert row["inputs"]["context"] == 106_000
    assert [one["kind"] for one in report["kinds"]] == list(KINDS)
    assert {one["kind"]: one["state"] for one in report["kinds"]}["before_expiry"] == "off"


@pytest.mark.parametrize("wanted", [True, False])
def test_one_desktop_notice_is_shown_however_many_follow_the_session(
    desk: Desk, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(desktop, "show_notice", said.append)
    set_value("nudges", "desktop", wanted)
    dashboard, watcher = LedgerKeeper(str(home())), LedgerKeeper(str(home()))
    text = desk.said_compact()  # that a hook has shown it in the agent's window changes nothing
    with closing(open_ledger()) as db:
        for keeper in (dashboard, watcher):
            due = keeper.keep_current(db)
            assert [one.text for one in due] == [text]
            keeper.show_on_desktop(due)
    assert said == [f"go on: {text}"] * wanted


def test_all_lists_evaluations_that_did_not_fire(desk: Desk) -> None:
    desk.said_compact()
    rows = json.loads(run("nudges", "--no-sync", "--all", "--json").output)["nudges"]
    assert {"compact", "new_session", "miss_storm"} <= {row["kind"] for row in rows}
    only = json.loads(run("nudges", "--no-sync", "--all", "--kind", "miss_storm", "--json").output)["nudges"]
    assert {(row["kind"], row["fired"], row["reason"]) for row in only} == {("miss_storm", False, "few misses")}
    lines = list(csv.DictReader(io.StringIO(run("nudges", "--no-sync", "--all", "--csv").output)))
    assert len(lines) == len(rows)
    assert {line["fate"] for line in lines} == {"shown", "not shown", "silent"} & {row["fate"] for row in rows}


def test_json_has_the_whole_log_and_the_table_says_what_it_leaves_out(desk: Desk) -> None:
    desk.said_compact()
    with closing(open_ledger()) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(nudge)") if row[1] != "id"]
        other = [f"{name} || value" if name in ("anchor", "token") else name for name in names]
        db.execute(
            f"INSERT INTO nudge ({', '.join(names)}) SELECT {', '.join(other)} FROM nudge, json_each(?) WHERE chosen",
            (json.dumps(list(range(60, 120))),),
        )
    assert len(json.loads(run("nudges", "--no-sync", "--json").output)["nudges"]) == 61
    assert len(run("nudges", "--no-sync", "--csv").output.splitlines()) == 62
    assert "left out" not in run("nudges", "--no-sync", "--limit", "0").output
    few = run("nudges", "--no-sync", "--limit", "5").output
    assert few.count("Compact now") == 5
    assert "Older rows left out: --limit 0 shows all." in few


def test_what_was_shown_of_a_kind_is_counted_beyond_the_rows_listed(desk: Desk) -> None:
    for _ in range(2):
        desk.one = Transcript(desk.claude_dir, start_ms=int(time.time() * 1000) - 240_000)
        desk.said_compact()
    desk.advise()
    run("nudges", "dismiss")

    def counted(*words: str) -> list[tuple[str, int, int]]:
        report = json.loads(run("nudges", "--no-sync", "--json", "--limit", "1", *words).output)
        assert len(report["nudges"]) <= 1
        return [(one["kind"], one["shown"], one["dismissed"]) for one in report["kinds"] if one["shown"]]

    assert counted() == counted("--all") == counted("--kind", "compact") == [("compact", 2, 1)]
    assert counted("--kind", "ttl") == counted("--since", "9999-01-01") == counted("--until", "2020-01-01") == []
    assert counted("--since", "2020-01-01", "--until", "9999-01-01") == counted()
    assert json.loads(run("nudges", "--no-sync", "--json", "--until", "2020-01-01").output)["nudges"] == []
    for part in (("--until", "2020-01-01"), ("--kind", "ttl"), ("--since", "9999-01-01")):
        assert run("nudges", "--no-sync", *part).output == "No nudges of this kind or period.\n"


def test_dismissing_removes_the_nudge(desk: Desk) -> None:
    text = desk.said_compact()
    result = run("nudges", "dismiss")
    assert result.output == f"dismissed: {text}\n"
    assert read_advice(str(home()), desk.one.session)["nudge"] is None
    assert "dismissed" in run("nudges", "--no-sync").output
    desk.one.prompt("more").tool_turns([110_000] * 13)
    desk.advise()
    assert desk.stop_hook() is None, "until the context has grown by half"


def test_there_must_be_something_to_dismiss(desk: Desk) -> None:
    with pytest.raises(UserError, match="no nudge to dismiss"):
        cli.main(["nudges", "dismiss"], standalone_mode=False)
    desk.said_compact()
    with pytest.raises(UserError, match="no ttl nudge to dismiss"):
        cli.main(["nudges", "dismiss", "ttl"], standalone_mode=False)


def test_the_third_dismissal_switches_off_and_on_brings_back(desk: Desk, tmp_path: Path) -> None:
    output = ""
    for _ in range(3):
        desk.one = Transcript(desk.claude_dir, start_ms=int(time.time() * 1000) - 240_000)
        desk.said_compact()
        output = run("nudges", "dismiss", "compact").output
    assert "Dismissed three times: compact is now off" in output
    assert run("nudges", "on", "compact").output == "compact: on\n"
    desk.one = Transcript(desk.claude_dir, start_ms=int(time.time() * 1000) - 240_000)
    desk.said_compact()


def test_off_and_on_are_settings(desk: Desk) -> None:
    assert run("nudges", "off", "compact").output == "compact: off\n"
    assert "compact" not in (load_settings().nudges.kinds or ())
    assert "large_result" in (load_settings().nudges.kinds or ())
    desk.one.prompt("go on").tool_turns(list(range(30_000, 107_000, 4_000)))
    desk.advise()
    assert desk.stop_hook() is None
    assert run("nudges", "on", "before_expiry").output == "before_expiry: on\n"
    assert "before_expiry" in (load_settings().nudges.kinds or ())
    assert run("nudges", "on", "nonsense").exit_code == 2


def test_without_a_kind_all_are_off_until_those_of_the_start_are_on(desk: Desk) -> None:
    said = "All nudges are off (taximeter nudges on).\n"
    assert run("nudges", "off").output == said
    assert load_settings().nudges.kinds == ()
    assert run("nudges", "--no-sync").output.startswith(said)
    desk.one.prompt("go on").tool_turns(list(range(30_000, 107_000, 4_000)))
    desk.advise()
    assert desk.stop_hook() is None
    assert run("nudges", "on").output.startswith("on: compact, new_session, cold_resume, ")
    assert load_settings().nudges.kinds is None


def test_nudges_on_without_a_kind_restores_kinds_dismissed_three_times(desk: Desk) -> None:
    for _ in range(3):
        desk.one = Transcript(desk.claude_dir, start_ms=int(time.time() * 1000) - 240_000)
        desk.said_compact()
        run("nudges", "dismiss", "compact")
    assert run("nudges", "on").output.startswith("on: compact, ")
    desk.one = Transcript(desk.claude_dir, start_ms=int(time.time() * 1000) - 240_000)
    desk.said_compact()


@pytest.mark.parametrize("words", ["nudges off compact", "settings nudges.kinds new_session"])
def test_a_nudge_switched_off_while_open_disappears_everywhere(desk: Desk, words: str) -> None:
    desk.said_compact()
    assert due_nudges(read_advice(str(home()), desk.one.session), now_ms())
    assert "Compact now if you go on" in run("context", "--no-sync").output
    run(*words.split())
    assert "Compact now if you go on" not in run("context", "--no-sync").output
    assert [one["kind"] for one in due_nudges(read_advice(str(home()), desk.one.session), now_ms())] == []


def test_a_followed_nudge_is_held_against_its_forecast(desk: Desk) -> None:
    desk.said_compact()
    desk.one.now = now_ms() + 1_000
    desk.one.compact(106_000, 30_000).prompt("go on").call(40_000, read=15_000).prompt("and on").call(42_000)
    desk.advise()
    report = json.loads(run("nudges", "--no-sync", "--json").output)
    assert [row["fate"] for row in report["nudges"]] == ["followed"]
    [realised] = report["realised"]
    assert realised["calls"] == 2
    [(cost,)] = open_ledger().execute(
        "SELECT SUM(cost) FROM call WHERE message_id LIKE 'msg_0021%' OR message_id LIKE 'msg_0022%'"
    )
    summary = 106_000 * 500 + 5_000 * 25_000
    assert Decimal(realised["actual_usd"]) == Decimal(cost + summary) / 10**9
    assert Decimal(realised["p10_usd"]) < Decimal(realised["forecast_usd"]) < Decimal(realised["p90_usd"])
    assert "followed: the next 2 calls cost $" in run("nudges", "--no-sync").output


def test_a_followed_nudge_after_which_one_call_came_says_so(desk: Desk) -> None:
    desk.said_compact()
    desk.one.now = now_ms() + 1_000
    desk.one.compact(85_000, 30_000).prompt("go on").call(40_000, read=15_000)
    desk.advise()
    assert "followed: the next call cost $" in run("nudges", "--no-sync").output
