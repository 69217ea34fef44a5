"""The options that every report on calls has in common choose the same calls in each of them."""

from tests.cli.running import Taximeter, reports


def test_one_session_is_chosen_in_every_report(captured: Taximeter) -> None:
    rows = captured("spend", "--json", "--by", "session").json()["rows"]
    for row in rows:
        found = reports(captured, "--session", row["key"][:20])
        assert found["spend"]["total"] == {name: row[name] for name in found["spend"]["total"]}
        assert [session["session"] for session in found["sessions"]["sessions"]] == [row["key"]]
        assert {call["session"] for call in found["calls"]} == {row["key"]}
        assert len(found["calls"]) == found["cache"]["total"]["calls"] == row["calls"]
        assert {task["id"] for task in found["tasks"]["tasks"]} == {call["task"] for call in found["calls"]}
        assert found["tools"]["total"]["cost_usd"] == row["cost_usd"]
    assert len(rows) > 3


def test_a_session_that_none_or_several_could_be_is_refused_by_every_report(captured: Taximeter) -> None:
    for report in ("spend", "sessions", "tasks", "cache", "tools", "calls"):
        ran = captured(report, "--session", "zz")
        assert (ran.code, ran.out) == (1, "")
        assert "no session begins with 'zz'" in ran.err
